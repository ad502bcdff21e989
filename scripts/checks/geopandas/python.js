// GeoPandas with pyarrow and DuckDB from PyPI in the cache folder, since Debian 12 has neither. Without access to PyPI,
// Debian's GeoPandas, which answers queries but cannot read Parquet.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { attempt, here, PYTHON, requirePackages, run } from '../programs.js';

const PACKAGES = ['geopandas', 'pyarrow', 'shapely>=2', 'pyproj', 'duckdb'];

/** @returns a function that runs a helper of this folder on a JSON document; `parquet`: whether it can read Parquet */
export async function openPython(report) {
  const folder = await installed();
  if (folder === null) {
    report.skip('reading Parquet', 'pyarrow and DuckDB could not be installed from PyPI');
    await requirePackages(['python3-geopandas', 'python3-rtree', 'python3-rasterio']);
  }
  const env = folder === null ? {} : { PYTHONPATH: folder };
  return {
    parquet: folder !== null,
    async call(helper, request) {
      const script = join(here, 'geopandas', helper);
      return JSON.parse(await run(PYTHON, ['-W', 'ignore', script], { input: JSON.stringify(request), env }));
    },
  };
}

/** The folder of the packages; null if they cannot be installed. Its number increases with the list. */
export async function installed() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terrachip-checks');
  const folder = join(cache, 'geopandas-1');
  if (existsSync(folder)) return folder;
  await requirePackages(['python3-pip']);
  console.log(`installing ${PACKAGES.join(', ')} in ${folder}, once`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const { status, stderr } = await attempt(PYTHON, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--root-user-action=ignore',
    '--target',
    partial,
    ...PACKAGES,
  ]);
  if (status !== 0) {
    console.log(`pip failed: ${stderr.trim().split('\n').at(-1)}`);
    return null;
  }
  renameSync(partial, folder);
  return folder;
}
