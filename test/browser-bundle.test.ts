import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import type * as PortableCatalog from '../src/catalog/index.js';
import { GeoCatalog, writeCatalog } from '../src/catalog/node/index.js';
import type * as PortableRaster from '../src/raster/index.js';
import { openRaster as openInNode } from '../src/raster/node/index.js';
import { catalogRow, idsOf } from './support/catalog.js';
import { temporaryFolder } from './support/files.js';
import { serveFolder } from './support/stores.js';

const folder = await temporaryFolder();

/** What a bundler for browsers says of a module that takes everything from entry points, and what is in the bundle. */
async function bundle(...entries: string[]): Promise<{ problems: string[]; files: string[]; code: string }> {
  const result = await build({
    stdin: {
      contents: entries.map((entry) => `export * from '${entry}';`).join('\n'),
      resolveDir: process.cwd(),
    },
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
  it.each(['geo', 'kernels', 'io', 'raster', 'vector', 'catalog'].map((room) => `terrachip/${room}`))(
    '%s needs nothing of Node',
    async (entry) => {
      const { problems, files } = await bundle(entry);
      expect(problems).toEqual([]);
      expect(files).toContain(`dist/${entry.slice('terrachip/'.length)}/index.js`);
      expect(files.filter((file) => /(^|\/)node\//.test(file))).toEqual([]);
    },
  );

  /** What a page gets that imports entry points. */
  async function load<Entry>(...rooms: string[]): Promise<Entry> {
    const page = join(folder, `${rooms.join('-')}.mjs`);
    await writeFile(page, (await bundle(...rooms.map((room) => `terrachip/${room}`))).code);
    return (await import(pathToFileURL(page).href)) as Entry;
  }

  it('asks a catalog on a server', async () => {
    const rows = Array.from({ length: 9 }, (_, k) =>
      catalogRow(`scene-${k}`, [k, 49, k + 1, 50], `2021-07-0${k + 1}`),
    );
    await writeCatalog(GeoCatalog.from(rows), join(folder, 'scenes.parquet'));
    const { openCatalog } = await load<typeof PortableCatalog>('catalog');
    const { url } = await serveFolder(folder);
    const file = await openCatalog(`${url}/scenes.parquet`);
    expect(file.hasIndex).toBe(true);
    const found = await file.query({ geometry: [2.5, 49.2, 4.5, 49.4], interval: '2021-07-04/..' });
    expect(idsOf(found)).toEqual(['scene-3', 'scene-4']);
    await file.dispose();
    await expect(openCatalog(join(folder, 'scenes.parquet'))).rejects.toThrow(/paths are for Node/);
  });

  it('reads a COG on a server, and loads rows of a catalog from it', async () => {
    const { url } = await serveFolder('test/fixtures/geotiff');
    const href = `${url}/overviews-uint8.tif`;
    const inNode = await openInNode('test/fixtures/geotiff/overviews-uint8.tif');
    const expected = await inNode.readPlanes();
    await inNode.close();
    const { openRaster, gridFootprint, loadRaster } = await load<
      typeof PortableRaster & typeof PortableCatalog
    >('raster', 'catalog');
    const raster = await openRaster(href);
    expect(raster.compression).toBe('deflate');
    expect(await raster.readPlanes()).toEqual(expected);
    const { geobox } = raster;
    if (geobox === null) throw new Error('the fixture has no place');
    const footprint = gridFootprint(geobox, 'scene');
    const row = catalogRow('scene', footprint, undefined, { href, assets: { data: { href } } });
    const { data } = await loadRaster([row], geobox);
    expect(Array.from(data)).toEqual(Array.from(expected[0]));
    await raster.close();
    await expect(openRaster('overviews-uint8.tif')).rejects.toThrow(/paths are for Node/);
    await expect(openRaster(`${url}/truth.json`)).rejects.toThrow(/is no GeoTIFF; give a GeoTIFF/);
  });

  it('is refused where something needs Node', async () => {
    const { problems } = await bundle('terrachip/raster/node');
    expect(problems.join()).toMatch(/Could not resolve "node:/);
  });
});
