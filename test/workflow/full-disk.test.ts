import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CatalogRow, GeoCatalog } from '../../src/catalog/index.js';
import { writeCatalog, writeStacGeoParquet } from '../../src/catalog/node/index.js';
import { Affine, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import { writeFileAtomically, writeJson } from '../../src/io/node/output.js';
import { type CogOptions, writeCog, ZarrCubeWriter } from '../../src/raster/node/index.js';
import { writeNpy } from '../../src/raster/node/npy-writer.js';
import { PolygonFile } from '../../src/vector/node/polygon-file.js';
import { calculate, copyFile, finalizeRun, infer, warpFile } from '../../src/workflow/index.js';
import { replaceFolder } from '../../src/workflow/model/model-file.js';
import { boxOutline } from '../support/catalog.js';
import { contents, temporaryFolder } from '../support/files.js';
import { onFullDisk, onSmallDisk } from '../support/full-disk.js';
import { randomValues } from '../support/random.js';
import { writeSarScene } from '../support/sar-scene.js';

const root = await temporaryFolder();
let folders = 0;

const geobox = new GeoBox(32631, new Affine(10, 0, 500000, 0, -10, 5500000), 600, 500);
const values = randomValues(1, 600 * 500);
const COG: CogOptions = { geobox, bands: 1, dtype: 'float32' };
const rows = Array.from({ length: 400 }, (_, k): CatalogRow => {
  const x = (k % 20) - 10;
  return {
    id: `scene-${k}`,
    collection: 'c',
    footprint: [boxOutline([x, 0, x + 1, 1])],
    interval: new TimeInterval(1e12 + k, 1e12 + k),
    href: `s${k}.tif`,
    assets: { data: { href: `s${k}.tif` } },
    properties: { cloud: values[k] },
  };
});

/** Writers as `write(path)`, each of more than 5000 bytes. */
const WRITERS: Record<string, [name: string, write: (path: string) => Promise<unknown>]> = {
  'a COG with overviews': ['a.tif', (path) => writeCog(path, [values], COG)],
  'a COG in one piece': [
    'a.tif',
    (path) => writeCog(path, [values], { ...COG, overviews: 'none', bigTiff: false }),
  ],
  'an uncompressed COG': ['a.tif', (path) => writeCog(path, [values], { ...COG, compression: 'none' })],
  'a picture or table': ['a.png', (path) => writeFileAtomically(path, new Uint8Array(values.buffer))],
  'a JSON document': ['a.json', (path) => writeJson(path, Array.from(values))],
  'an array': ['a.npy', (path) => writeNpy(path, { shape: [500, 600], dtype: 'float32' }, values)],
  'a catalog': ['a.parquet', (path) => writeCatalog(GeoCatalog.from(rows), path)],
  'a catalog of STAC': ['a.parquet', (path) => writeStacGeoParquet(GeoCatalog.from(rows), path)],
  polygons: [
    'a.geojson',
    async (path) => {
      const file = await PolygonFile.create(path);
      try {
        for (let k = 0; k < 2000; k++) file.add([boxOutline([k / 100, 0, k / 100 + 1, 1])], { k });
        await file.finish();
      } finally {
        await file.abort();
      }
    },
  ],
  'a cube': [
    'a.zarr',
    async (path) => {
      const cube = await ZarrCubeWriter.create(path, { geobox, times: [0], variables: ['v'] });
      try {
        await cube.write('v', 0, { x: 0, y: 0, width: 600, height: 500 }, values);
        await cube.close();
      } finally {
        await cube.abort();
      }
    },
  ],
};

describe('a full disk', () => {
  it.each(Object.entries(WRITERS))('is reported by %s, and no files are left', async (_, [name, write]) => {
    const folder = join(root, String(folders++));
    await mkdir(folder);
    const path = join(folder, name);
    for (const room of [0, 10, 5000]) {
      const writing = onFullDisk(room, () => write(path));
      await expect(writing).rejects.toMatchObject({
        code: 'DISK',
        exitStatus: 75,
        message: expect.stringMatching(
          /a\.\w+.* cannot be written since the disk is full \(ENOSPC: no space left on device, write\); free some space and run again\.$/,
        ),
      });
      expect(await readdir(folder)).toEqual([]);
    }
    await write(path);
    expect(await readdir(folder)).toContain(name);
  });

  it('does not damage an existing model', async () => {
    const folder = join(root, 'model');
    const write = (text: string) => (staging: string) =>
      writeFileAtomically(join(staging, 'model.json'), text).then(() => ({ files: ['model.json'] }));
    await replaceFolder(folder, [], write('old'));
    await expect(onFullDisk(3, () => replaceFolder(folder, [], write('newer')))).rejects.toThrow(
      'since the disk is full',
    );
    expect(await readdir(folder)).toEqual(['model.json']);
    expect(await readFile(join(folder, 'model.json'), 'utf8')).toBe('old');
  });

  it('leaves no empty map folder, and keeps an existing one', async () => {
    const { scene } = await writeSarScene(join(root, 'scene'), 3, 128);
    const options = { scene, model: 'water-threshold', backend: 'cpu', threads: 0 } as const;
    const maps = join(root, 'maps');
    await mkdir(join(maps, 'old'), { recursive: true });
    for (const name of ['new', 'old']) {
      const output = join(maps, name);
      await expect(onFullDisk(0, () => infer({ ...options, output }))).rejects.toMatchObject({
        code: 'DISK',
      });
    }
    expect((await readdir(maps)).filter((name) => !name.endsWith('.run'))).toEqual(['old']);
  });

  it('stops a map, which resumes to the same bytes when there is room', async () => {
    const { scene } = await writeSarScene(join(root, 'resumed'), 3, 300);
    const common = { scene, model: 'water-threshold', backend: 'cpu', threads: 0, rowsPerUnit: 256 } as const;
    const [whole, output] = [join(root, 'whole-map'), join(root, 'cut-map')];
    await infer({ ...common, output: whole });
    // The plan, the first of two units, and the first products.
    const kept: number[] = [];
    for (const room of [0, 30_000, 500_000, 1_100_000]) {
      await expect(onFullDisk(room, () => infer({ ...common, output, resume: true }))).rejects.toMatchObject({
        code: 'DISK',
        exitStatus: 75,
        message: expect.stringContaining('since the disk is full'),
      });
      expect(await readdir(root, { recursive: true })).not.toContainEqual(expect.stringMatching(/\.tmp$/));
      const files = await readdir(`${output}.run`, { recursive: true });
      kept.push(files.filter((name) => /done\/\d+\.json$/.test(name)).length);
      expect(files.filter((name) => /owners\/\d/.test(name))).toEqual([]);
    }
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBeGreaterThan(0);
    const report = await infer({ ...common, output, resume: true });
    expect(report.unitsRun).toBe(2 - (kept.at(-1) ?? 0));
    for (const name of ['probability.tif', 'classes.tif', 'polygons.geojson']) {
      expect(await readFile(join(output, name))).toEqual(await readFile(join(whole, name)));
    }
  });

  it('is reported before any work, with the needed bytes', async () => {
    const place = join(root, 'small');
    await mkdir(place);
    const source = join(root, 'source.tif');
    await writeCog(source, [values], { ...COG, compression: 'none', overviews: 'none' });
    const refused = async (bytes: number, work: () => Promise<unknown>): Promise<void> => {
      await expect(onSmallDisk(bytes - 1, work)).rejects.toMatchObject({
        code: 'DISK',
        exitStatus: 75,
        message: expect.stringContaining(
          `has ${bytes - 1} bytes free, and about ${bytes} are needed; free some`,
        ),
      });
      expect(await readdir(place)).toEqual([]);
    };
    const quick = { backend: 'cpu', threads: 0 } as const;
    const destination = join(place, 'a.tif');
    const written = { destination, ...quick, overviews: 'none', compression: 'none' } as const;
    const bands = [{ name: 'a', path: source }];
    // Float32 values of 600 × 500 pixels.
    await refused(600 * 500 * 4, () => calculate({ ...written, expressions: ['a * 2'], bands }));
    // Half of the bytes, for compression; overviews add a third, and they are written twice.
    const compressed = { ...written, overviews: 'average', compression: 'deflate', dtype: 'uint8' } as const;
    await refused((600 * 500 * 4) / 3, () => warpFile({ ...compressed, source, grid: {} }));
    const { size } = await stat(source);
    await refused(size, () => copyFile({ source, destination }));
  });

  it('is reported before the products are written again, and the map is kept', async () => {
    const { scene } = await writeSarScene(join(root, 'finished'), 3, 128);
    const output = join(root, 'finished-map');
    const options = { scene, model: 'water-threshold', backend: 'cpu', threads: 0, polygons: false } as const;
    const { plan, runFolder } = await infer({ ...options, output, keepRun: true });
    const before = await contents(output);
    // Two classes in float32 and the class map: half of the bytes, and a third more for overviews.
    const needed = Math.ceil((2 * 4 + 1) * plan.grid.width * plan.grid.height * (2 / 3));
    await expect(onSmallDisk(needed - 1, () => finalizeRun(runFolder, output))).rejects.toMatchObject({
      code: 'DISK',
      message: expect.stringContaining(`about ${needed} are needed`),
    });
    expect(await contents(output)).toEqual(before);
  });

  it('partial writes give the same file', async () => {
    for (const overviews of ['none', 'average'] as const) {
      const paths = ['whole.tif', 'parts.tif'].map((name) => join(root, name));
      await writeCog(paths[0], [values], { ...COG, overviews, bigTiff: false });
      await onFullDisk(
        Infinity,
        () => writeCog(paths[1], [values], { ...COG, overviews, bigTiff: false }),
        1000,
      );
      const [whole, parts] = await Promise.all(paths.map((path) => readFile(path)));
      expect(parts.equals(whole)).toBe(true);
    }
  });
});
