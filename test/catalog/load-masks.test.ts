import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  createLoadCounters,
  type LoadRasterOptions,
  loadRaster,
} from '../../src/catalog/node/index.js';
import { type GeoTensor, TimeInterval } from '../../src/geo/node/index.js';
import { SCL_CLOUDS } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const clear = 4;
const cloud = 9;
const grid = gridAt(500_000, 5_000_040, 4, 4);
const coarse = gridAt(500_000, 5_000_040, 2, 2, 20);

async function scene(
  id: string,
  date: string,
  value: number,
  classes: readonly number[],
): Promise<CatalogRow> {
  return writeRow(
    folder,
    id,
    {
      red: { geobox: grid, bands: [new Float32Array(16).fill(value)], names: ['B04'] },
      scl: { geobox: coarse, bands: [Uint8Array.from(classes)], names: ['SCL'] },
    },
    { interval: date, collection: 'sentinel-2-l2a' },
  );
}

const older = await scene('older', '2021-07-01', 1, [clear, clear, clear, cloud]);
const newest = await scene('newest', '2021-07-10', 2, [cloud, clear, clear, cloud]);
const mask = { band: 'SCL', classes: SCL_CLOUDS };

describeBackends('a mask before the reduction', (backend) => {
  const load = (rows: CatalogRow[], options: LoadRasterOptions = {}) =>
    loadRaster(rows, grid, { backend: backend(), bands: ['B04'], mask, ...options });

  it('last over a cloudy-newest and a clear-older source returns the clear pixel', async () => {
    const tensor = await load([older, newest], { method: 'last' });
    // Upper left: clouds on the newest. Lower right: clouds on both.
    expect(valuesOf(tensor)).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 2, 2, NAN, NAN, 2, 2, NAN, NAN]);
  });

  it('leaves cloudy pixels out of means and counts, and reports their number', async () => {
    const counters = createLoadCounters();
    const mean = await load([older, newest], { method: 'mean', counters });
    expect(valuesOf(mean).slice(0, 4)).toEqual([1, 1, 1.5, 1.5]);
    expect(counters.maskedPixels).toBe(12);
    const count = await load([older, newest], { method: 'count' });
    expect(valuesOf(count)).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 2, 2, 0, 0, 2, 2, 0, 0]);
  });

  it('leaves masked pixels out of interpolation', async () => {
    const left = gridAt(500_000, 5_000_010, 2, 1);
    const row = await writeRow(folder, 'edge', {
      red: { geobox: left, bands: [Float32Array.of(10, 5000)], names: ['B04'] },
      scl: { geobox: left, bands: [Uint8Array.of(clear, cloud)], names: ['SCL'] },
    });
    const quarter = gridAt(500_002, 5_000_010, 2, 1);
    const tensor = await loadRaster([row], quarter, { backend: backend(), bands: ['B04'], mask });
    expect(valuesOf(tensor)).toEqual([10, NAN]);
  });

  it('is dilated by a disc, in pixels of the quality band', async () => {
    const fine = gridAt(500_000, 5_000_100, 10, 10);
    const qa = gridAt(500_000, 5_000_100, 5, 5, 20);
    const classes = new Uint8Array(25).fill(clear);
    classes[12] = cloud;
    const row = await writeRow(folder, 'grown', {
      red: { geobox: fine, bands: [new Uint8Array(100).fill(7)], names: ['B04'] },
      scl: { geobox: qa, bands: [classes], names: ['SCL'] },
    });
    const options = { backend: backend(), bands: ['B04'], resampling: 'nearest' } as const;
    const grown = await loadRaster([row], fine, { ...options, mask: { ...mask, dilate: 1 } });
    // A plus of five pixels of 20 m.
    expect(valuesOf(grown).filter(Number.isNaN)).toHaveLength(20);
    const square = await loadRaster([row], fine, { ...options, mask: { ...mask, dilate: 1.5 } });
    expect(valuesOf(square).filter(Number.isNaN)).toHaveLength(36);
    // A cloud outside the grid grows into it.
    const beside = gridAt(500_060, 5_000_060, 1, 2);
    const inside = await loadRaster([row], beside, { ...options, mask: { ...mask, dilate: 1 } });
    expect(valuesOf(inside)).toEqual([NAN, NAN]);
    // Also from far away.
    const wide = gridAt(500_000, 5_000_100, 12, 12);
    const farClasses = new Uint8Array(144).fill(clear);
    farClasses[12 * 8 + 8] = cloud;
    const far = await writeRow(folder, 'far', {
      red: { geobox: wide, bands: [new Uint8Array(144).fill(7)], names: ['B04'] },
      scl: { geobox: wide, bands: [farClasses], names: ['SCL'] },
    });
    const corner = (x: number, y: number): Promise<GeoTensor> =>
      loadRaster([far], wide.window(x, y, 3, 3), { ...options, mask: { ...mask, dilate: 5 } });
    // 5 pixels to the left of it, above it, to its right and below.
    expect(valuesOf(await corner(1, 7))).toEqual([7, 7, 7, 7, 7, NAN, 7, 7, 7]);
    expect(valuesOf(await corner(7, 1))).toEqual([7, 7, 7, 7, 7, 7, 7, NAN, 7]);
    // From any side, and parts of the grid are equal to the whole.
    for (let y = 0; y < 10; y++) {
      for (const [x, width] of [
        [0, 4],
        [2, 2],
        [6, 2],
        [6, 4],
      ]) {
        const part = await loadRaster([row], fine.window(x, y, width, 1), {
          ...options,
          mask: { ...mask, dilate: 1.5 },
        });
        expect(valuesOf(part)).toEqual(valuesOf(square).slice(10 * y + x, 10 * y + x + width));
      }
    }
  });

  it("masks pixels with any of several bits, and Landsat's designated fill", async () => {
    const box = gridAt(500_000, 5_000_010, 6, 1);
    // Clear, cloud (3), shadow (4), fill (0), dilated cloud (1), medium confidence (8 and 9).
    const qa = Uint16Array.of(64, 8, 16, 1, 2, 2 << 8);
    const row = await writeRow(folder, 'LC08_L2SP', {
      blue: { geobox: box, bands: [new Uint16Array(6).fill(5)], names: ['SR_B2'] },
      qa: { geobox: box, bands: [qa], names: ['QA_PIXEL'] },
    });
    const options = { backend: backend(), bands: ['SR_B2'] };
    const bits = await loadRaster([row], box, { ...options, mask: { band: 'QA_PIXEL', bits: [3, 4] } });
    expect(valuesOf(bits)).toEqual([5, NAN, NAN, NAN, 5, 5]);
    const field = { first: 8, width: 2, values: [2, 3] };
    const fields = await loadRaster([row], box, { ...options, mask: { band: 'QA_PIXEL', bits: [field] } });
    expect(valuesOf(fields)).toEqual([5, 5, 5, NAN, 5, NAN]);
  });

  it('masks pixels that the quality band does not cover', async () => {
    const row = await writeRow(folder, 'short', {
      red: { geobox: grid, bands: [new Float32Array(16).fill(1)], names: ['B04'] },
      scl: {
        geobox: gridAt(500_000, 5_000_040, 1, 2, 20),
        bands: [Uint8Array.of(clear, clear)],
        names: ['SCL'],
      },
    });
    expect(valuesOf(await load([row])).slice(0, 4)).toEqual([1, 1, NAN, NAN]);
  });

  it('masks pixels that are nodata in the quality band', async () => {
    const box = gridAt(500_000, 5_000_010, 3, 1);
    const row = await writeRow(folder, 'hidden', {
      red: { geobox: box, bands: [Uint8Array.of(1, 2, 3)], names: ['B04'] },
      scl: {
        geobox: box,
        bands: [Uint8Array.of(4, 4, 9)],
        names: ['SCL'],
        mask: Uint8Array.of(255, 0, 255),
      },
    });
    const tensor = await loadRaster([row], box, { backend: backend(), bands: ['B04'], mask });
    expect(tensor.data).toBeCloseToArray([1, NAN, NAN], 0);
  });

  it('is combined with the mask of the file', async () => {
    const box = gridAt(500_000, 5_000_010, 3, 1);
    const row = await writeRow(folder, 'both', {
      red: { geobox: box, bands: [Uint8Array.of(1, 2, 3)], names: ['B04'], mask: Uint8Array.of(0, 255, 255) },
      scl: { geobox: box, bands: [Uint8Array.of(clear, clear, cloud)], names: ['SCL'] },
    });
    const tensor = await loadRaster([row], box, { backend: backend(), bands: ['B04'], mask });
    expect(valuesOf(tensor)).toEqual([NAN, 2, NAN]);
  });

  it('reprojects the quality band too', async () => {
    const geographic = gridAt(2.98, 45.2, 40, 40, 0.001, 4326);
    const classes = Uint8Array.from({ length: 1600 }, (_, i) => (i % 40 < 20 ? cloud : clear));
    const utm = gridAt(500_000, 5_003_000, 100, 100);
    const row = await writeRow(folder, 'reprojected', {
      red: { geobox: utm, bands: [new Float32Array(10_000).fill(3)], names: ['B04'] },
      scl: { geobox: geographic, bands: [classes], names: ['SCL'] },
    });
    const tensor = await loadRaster([row], utm, { backend: backend(), bands: ['B04'], mask });
    // Clouds end at longitude 3, the central meridian: x = 500 000, the left edge of the grid.
    expect(valuesOf(tensor).filter(Number.isNaN)).toHaveLength(0);
    const west = gridAt(499_500, 5_003_000, 100, 100);
    const shifted = await writeRow(folder, 'west', {
      red: { geobox: west, bands: [new Float32Array(10_000).fill(3)], names: ['B04'] },
      scl: { geobox: geographic, bands: [classes], names: ['SCL'] },
    });
    const half = await loadRaster([shifted], west, { backend: backend(), bands: ['B04'], mask });
    expect(valuesOf(half).filter(Number.isNaN)).toHaveLength(5000);
  });
});

