import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/index.js';
import { type CogOptions, openRaster, writeCog } from '../../src/raster/node/index.js';
import { packageManifest } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';

/** The grid of the packages: pixels of 100 m. */
const CRS = 'EPSG:32631';
let grid: GeoBox;
let folder: string;

/** Writes a raster of one value on some columns of the grid. */
async function scene(name: string, value: number, columns: [from: number, to: number]): Promise<void> {
  const [x0, y0] = grid.bounds;
  const geobox = GeoBox.fromBounds(
    [x0 + columns[0] * 100, y0, x0 + columns[1] * 100, grid.bounds[3]],
    CRS,
    100,
    { boundsCrs: CRS, anchor: 'snap' },
  );
  const values = new Uint16Array(geobox.pixelCount).fill(value);
  await writeCog(join(folder, name), [values], { geobox, bands: 1, dtype: 'uint16', nodata: 0 });
}

const item = (id: string, more: object = {}) => ({
  collection: 'sentinel-2-l2a',
  id,
  assets: { B02: { href: `${id}.tif` } },
  ...more,
});

/** Packages a manifest and returns the first row of its image, and its scene file. */
async function packaged(changes: object) {
  const manifest = join(folder, 'manifest.json');
  await writeFile(
    manifest,
    JSON.stringify({
      event: { name: 'e', bbox: [3, 45, 3.01, 45.01], target_crs: CRS, phase_dates: {} },
      phase_order: ['event'],
      collections: { S2L2A: 'sentinel-2-l2a' },
      assets: { S2L2A: ['B02'] },
      dem_items: [],
      ...changes,
    }),
  );
  const output = await temporaryFolder();
  await packageManifest({ manifest, output, resolution: 100, anchor: 'snap', backend: 'cpu', threads: 0 });
  const scene = JSON.parse(await readFile(join(output, 'scene.json'), 'utf8'));
  const image = await openRaster(join(output, 'S2L2A-event.tif')).catch(() => null);
  if (image === null) return { scene, row: null, rows: [] };
  const [plane, ...others] = await image.readPlanes({
    window: { x: 0, y: 4, width: image.width, height: 1 },
  });
  await image.close();
  return { scene, row: Array.from(plane), rows: [plane, ...others].map((each) => Array.from(each)) };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  grid = GeoBox.fromBounds([3, 45, 3.01, 45.01], CRS, 100, { anchor: 'snap' });
  await scene('left.tif', 1700, [0, 3]);
  await scene('right.tif', 600, [2, grid.width]);
});

describe('bands of classes', () => {
  /** Columns of 200 m with two alternating values, over the whole grid. */
  async function coarse(
    name: string,
    values: readonly [number, number],
    colours: Pick<CogOptions, 'colourTable'> = {},
  ): Promise<void> {
    const [x0, , , y1] = grid.bounds;
    const [width, height] = [Math.ceil(grid.width / 2) + 1, Math.ceil(grid.height / 2) + 1];
    const geobox = new GeoBox(CRS, new Affine(200, 0, x0, 0, -200, y1), width, height);
    const pixels = Uint8Array.from({ length: width * height }, (_, k) => values[(k % width) % 2]);
    await writeCog(join(folder, name), [pixels], { geobox, bands: 1, dtype: 'uint8', ...colours });
  }

  it('are picked and keep their numbers, beside bands that are interpolated', async () => {
    await coarse('scl.tif', [4, 8]);
    await coarse('blue.tif', [100, 200]);
    const assets = { B02: { href: 'blue.tif' }, SCL: { href: 'scl.tif' } };
    const { scene, rows } = await packaged({
      assets: { S2L2A: ['B02', 'SCL'] },
      units: { S2L2A: 'dn_offset_1000' },
      selected: { event: { S2L2A: { collection: 'sentinel-2-l2a', id: 'i', assets } } },
    });
    // Column 1 is a quarter of a coarse pixel beyond the middle of the first, column 2 as far before that of the second.
    expect(rows[0].slice(1, 5)).toEqual([125, 175, 175, 125]);
    expect(rows[1].slice(0, 6)).toEqual([4, 4, 8, 8, 4, 4]);
    expect(scene.inputs.S2L2A).toMatchObject({
      units: 'dn_offset_1000',
      phases: { event: { B02: { band: 1 }, SCL: { band: 2, units: 'class' } } },
    });
  });

  it('are known by the declared units, and by a colour table', async () => {
    await coarse('cover.tif', [4, 8]);
    expect((await packagedAlone('class', 'cover.tif')).slice(0, 6)).toEqual([4, 4, 8, 8, 4, 4]);
    await coarse('coloured.tif', [4, 8], {
      colourTable: Array.from({ length: 256 }, (_, k) => [k, k, k] as const),
    });
    expect((await packagedAlone('none', 'coloured.tif')).slice(0, 6)).toEqual([4, 4, 8, 8, 4, 4]);
    expect((await packagedAlone('none', 'cover.tif')).slice(1, 3)).toEqual([5, 7]);
  });

  async function packagedAlone(units: string, href: string): Promise<number[]> {
    const item = { collection: 'c', id: 'i', units, assets: { B02: { href } } };
    const { rows } = await packaged({ selected: { event: { S2L2A: item } } });
    return rows[0];
  }
});

describe('an image of several items', () => {
  it('takes each pixel from the first item that has data there, in common units', async () => {
    const items = [item('left', { units: 'dn_offset_1000' }), item('right', { units: 'dn_harmonised' })];
    const { scene, row } = await packaged({ selected: { event: { S2L2A: items } } });
    // 1700 − 1000 = 700 in columns 0 to 2, then 600 from the second item.
    expect(row).toEqual(Array.from({ length: grid.width }, (_, x) => (x < 3 ? 700 : 600)));
    expect(scene.inputs.S2L2A.units).toBe('dn_harmonised');
  });

  it('depends on their order', async () => {
    const items = [item('right', { units: 'dn_harmonised' }), item('left', { units: 'dn_offset_1000' })];
    const { row } = await packaged({ selected: { event: { S2L2A: items } } });
    expect(row).toEqual(Array.from({ length: grid.width }, (_, x) => (x < 2 ? 700 : 600)));
  });

  it('keeps the units of the items of each phase', async () => {
    const { scene } = await packaged({
      phase_order: ['pre_event', 'event'],
      selected: {
        pre_event: { S2L2A: item('left', { units: 'dn_offset_1000' }) },
        event: { S2L2A: [item('right', { units: 'dn_harmonised' })] },
      },
    });
    const { units, phases } = scene.inputs.S2L2A;
    expect(units).toBe('dn_offset_1000');
    expect(phases.event.B02.units).toBe('dn_harmonised');
    expect(phases.pre_event.B02.units).toBeUndefined();
  });

  it('must exist unless the manifest declares it missing', async () => {
    const selected = { event: {} };
    await expect(packaged({ selected })).rejects.toThrow(/selects no S2L2A for the phase event/);
    const { scene, row } = await packaged({ selected, selection: { missing: { event: ['S2L2A'] } } });
    expect(row).toBeNull();
    expect(scene.inputs).toEqual({});
  });
});
