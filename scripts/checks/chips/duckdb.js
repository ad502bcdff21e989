// DuckDB from npm, in the cache folder: an independent reader of Parquet.
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../programs.js';

/** @returns a function that reads all rows of a Parquet file, blobs as hex; null if DuckDB cannot be installed */
export async function openDuckDb() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terrachip-checks');
  const folder = join(cache, 'duckdb');
  if (!existsSync(join(folder, 'node_modules', '@duckdb', 'node-api', 'package.json'))) {
    mkdirSync(folder, { recursive: true });
    const options = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund'];
    const { status, stderr } = await attempt('npm', ['install', ...options, '@duckdb/node-api']);
    if (status !== 0) {
      console.log(`npm install fails: ${stderr.trim().split('\n').at(-1)}`);
      return null;
    }
  }
  const { DuckDBInstance } = createRequire(join(folder, 'package.json'))('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  // Without its extension for geometries, which is not on npm.
  await connection.run('SET enable_geoparquet_conversion = false');
  return async (path) => {
    const text = `SELECT * REPLACE (hex(geometry) AS geometry) FROM read_parquet('${path}')`;
    const reader = await connection.runAndReadAll(text);
    return reader.getRowObjectsJson();
  };
}