describe('masks that select nothing', () => {
  const sentinel = (id: string, properties: CatalogRow['properties'] = {}): CatalogRow => ({
    ...older,
    id,
    collection: 'sentinel-2',
    properties,
  });
  const refuse = (row: CatalogRow, band: string, bits?: number[]) =>
    expect(
      loadRaster([row], grid, {
        bands: ['B04'],
        mask: bits === undefined ? { band, classes: [1] } : { band, bits },
      }),
    ).rejects;

  it('are refused when the product is known to leave them empty', async () => {
    const l1c = sentinel('S2A_MSIL1C_20230101T105441_N0509_R051_T31TDL_20230101T124341');
    await refuse(l1c, 'SCL').toThrow(/Level-1C has no scene classification; use MSK_CLASSI/);
    await refuse(l1c, 'MSK_CLOUDS_B00').toThrow(
      /empty since processing baseline 04.00, and the product is of 05.09/,
    );
    const first = sentinel('S2A_MSIL2A_20220125T105441_N0400_R051_T31TDL_20220125T124341');
    await refuse(first, 'MSK_CLOUDS_B00').toThrow(/the product is of 04.00/);
    const last = sentinel('S2A_MSIL2A_20220124T105441_N0301_R051_T31TDL_20220124T124341');
    await refuse(last, 'MSK_CLOUDS_B00').toThrow(/has no band "MSK_CLOUDS_B00"/);
    const early = sentinel('early', { 's2:processing_baseline': '02.09' });
    await refuse(early, 'MSK_CLOUDS_B00').toThrow(/has no band "MSK_CLOUDS_B00"/);
    const gap = { ...sentinel('20230101T105441'), interval: TimeInterval.parse('2023-01-01') };
    await refuse(gap, 'QA60', [10]).toThrow(/not filled from 2022-01-25 to 2024-02-27/);
    const landsat = { ...older, id: 'LT05_L2SP_196030', collection: 'landsat-c2-l2' };
    await refuse(landsat, 'QA_PIXEL', [2]).toThrow(/bit 2 is for cirrus, which Landsat 4 to 7 do not detect/);
  });

  it('are refused when they name no values, or a missing band', async () => {
    const load = (given: object) =>
      expect(loadRaster([older], grid, { mask: given } as LoadRasterOptions)).rejects;
    await load({ band: 'SCL' }).toThrow(/mask names neither bits nor classes/);
    await load({ band: 'SCL', classes: [3], dilate: 300 }).toThrow(/mask.dilate cannot be 300/);
    await load({ band: 'QA60', bits: [10] }).toThrow(/has no band "QA60"; choose one of red, B04, scl, SCL/);
  });
});
