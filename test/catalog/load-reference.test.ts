/** Cases of stackstac's tests/test_mosaic.py by their names: random stacks against a reference in float64, and by hand. */
import { expect, it } from 'vitest';
import { type CatalogRow, loadRaster } from '../../src/catalog/node/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(500_000, 5_000_060, 6, 6);

/** Sources of random positions and dtypes around a grid, and their values at the grid's pixels. */
async function randomStack(seed: number, count: number): Promise<{ rows: CatalogRow[]; layers: number[][] }> {
  const random = seeded(seed);
  const whole = (below: number): number => Math.floor(random() * below);
  const rows: CatalogRow[] = [];
  const layers: number[][] = [];
  for (let k = 0; k < count; k++) {
    const [dx, dy, width, height] = [whole(8) - 4, whole(8) - 4, 2 + whole(8), 2 + whole(8)];
    const nodata = [-7, NAN, 0][whole(3)];
    const values = Float32Array.from({ length: width * height }, () =>
      random() < 0.3 ? nodata : whole(40) - 20,
    );
    const geobox = gridAt(500_000 + 10 * dx, 5_000_060 - 10 * dy, width, height);
    rows.push(
      await writeRow(folder, `s${seed}-${k}`, { data: { geobox, bands: [values], options: { nodata } } }),
    );
    layers.push(
      Array.from({ length: 36 }, (_, i) => {
        const [x, y] = [(i % 6) - dx, Math.floor(i / 6) - dy];
        const value = x >= 0 && y >= 0 && x < width && y < height ? values[y * width + x] : NAN;
        return value === nodata ? NAN : value;
      }),
    );
  }
  return { rows, layers };
}

function reference(layers: readonly number[][], method: MosaicMethod): number[] {
  return Array.from({ length: 36 }, (_, i) => {
    const known = layers.map((layer) => layer[i]).filter((value) => !Number.isNaN(value));
    if (method === 'count') return known.length;
    if (known.length === 0) return NAN;
    const sorted = [...known].sort((a, b) => a - b);
    const sum = known.reduce((total, value) => total + value, 0);
    const middle = (known.length - 1) / 2;
    switch (method) {
      case 'first':
        return known[0];
      case 'last':
        return known[known.length - 1];
      case 'min':
        return sorted[0];
      case 'max':
        return sorted[sorted.length - 1];
      case 'sum':
        return sum;
      case 'mean':
        return sum / known.length;
      default:
        return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
    }
  });
}

describeBackends('stackstac tests/test_mosaic.py', (backend) => {
  const methods: MosaicMethod[] = ['first', 'last', 'min', 'max', 'sum', 'mean', 'median', 'count'];
  it.each(methods)('test_fuzz_mosaic: random stacks by %s are equal to the reference', async (method) => {
    for (const [seed, count] of [
      [1, 1],
      [2, 3],
      [3, 6],
      [4, 13],
    ]) {
      const { rows, layers } = await randomStack(seed, count);
      const tensor = await loadRaster(rows, grid, {
        backend: backend(),
        method,
        order: 'given',
        resampling: 'nearest',
        bands: [1],
      });
      expect(tensor.data).toBeCloseToArray(reference(layers, method), 1e-5);
    }
  });

  it('test_mosaic_basic: the last on top, or the first', async () => {
    const line = gridAt(500_000, 5_000_010, 4, 1);
    const rows: CatalogRow[] = [];
    for (const [k, values] of [
      [NAN, 1, 2, NAN],
      [NAN, 10, 20, 30],
      [NAN, 100, 200, NAN],
    ].entries())
      rows.push(
        await writeRow(folder, `basic-${k}`, { data: { geobox: line, bands: [Float32Array.from(values)] } }),
      );
    const load = async (method: MosaicMethod): Promise<number[]> => [
      ...(await loadRaster(rows, line, { backend: backend(), method, order: 'given', resampling: 'nearest' }))
        .data,
    ];
    expect(await load('last')).toEqual([NAN, 100, 200, 30]);
    expect(await load('first')).toEqual([NAN, 1, 2, 30]);
  });

  it('test_mosaic_basic: a pixel missing in many sources is taken from the next source', async () => {
    const line = gridAt(500_000, 5_000_010, 3, 1);
    const lacking = await writeRow(folder, 'lacking', {
      data: { geobox: line, bands: [Float32Array.of(1, NAN, 3)] },
    });
    const whole = await writeRow(folder, 'whole', {
      data: { geobox: line, bands: [Float32Array.of(7, 8, 9)] },
    });
    const rows = [...Array.from({ length: 9 }, (_, k) => ({ ...lacking, id: `lacking-${k}` })), whole];
    const load = async (order: readonly CatalogRow[], method: MosaicMethod): Promise<number[]> => [
      ...(
        await loadRaster(order, line, { backend: backend(), method, order: 'given', resampling: 'nearest' })
      ).data,
    ];
    expect(await load(rows, 'first')).toEqual([1, 8, 3]);
    expect(await load([...rows].reverse(), 'last')).toEqual([1, 8, 3]);
  });

  it('test_mosaic_dtype_error: all values of integers without nodata are data', async () => {
    const line = gridAt(500_000, 5_000_010, 3, 1);
    const rows = [
      await writeRow(folder, 'whole-0', { data: { geobox: line, bands: [Int16Array.of(0, 1, 2)] } }),
      await writeRow(folder, 'whole-1', { data: { geobox: line, bands: [Int16Array.of(5, 6, 7)] } }),
    ];
    const options = { backend: backend(), order: 'given', resampling: 'nearest' } as const;
    expect([...(await loadRaster(rows, line, options)).data]).toEqual([0, 1, 2]);
    expect([...(await loadRaster(rows, line, { ...options, sourceNodata: 0 })).data]).toEqual([5, 1, 2]);
  });
});
