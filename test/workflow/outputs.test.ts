/** Outputs never overwrite inputs, and sidecars of an older file never apply to a newer one. */
import { copyFile, link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCatalog, saveCatalog, writeCatalog } from '../../src/catalog/node/index.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { findBeside } from '../../src/io/node/beside.js';
import { requireApart } from '../../src/io/node/inputs.js';
import { removeRun, requireEnding } from '../../src/io/node/output.js';
import { openRaster, writeCog, writeNpy } from '../../src/raster/node/index.js';
import { buildCatalogFile } from '../../src/workflow/catalog-build.js';
import {
  calculate,
  drawAlignment,
  drawRaster,
  infer,
  packageManifest,
  polygonizeFile,
  rasterizeFile,
  warpFile,
} from '../../src/workflow/index.js';
import { runModel } from '../../src/workflow/model/run.js';
import { contents, temporaryFolder } from '../support/files.js';
import { writeSarScene } from '../support/sar-scene.js';

const folder = await temporaryFolder();
const geobox = new GeoBox(32631, new Affine(10, 0, 500000, 0, -10, 5000000), 32, 24);
const cpu = { backend: 'cpu', threads: 0 } as const;
const DESTROYED = /is also an input( \(as .+\))? and would be destroyed; choose another output/;

async function raster(path: string, value = 7): Promise<string> {
  await writeCog(path, [new Uint8Array(geobox.pixelCount).fill(value)], { geobox, bands: 1, dtype: 'uint8' });
  return path;
}

const square = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      properties: {},
      geometry: { type: 'Polygon', coordinates: [[[3, 45], [3.01, 45], [3.01, 45.01], [3, 45.01], [3, 45]]] },
    },
  ],
}; // biome-ignore format: a polygon

/** Runs a task in a new folder that must refuse and leave every byte unchanged. */
async function leavesAlone(place: string, work: () => Promise<unknown>, message = DESTROYED): Promise<void> {
  const before = await contents(place);
  await expect(work()).rejects.toThrow(message);
  expect(await contents(place)).toEqual(before);
}

describe('an output that is an input', async () => {
  const place = join(folder, 'same');
  await mkdir(place);
  const source = await raster(join(place, 'source.tif'));
  const like = await raster(join(place, 'like.tif'));
  const zones = join(place, 'zones.json');
  await writeFile(zones, JSON.stringify(square));
  const soft = join(place, 'soft.tif');
  const hard = join(place, 'hard.tif');
  await symlink('source.tif', soft);
  await link(source, hard);
  await copyFile(source, join(place, 'out.tif.ovr'));

  it.each([
    ['its own path', source],
    ['a relative path', relative(process.cwd(), source)],
    ['a symbolic link', soft],
    ['a hard link', hard],
    ['the raster that says the grid', like],
  ])('is refused by warp for %s', async (_, destination) => {
    await leavesAlone(place, () => warpFile({ source, destination, grid: { like }, ...cpu }));
  });

  it('is refused by all commands that write a file', async () => {
    const bands = [{ name: 'a', path: source }];
    await leavesAlone(place, () => calculate({ expressions: ['a'], bands, destination: source, ...cpu }));
    await leavesAlone(place, () => calculate({ expressions: ['a'], bands, like, destination: like, ...cpu }));
    await leavesAlone(place, () => rasterizeFile({ source: zones, destination: like, grid: { like } }));
    await leavesAlone(place, () => buildCatalogFile({ inputs: [zones], output: zones }));
    await leavesAlone(place, () =>
      buildCatalogFile({ inputs: [place], type: 'vector', output: relative(process.cwd(), zones) }),
    );
  });

  it('is refused when the output would remove a sidecar that is an input', async () => {
    const destination = join(place, 'out.tif');
    await leavesAlone(place, () =>
      warpFile({ source: `${destination}.ovr`, destination, grid: { like }, ...cpu }),
    );
  });

  it('is refused by commands that write a folder', async () => {
    const own = join(folder, 'scene');
    const { scene } = await writeSarScene(own, 3, 64);
    const document = JSON.parse(await readFile(scene, 'utf8'));
    // The scene's image has the name of a product.
    const bands: Record<string, { href: string }> = Object.values<Record<string, never>>(
      Object.values<{ phases: Record<string, Record<string, never>> }>(document.inputs)[0].phases,
    )[0];
    const [first] = Object.values(bands);
    await copyFile(join(own, first.href), join(own, 'probability.tif'));
    first.href = 'probability.tif';
    await writeFile(scene, JSON.stringify(document));
    await leavesAlone(own, () => infer({ scene, model: 'models/water-threshold', output: own, ...cpu }));
    await copyFile(scene, join(own, 'alignment.png'));
    await leavesAlone(own, () => drawAlignment(join(own, 'alignment.png'), join(own, 'alignment.png')));

    const event = join(folder, 'event');
    await mkdir(event);
    await raster(join(event, 'S1RTC-event.tif'));
    const manifest = join(event, 'manifest.json');
    await writeFile(
      manifest,
      JSON.stringify({
        event: { name: 'e', bbox: [3, 45, 3.01, 45.01], target_crs: 'EPSG:32631', phase_dates: {} },
        phase_order: ['event'],
        assets: { S1RTC: ['vv'] },
        units: { S1RTC: 'dB' },
        selected: {
          event: { S1RTC: { collection: 'c', id: 'i', assets: { vv: { href: 'S1RTC-event.tif' } } } },
        },
        dem_items: [],
      }),
    );
    await leavesAlone(event, () => packageManifest({ manifest, output: event, ...cpu }));
  });

  it('is refused for arrays of a model', async () => {
    const array = join(folder, 'array.npy');
    const model = 'models/water-threshold';
    const card = JSON.parse(await readFile(join(model, 'model.json'), 'utf8'));
    await writeNpy(array, { shape: [1], dtype: 'float32' }, Float32Array.of(1));
    const inputs = new Map<string, string>(card.inputs.map(({ name }: { name: string }) => [name, array]));
    await expect(runModel({ model, inputs, output: array, provider: 'cpu' })).rejects.toThrow(DESTROYED);
  });

  it('ignores URLs and missing files, and compares a part by its file', async () => {
    await requireApart([source], ['https://example.com/source.tif', join(place, 'none.tif'), like]);
    await expect(requireApart([source], [`${source}#band`])).rejects.toThrow(DESTROYED);
    await expect(requireApart([source], [`file://${hard}`])).rejects.toThrow(DESTROYED);
    await expect(requireApart([source], [place])).rejects.toThrow(DESTROYED);
  });
});

