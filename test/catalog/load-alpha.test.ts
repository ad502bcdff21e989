/** Alpha bands in loaders: transparent pixels are nodata, and opacity is no weight. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CatalogRow, type LoadRasterOptions, loadRaster } from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf, writeRow } from '../support/raster-rows.js';
import { buildTiff, double, short } from '../support/tiff-builder.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(0, 10, 5, 1, 10, 32632);

/** A row of one pixel-interleaved file: data bands, then an alpha band, in 8 or 16 bits. */
async function transparent(
  id: string,
  bands: readonly (readonly number[])[],
  alpha: readonly number[],
  bits: 8 | 16 = 8,
): Promise<CatalogRow> {
  const samples = alpha.flatMap((opacity, k) => [...bands.map((values) => values[k]), opacity]);
  const pixels = bits === 8 ? Uint8Array.from(samples) : new Uint8Array(Uint16Array.from(samples).buffer);
  const count = bands.length + 1;
  const href = join(folder, `${id}.tif`);
  const fields = {
    258: short(...new Array<number>(count).fill(bits)),
    262: short(1),
    277: short(count),
    // ExtraSamples unspecified, and unassociated alpha.
    338: short(...new Array<number>(count - 2).fill(0), 2),
    33550: double(10, 10, 0),
    33922: double(0, 0, 0, 0, 10, 0),
    34735: short(1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32632),
  };
  await writeFile(href, buildTiff(alpha.length, 1, pixels, { fields }));
  const assets = { data: { href } };
  return { id, collection: '', footprint: [], interval: TimeInterval.always, href, assets, properties: {} };
}

const one = await transparent(
  'one',
  [
    [10, 20, 30, 40, 50],
    [1, 2, 3, 4, 5],
  ],
  [255, 0, 128, 1, 0],
);

describeBackends('an alpha band', (backend) => {
  const load = (rows: readonly CatalogRow[], to = grid, options: LoadRasterOptions = {}) =>
    loadRaster(rows, to, { backend: backend(), resampling: 'nearest', order: 'given', ...options });

  it('is a mask, not one of the bands', async () => {
    const tensor = await load([one]);
    expect(tensor.shape).toEqual([2, 1, 5]);
    // Alpha 128 and 1 of 255: partly opaque pixels are data, as stored.
    expect(valuesOf(tensor, 0)).toEqual([10, NAN, 30, 40, NAN]);
    expect(valuesOf(tensor, 1)).toEqual([1, NAN, 3, 4, NAN]);
  });

  it('leaves transparent pixels out of interpolation, and does not weight by opacity', async () => {
    // A quarter of a pixel to the east: 3/4 of a value and 1/4 of its right neighbour, if that is data.
    const east = gridAt(2.5, 10, 4, 1, 10, 32632);
    const tensor = await load([one], east, { resampling: 'bilinear' });
    expect(valuesOf(tensor, 0)).toEqual([10, NAN, 32.5, 40]);
    // The mean of two pixels: the second pair counts fully, though one has almost no opacity.
    const pairs = gridAt(0, 10, 2, 1, 20, 32632);
    expect(valuesOf(await load([one], pairs, { resampling: 'average' }), 0)).toEqual([10, 35]);
  });

  it('of 16 bits masks only 0', async () => {
    const wide = await transparent('wide', [[1000, 2000, 3000, 4000]], [65535, 0, 100, 1], 16);
    expect(valuesOf(await load([wide], gridAt(0, 10, 4, 1, 10, 32632)))).toEqual([1000, NAN, 3000, 4000]);
  });

  it('can be loaded by its number, and then has values everywhere', async () => {
    const tensor = await load([one], grid, { bands: [3, 1] });
    expect(valuesOf(tensor, 0)).toEqual([255, 0, 128, 1, 0]);
    expect(valuesOf(tensor, 1)).toEqual([10, NAN, 30, 40, NAN]);
  });

  it.each<[MosaicMethod, number[]]>([
    ['first', [10, 7, 30, 40, NAN]],
    ['last', [6, 7, 8, 9, NAN]],
    ['mean', [8, 7, 19, 24.5, NAN]],
    ['sum', [16, 7, 38, 49, NAN]],
    ['min', [6, 7, 8, 9, NAN]],
    ['count', [2, 1, 2, 2, 0]],
  ])('lets through what lies behind: %s', async (method, expected) => {
    const behind = await transparent('behind', [[6, 7, 8, 9, 3]], [255, 255, 255, 255, 0]);
    expect(valuesOf(await load([one, behind], grid, { method, bands: [1] }))).toEqual(expected);
  });

  it('is combined with a quality band', async () => {
    const scl = await writeRow(folder, 'scl', {
      scl: { geobox: grid, bands: [Uint8Array.of(9, 4, 4, 9, 4)], names: ['SCL'] },
    });
    const row = {
      ...one,
      assets: {
        data: { href: one.href, bands: [{ name: 'red', index: 1 }] },
        scl: scl.assets.scl,
      },
    };
    const tensor = await load([row], grid, { bands: ['red'], mask: { band: 'SCL', classes: [9] } });
    expect(valuesOf(tensor)).toEqual([NAN, NAN, 30, NAN, NAN]);
  });
});

describe('masks and nodata together', () => {
  it('nodata is compared with the same tolerance with a mask and without', async () => {
    const box = gridAt(0, 10, 4, 1);
    const lowest = -3.4028234663852886e38;
    const values = [Float32Array.of(1, lowest, Math.fround(-9999.004), 4)];
    const mask = Uint8Array.of(255, 255, 255, 0);
    const describe = (nodata: number) => ({ geobox: box, bands: values, describe: { nodata } });
    for (const [nodata, expected] of [
      // The lowest float32 as STAC items write it, and GDAL's comparison of floats.
      [-3.4028235e38, [1, NAN, Math.fround(-9999.004), 4]],
      [-9999, [1, lowest, NAN, 4]],
    ] as const) {
      const plain = await writeRow(folder, `plain${nodata}`, { data: describe(nodata) });
      const masked = await writeRow(folder, `masked${nodata}`, { data: { ...describe(nodata), mask } });
      const load = async (row: CatalogRow) =>
        valuesOf(await loadRaster([row], box, { resampling: 'nearest' }));
      expect(await load(plain)).toEqual(expected);
      expect(await load(masked)).toEqual([...expected.slice(0, 3), NAN]);
    }
  });
});
