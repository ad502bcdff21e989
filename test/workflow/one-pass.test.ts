/** Scenes with bands in several files, and acquisition manifests as scenes: maps without a package. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { openModel } from '../../src/inference/node/index.js';
import { createBlockCache, openRaster, writeCog } from '../../src/raster/node/index.js';
import { evaluateMap, infer, packageManifest } from '../../src/workflow/index.js';
import { imagesOnGrid, planImages } from '../../src/workflow/plan-images.js';
import { filesOfScene, readScene, resolveGrid } from '../../src/workflow/scene.js';
import { openImages } from '../../src/workflow/scene-images.js';
import { SceneRasters } from '../../src/workflow/scene-rasters.js';
import { temporaryFolder } from '../support/files.js';
import { writeModel } from '../support/models.js';

const cpu = { backend: 'cpu', threads: 0, provider: 'cpu' } as const;
const folder = await temporaryFolder();

async function planes(path: string): Promise<number[][]> {
  await using raster = await openRaster(path);
  return (await raster.readPlanes()).map((plane) => Array.from(plane, Number));
}

describe('a manifest', () => {
  /** A manifest of 25 × 21 pixels with two elevation tiles, which overlap; a copy whose second tile is far away. */
  const event = join(folder, 'event');
  const packaged = join(folder, 'package');
  let model: string;

  beforeAll(async () => {
    await cp('test/fixtures/package', event, { recursive: true });
    await packageManifest({ manifest: join(event, 'manifest.json'), output: packaged, ...cpu });
    model = await writeModel(join(folder, 'flood'), {
      inputs: [
        { name: 'S1RTC', bands: ['VV', 'VH'], kind: 'temporal', weights: [0.05, -0.11, 0.03, 0.1] },
        {
          name: 'S2L2A',
          bands: ['B02', 'B11'],
          kind: 'temporal',
          weights: [0.001, -0.002, 0.001, 0.0007],
          units: 'dn_harmonised',
        },
        { name: 'DEM', bands: ['DEM'], kind: 'static', weights: [0.002], units: 'm' },
      ],
      phases: ['pre_event', 'event'],
      window: 3,
    });
  });

  it('gives the map of its package, bit by bit', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    const whole = await infer({ scene: join(event, 'manifest.json'), model, output: one, ...cpu });
    await infer({ scene: packaged, model, output: two, ...cpu });
    const [, yes] = await planes(join(two, 'probability.tif'));
    expect(new Set(yes).size).toBeGreaterThan(100);
    expect(await planes(join(one, 'probability.tif'))).toEqual(await planes(join(two, 'probability.tif')));
    expect(await planes(join(one, 'classes.tif'))).toEqual(await planes(join(two, 'classes.tif')));
    expect(whole.run.counters.blocksDecodedAgain).toBe(0);
    // 2 radar bands and 2 optical bands in 2 phases, and two tiles of the elevation.
    expect(whole.plan.images.flatMap(({ sources }) => sources)).toHaveLength(10);
    expect(whole.plan.images.at(-1)).toMatchObject({
      mosaic: 'mean',
      sources: [{ href: join(event, 'dem-0.tif') }, { href: join(event, 'dem-1.tif') }],
    });

    // The baselines read the same scene.
    const label = join(packaged, 'label.tif');
    const [ours, theirs] = [await evaluateMap({ map: one, label }), await evaluateMap({ map: two, label })];
    expect(ours.baselines).toEqual(theirs.baselines);
  });

  it('has the grid and the time of its package', async () => {
    const [ours, theirs] = [await readScene(join(event, 'manifest.json')), await readScene(packaged)];
    for (const key of ['id', 'datetime', 'grid', 'phases'] as const)
      expect(ours.document[key]).toEqual(theirs.document[key]);
    expect(filesOfScene(ours)).toContain(join(event, 'dem-1.tif'));
  });

  it('leaves out tiles outside the grid, and is refused without one on it', async () => {
    const document = JSON.parse(await readFile(join(event, 'manifest.json'), 'utf8'));
    const far = new GeoBox(4326, new Affine(0.01, 0, 20, 0, -0.01, 10), 16, 16);
    await writeCog(join(event, 'far.tif'), [new Float32Array(256)], {
      geobox: far,
      bands: 1,
      dtype: 'float32',
    });
    const item = { collection: 'cop-dem-glo-30', id: 'far', assets: { data: { href: 'far.tif' } } };
    const attempt = async (name: string, dem_items: unknown[]) => {
      await writeFile(join(event, `${name}.json`), JSON.stringify({ ...document, dem_items }));
      return infer({ scene: join(event, `${name}.json`), model, output: join(folder, name), ...cpu });
    };
    await attempt('more', [item, ...document.dem_items]);
    expect(await planes(join(folder, 'more', 'probability.tif'))).toEqual(
      await planes(join(folder, 'one', 'probability.tif')),
    );
    const record = JSON.parse(await readFile(join(folder, 'more', 'item.json'), 'utf8'));
    expect(JSON.stringify(record)).not.toContain('far.tif');
    await expect(attempt('away', [item])).rejects.toThrow(/far\.tif does not overlap the scene’s grid/);
  });

  it('is refused if it is incomplete, as by package', async () => {
    const document = JSON.parse(await readFile(join(event, 'manifest.json'), 'utf8'));
    const path = join(event, 'incomplete.json');
    await writeFile(path, JSON.stringify({ ...document, units: {} }));
    await expect(readScene(path)).rejects.toThrow(/incomplete\.json has no units for S2L2A; add units/);
  });
});