describe('an extension of another format', async () => {
  const source = await raster(join(folder, 'classes.tif'));
  const at = (name: string): string => join(folder, name);

  it('is refused with a list of valid extensions', async () => {
    const zones = at('zones.geojson');
    await writeFile(zones, JSON.stringify(square));
    const bands = [{ name: 'a', path: source }];
    const grid = { like: source };
    const catalog = await loadCatalog(zones).catch(() => null);
    const before = (await readdir(folder)).sort();
    for (const [work, message] of [
      [() => polygonizeFile({ source, destination: at('x.gpkg') }), /x\.gpkg ends with \.gpkg, but would be written as GeoJSON, FlatGeobuf or GeoParquet; give a name that ends with \.geojson, \.json, \.fgb, \.parquet or \.geoparquet\.$/],
      [() => drawRaster(source, at('x.tif'), {}), /as PNG; give a name that ends with \.png\.$/],
      [() => warpFile({ source, destination: at('x.png'), grid, ...cpu }), /as GeoTIFF; give a name that ends with \.tif or \.tiff\.$/],
      [() => calculate({ expressions: ['a'], bands, destination: at('x.jp2'), ...cpu }), /as GeoTIFF/],
      [() => rasterizeFile({ source: zones, destination: at('x.geojson'), grid }), /as GeoTIFF/],
      [() => buildCatalogFile({ inputs: [source], output: at('x.gpkg') }), /as GeoParquet or GeoJSON; give a name that ends with \.parquet, \.geoparquet, \.geojson or \.json\.$/],
      [() => buildCatalogFile({ inputs: [source], output: at('x') }), /does not say whether to write GeoParquet or GeoJSON/],
      [() => writeNpy(at('x.npz'), { shape: [1], dtype: 'uint8' }, Uint8Array.of(1)), /as NumPy/],
      [() => raster(at('x.png')), /as GeoTIFF/],
      [() => warpFile({ source, destination: `file://${at('x.tif')}`, grid, ...cpu }), /is an address that cannot be written; give a path or s3/],
      [() => warpFile({ source, destination: '', grid, ...cpu }), /^the output has no name; give the path of a file\.$/],
      [() => warpFile({ source, destination: '-', grid, ...cpu }), /^the output cannot be the standard output; give/],
      [() => infer({ scene: 's.json', model: 'models/water-threshold', output: at('x.tif') }), /s\.json/],
    ] as const) await expect(work()).rejects.toThrow(message); // biome-ignore format: a table
    expect(catalog).toBeNull();
    expect((await readdir(folder)).sort()).toEqual(before);
  });

  it('selects the format of a catalog', async () => {
    await buildCatalogFile({ inputs: [source], output: at('c.parquet') });
    await buildCatalogFile({ inputs: [source], output: at('c.json') });
    expect((await readFile(at('c.parquet'))).toString('latin1', 0, 4)).toBe('PAR1');
    expect(JSON.parse(await readFile(at('c.json'), 'utf8')).type).toBe('FeatureCollection');
    const catalog = await loadCatalog(at('c.parquet'));
    await expect(writeCatalog(catalog, at('c.geojson'))).rejects.toThrow(/as GeoParquet/);
    await expect(saveCatalog(catalog, at('c.csv'))).rejects.toThrow(/as GeoParquet or GeoJSON/);
  });

  it('is recognised in any case; a name without one has the only format', () => {
    expect(requireEnding('A.TIFF', 'GeoTIFF')).toBe('GeoTIFF');
    expect(requireEnding('a.b/map', 'GeoTIFF')).toBe('GeoTIFF');
    expect(requireEnding('a.JSON', 'GeoParquet', 'GeoJSON')).toBe('GeoJSON');
  });
});

