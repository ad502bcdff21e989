/**
 * Cases of stackstac (test_mosaic), odc-loader (same_nodata, resolve_nodata) and odc-stac (test_group_items) by their
 * names, where they say something about loaders: random stacks against a reference in float64.
 */
import { describe, expect, it } from 'vitest';
import { type CatalogRow, loadRaster, loadRasterTimeseries } from '../../src/catalog/node/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(500_000, 5_000_060, 6, 6);

/** Sources of random places and types around a grid, and what each has at the grid's pixels. */
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

describeBackends('test_mosaic', (backend) => {
  const methods: MosaicMethod[] = ['first', 'last', 'min', 'max', 'sum', 'mean', 'median', 'count'];
  it.each(methods)('random stacks by %s are the reference', async (method) => {
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
});

describe('odc', () => {
  it('same_nodata: sources with different nodata values agree on none of them', async () => {
    const file = (values: number[], nodata: number) => ({
      data: { geobox: gridAt(0, 10, 3, 1), bands: [Int16Array.from(values)], options: { nodata } },
    });
    const rows = [
      await writeRow(folder, 'nodata-a', file([-1, 5, 0], -1)),
      await writeRow(folder, 'nodata-b', file([7, -1, 0], 0)),
    ];
    const box = gridAt(0, 10, 3, 1);
    const load = (dtype: 'int16' | 'float32') =>
      loadRaster(rows, box, { dtype, order: 'given', resampling: 'nearest' });
    expect([...(await load('float32')).data]).toEqual([7, 5, 0]);
    const integers = await load('int16');
    // resolve_nodata: that of the first source.
    expect(integers.nodata).toBe(-1);
    expect([...integers.data]).toEqual([7, 5, 0]);
  });

  it('test_group_items: by time, by solar day, with ids in order within a group', async () => {
    const box = gridAt(500_000, 5_000_010, 1, 1);
    const make = (id: string, interval: string, value: number) =>
      writeRow(folder, id, { data: { geobox: box, bands: [Uint8Array.of(value)] } }, { interval });
    const rows = [
      await make('g-c', '2021-07-02T10:20:00Z', 3),
      await make('g-b', '2021-07-01T10:20:10Z', 2),
      await make('g-a', '2021-07-01T10:20:10Z', 1),
      await make('g-0', '2021-07-01T10:20:00Z', 4),
    ];
    const byTime = await loadRasterTimeseries(rows, box, { steps: 'time' });
    expect([...byTime.data]).toEqual([4, 1, 3]);
    const bySun = await loadRasterTimeseries(rows, box, { steps: 'solarDay', method: 'last' });
    expect([...bySun.data]).toEqual([2, 3]);
  });
});
