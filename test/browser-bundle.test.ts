import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import type * as PortableCatalog from '../src/catalog/index.js';
import { GeoCatalog, writeCatalog } from '../src/catalog/node/index.js';
import { catalogRow, idsOf } from './support/catalog.js';
import { temporaryFolder } from './support/files.js';
import { serveFolder } from './support/stores.js';

const folder = await temporaryFolder();

/** What a bundler for browsers says of a module that takes everything from an entry point, and what is in the bundle. */
async function bundle(entry: string): Promise<{ problems: string[]; files: string[]; code: string }> {
  const result = await build({
    stdin: { contents: `export * from '${entry}';`, resolveDir: process.cwd() },
    // The names of the package mean what was built, as for its users.
    tsconfigRaw: {},
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  }).catch((error: { errors: { text: string }[] }) => error);
  if ('errors' in result && result.errors.length > 0)
    return { problems: result.errors.map(({ text }) => text), files: [], code: '' };
  if (!('metafile' in result)) throw new Error('esbuild gave nothing');
  return { problems: [], files: Object.keys(result.metafile.inputs), code: result.outputFiles[0].text };
}

describe('a bundle for browsers', () => {
  it.each(['geo', 'kernels', 'io', 'vector', 'catalog'].map((room) => `terrachip/${room}`))(
    '%s needs nothing of Node',
    async (entry) => {
      const { problems, files } = await bundle(entry);
      expect(problems).toEqual([]);
      expect(files).toContain(`dist/${entry.slice('terrachip/'.length)}/index.js`);
      expect(files.filter((file) => /(^|\/)node\//.test(file))).toEqual([]);
    },
  );

  it('asks a catalog on a server', async () => {
    const rows = Array.from({ length: 9 }, (_, k) =>
      catalogRow(`scene-${k}`, [k, 49, k + 1, 50], `2021-07-0${k + 1}`),
    );
    await writeCatalog(GeoCatalog.from(rows), join(folder, 'scenes.parquet'));
    const page = join(folder, 'page.mjs');
    await writeFile(page, (await bundle('terrachip/catalog')).code);
    const { openCatalog } = (await import(pathToFileURL(page).href)) as typeof PortableCatalog;
    const { url } = await serveFolder(folder);
    const file = await openCatalog(`${url}/scenes.parquet`);
    expect(file.hasIndex).toBe(true);
    const found = await file.query({ geometry: [2.5, 49.2, 4.5, 49.4], interval: '2021-07-04/..' });
    expect(idsOf(found)).toEqual(['scene-3', 'scene-4']);
    await file.dispose();
    await expect(openCatalog(join(folder, 'scenes.parquet'))).rejects.toThrow(/paths are for Node/);
  });

  it('is refused where something needs Node', async () => {
    const { problems } = await bundle('terrachip/raster');
    expect(problems.join()).toMatch(/Could not resolve "node:/);
  });
});