describe('a band in several files', () => {
  // 100 × 80 pixels of 10 m. `left` covers columns 0 to 59, `right` 40 to 99, both in tiles of 16 pixels.
  const grid = new GeoBox(32633, new Affine(10, 0, 500_000, 0, -10, 5_000_000), 100, 80);
  const backend = new CpuBackend();
  afterAll(() => backend.dispose());

  async function write(name: string, first: number, width: number, value: number): Promise<void> {
    const geobox = grid.window(first, 0, width, 80);
    const values = new Uint16Array(geobox.pixelCount).fill(value);
    const options = { bands: 1, dtype: 'uint16', nodata: 0, blockSize: 16, overviews: 'none' } as const;
    await writeCog(join(folder, name), [values], { geobox, ...options });
  }

  beforeAll(async () => {
    await write('left.tif', 0, 60, 1700);
    await write('right.tif', 40, 60, 600);
    await writeModel(join(folder, 'optical'), {
      inputs: [{ name: 'x', bands: ['B'], kind: 'temporal', weights: [1], units: 'dn_harmonised' }],
    });
  });

  /** The values of the model's input, strip by strip, and the decoded blocks. */
  async function read(band: object, input: object = {}) {
    const path = join(folder, 'scene.json');
    const inputs = { x: { units: 'dn_harmonised', ...input, phases: { event: { B: band } } } };
    const { crs, transform, width, height } = grid.toJSON();
    await writeFile(
      path,
      JSON.stringify({ schemaVersion: 1, grid: { crs, transform, width, height }, inputs }),
    );
    const scene = await readScene(path);
    const { spec } = await openModel(join(folder, 'optical'));
    const cache = createBlockCache();
    const rasters = new SceneRasters(null, cache);
    try {
      const geobox = await resolveGrid(scene, rasters);
      const planned = await imagesOnGrid(await planImages(scene, spec, rasters), spec, rasters, geobox);
      const [{ image }] = await openImages(planned, { spec, geobox, rasters, backend });
      const rows: number[][] = [];
      for (let start = 0; start < height; start += 20) {
        // Four rows of the strip above keep their values.
        const plane = backend.upload(new Float32Array(24 * width).fill(-7), [24, width]);
        await image.readRows({ start, end: start + 20 }, [plane], start - 4);
        const all = Array.from(await backend.download(plane), Number);
        expect(new Set(all.slice(0, 4 * width))).toEqual(new Set([-7]));
        const values = all.slice(4 * width);
        for (let row = 0; row < 20; row++) rows.push(values.slice(row * width, (row + 1) * width));
        plane.dispose();
      }
      return { rows, counters: { ...cache.counters }, planned };
    } finally {
      await rasters.close();
    }
  }

  const offset = { href: 'left.tif', units: 'dn_offset_1000' };
  const row = (overlap: number): number[] => [
    ...new Array<number>(40).fill(700),
    ...new Array<number>(20).fill(overlap),
    ...new Array<number>(40).fill(600),
  ];

  it('takes the first file with data, in the units of the model', async () => {
    const right = { href: 'right.tif', units: 'dn_harmonised' };
    const { rows, counters } = await read({ ...offset, tiles: [right] });
    // 1700 − 1000 in columns 0 to 59, then 600.
    expect(rows).toEqual(new Array(80).fill(row(700)));
    // 60 × 80 pixels are 4 × 5 tiles of 16, in each of the two files.
    expect(counters).toMatchObject({ blocksDecoded: 40, blocksDecodedAgain: 0 });
  });

  it('is their mean if the input declares it', async () => {
    const tiles = [{ href: 'right.tif', units: 'dn_harmonised' }];
    expect((await read({ ...offset, tiles }, { mosaic: 'mean' })).rows[79]).toEqual(row(650));
  });

  it('takes band, units and nodata of the first file if another lacks them', async () => {
    const { rows } = await read({ ...offset, nodata: 1700, tiles: [{ href: 'right.tif', nodata: 0 }] });
    // `left` is no data, and `right` has an offset: 600 − 1000 is clipped at 0.
    expect(rows[0]).toEqual([...new Array(40).fill(Number.NaN), ...new Array(60).fill(0)]);
    await expect(read({ href: 'left.tif', tiles: [{ href: 'right.tif', band: 2 }] })).rejects.toThrow(
      /right\.tif has 1 bands, but .*scene\.json asks for band 2/,
    );
  });

  it('has the extent of all its files if the scene has no bounds', async () => {
    const path = join(folder, 'unbounded.json');
    const inputs = {
      x: {
        units: 'dn_harmonised',
        phases: { event: { B: { href: 'left.tif', tiles: [{ href: 'right.tif' }] } } },
      },
    };
    await writeFile(
      path,
      JSON.stringify({ schemaVersion: 1, grid: { crs: 'EPSG:32633', resolution: 10 }, inputs }),
    );
    await using rasters = new SceneRasters();
    expect((await resolveGrid(await readScene(path), rasters)).toJSON()).toEqual(grid.toJSON());
  });
});