describe('files beside a raster', () => {
  const SIDECARS = ['.aux.xml', '.msk', '.ovr', '.msk.ovr'];

  it.each([
    ['a COG', 'cog.tif', (path: string) => raster(path, 9)],
    [
      'a picture',
      'picture.png',
      async (path: string) => drawRaster(await raster(join(folder, 'p.tif')), path, {}),
    ],
  ] as const)('are removed with the file that %s replaces', async (_, name, write) => {
    const place = join(folder, `stale-${name}`);
    await mkdir(place);
    const path = join(place, name);
    for (const ending of ['', ...SIDECARS]) await writeFile(path + ending, 'old');
    for (const ending of SIDECARS.slice(0, 2)) await writeFile(path + ending.toUpperCase(), 'old');
    await writeFile(join(place, `other.tif.ovr`), 'stays');
    await write(path);
    expect((await readdir(place)).sort()).toEqual([name, 'other.tif.ovr'].sort());
  });

  it('do not mask pixels of the new file', async () => {
    const place = join(folder, 'mask');
    await mkdir(place);
    const path = await raster(join(place, 'a.tif'));
    await raster(join(place, 'mask.tif'), 0);
    await copyFile(join(place, 'mask.tif'), `${path}.msk`);
    const masked = await openRaster(path);
    expect(masked.mask).toBe('mask');
    await masked.close();
    await raster(path);
    const written = await openRaster(path);
    expect(written.mask).toBeNull();
    await written.close();
  });

  it('stay when the writer fails', async () => {
    const path = join(folder, 'kept.tif');
    await writeFile(`${path}.aux.xml`, 'old');
    await expect(writeCog(path, [new Uint8Array(3)], { geobox, bands: 1, dtype: 'uint8' })).rejects.toThrow();
    expect(await readFile(`${path}.aux.xml`, 'utf8')).toBe('old');
  });

  it('are found in any case, but not those of a file that differs in case', async () => {
    const place = join(folder, 'case');
    await mkdir(place);
    const at = (name: string): string => join(place, name);
    for (const name of ['Scene.TIF', 'scene.tfw', 'SCENE.tif.AUX.xml']) await writeFile(at(name), '');
    const wanted = [at('Scene.tfw'), at('Scene.TIF.aux.xml'), at('Scene.TIF.ovr')];
    expect(await findBeside(at('Scene.TIF'), wanted)).toEqual([
      at('scene.tfw'),
      at('SCENE.tif.AUX.xml'),
      null,
    ]);
    await writeFile(at('scene.tif'), '');
    expect(await findBeside(at('Scene.TIF'), wanted)).toEqual([null, null, null]);
  });

  it('are found in a folder of many files', async () => {
    const place = join(folder, 'many');
    await mkdir(place);
    await Promise.all(Array.from({ length: 1001 }, (_, k) => writeFile(join(place, `${k}.txt`), '')));
    await writeFile(join(place, 'a.tif.AUX.XML'), '');
    await writeFile(join(place, 'a.tfw'), '');
    const wanted = ['a.tif.aux.xml', 'a.tfw', 'a.tif.msk'].map((name) => join(place, name));
    expect(await findBeside(join(place, 'a.tif'), wanted)).toEqual([
      join(place, 'a.tif.AUX.XML'),
      join(place, 'a.tfw'),
      null,
    ]);
  });
});

describe('a run folder', () => {
  it('is removed, and its parent folder once no other run is in it', async () => {
    const runs = join(folder, 'map.run');
    await mkdir(join(runs, 'one'), { recursive: true });
    await mkdir(join(runs, 'two'));
    await removeRun(join(runs, 'one'));
    expect(await readdir(runs)).toEqual(['two']);
    await removeRun(join(runs, 'two'));
    await expect(readdir(runs)).rejects.toThrow();
  });
});
