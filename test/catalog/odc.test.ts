/**
 * Cases of odc-loader (test_reader.py, test_builder.py) and odc-stac (test_load.py) by their names, on our loaders:
 * nodata, the choice of overviews, and the sources of each part of a load.
 */
import { describe, expect, it } from 'vitest';
import {
  createLoadCounters,
  loadRaster,
  loadRasterTimeseries,
  streamRaster,
} from '../../src/catalog/node/index.js';
import { alignedTiles, unitRows } from '../../src/geo/node/index.js';
import { openRaster, type Raster } from '../../src/raster/node/index.js';
import { levelForGeobox } from '../../src/raster/request.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const three = gridAt(0, 10, 3, 1);

const values = (numbers: number[], nodata?: number) => ({
  data: {
    geobox: three,
    bands: [Int16Array.from(numbers)],
    ...(nodata === undefined ? {} : { options: { nodata } }),
  },
});

describe('odc-loader test_reader.py', () => {
  it('test_same_nodata: sources with different nodata values each use their own', async () => {
    const rows = [
      await writeRow(folder, 'nodata-a', values([-1, 5, 0], -1)),
      await writeRow(folder, 'nodata-b', values([7, -1, 0], 0)),
    ];
    const load = (dtype: 'int16' | 'float32') =>
      loadRaster(rows, three, { dtype, order: 'given', resampling: 'nearest' });
    expect([...(await load('float32')).data]).toEqual([7, 5, 0]);
    const integers = await load('int16');
    // That of the first source.
    expect(integers.nodata).toBe(-1);
    expect([...integers.data]).toEqual([7, 5, 0]);
  });

  it('test_resolve_nodata: of sources', async () => {
    const load = async (own: number | undefined, sourceNodata?: number): Promise<number[]> => {
      const row = await writeRow(folder, `source-${own}`, values([11, 0, -1], own));
      return [...(await loadRaster([row], three, sourceNodata === undefined ? {} : { sourceNodata })).data];
    };
    expect(await load(undefined)).toEqual([11, 0, -1]);
    expect(await load(11)).toEqual([NAN, 0, -1]);
    // A file without nodata, and one with a wrong nodata value.
    expect(await load(undefined, 0)).toEqual([11, NAN, -1]);
    expect(await load(11, -1)).toEqual([11, 0, NAN]);
    expect(await load(11, 0)).toEqual([11, NAN, -1]);
  });

  it('test_resolve_nodata: of results', async () => {
    const row = await writeRow(folder, 'result', values([5, 0, 7], 0));
    const nodataOf = async (options: object): Promise<unknown[]> => {
      const { nodata, data } = await loadRaster([row], three, options);
      return [nodata, ...data];
    };
    expect(await nodataOf({})).toEqual([NAN, 5, NAN, 7]);
    expect(await nodataOf({ dtype: 'uint16' })).toEqual([0, 5, 0, 7]);
    expect(await nodataOf({ dtype: 'uint16', nodata: 3 })).toEqual([3, 5, 3, 7]);
    expect(await nodataOf({ dtype: 'float32', nodata: 3 })).toEqual([3, 5, 3, 7]);
  });

  it('test_resolve_dst_dtype', async () => {
    const row = await writeRow(folder, 'dtype', values([5, 0, 7]));
    expect((await loadRaster([row], three)).dtype).toBe('float32');
    for (const dtype of ['uint8', 'int16', 'uint32', 'float64'] as const)
      expect((await loadRaster([row], three, { dtype })).dtype).toBe(dtype);
  });

  it('test_pick_overiew', async () => {
    const side = 128;
    const geobox = gridAt(0, 1280, side, side);
    const open = async (id: string, options: object) => {
      const file = { geobox, bands: [new Uint8Array(side * side).fill(1)], options };
      return openRaster((await writeRow(folder, id, { data: file })).href);
    };
    const [plain, halved] = [
      await open('plain', {}),
      await open('halved', { overviews: 'average', blockSize: 16 }),
    ];
    expect(plain.overviews).toEqual([]);
    expect(halved.overviews.map(([width]) => side / width)).toEqual([2, 4, 8]);
    // Level 0 is the full resolution.
    const level = (raster: Raster, shrink: number): number =>
      levelForGeobox(raster, gridAt(0, 1280, 4, 4, 10 * shrink));
    expect(level(plain, 2)).toBe(0);
    expect([1, 2, 3, 4, 7, 8, 20].map((shrink) => level(halved, shrink))).toEqual([0, 1, 1, 2, 2, 3, 3]);
    await Promise.all([plain.close(), halved.close()]);
  });

  it('test_reader_ovr: reads no more than the overview holds', async () => {
    const geobox = gridAt(0, 1280, 128, 128);
    const bands = [Float32Array.from({ length: 128 * 128 }, (_, k) => k % 128)];
    const row = await writeRow(folder, 'ovr', {
      data: { geobox, bands, options: { overviews: 'average', blockSize: 16 } },
    });
    const load = async (overview: 'auto' | 'none'): Promise<[number, number[]]> => {
      const counters = createLoadCounters();
      const tensor = await loadRaster([row], gridAt(0, 1280, 16, 1, 80), {
        overview,
        counters,
        resampling: 'nearest',
      });
      return [counters.sourcePixelsRead, [...tensor.data]];
    };
    const [all, nearest] = await load('none');
    const [few, means] = await load('auto');
    expect(nearest).toEqual(Array.from({ length: 16 }, (_, k) => 8 * k + 4));
    // The mean of 8k to 8k + 7.
    expect(means).toEqual(Array.from({ length: 16 }, (_, k) => 8 * k + 3.5));
    expect(few * 4).toBeLessThan(all);
  });
});

describe('odc-loader test_builder.py', () => {
  it('test_load_tasks: each part of a grid is loaded once from its sources, with the same values', async () => {
    // 2 × 2 overlapping sources on 100 × 80 pixels, in tasks of 32.
    const grid = gridAt(0, 800, 100, 80);
    const rows = await Promise.all(
      [0, 1, 2, 3].map((k) => {
        const geobox = gridAt(450 * (k % 2), 800 - 350 * (k >> 1), 55, 45);
        const bands = [Float32Array.from({ length: geobox.pixelCount }, (_, i) => 10_000 * k + i)];
        return writeRow(folder, `task-${k}`, { data: { geobox, bands } });
      }),
    );
    const options = { method: 'mean', resampling: 'nearest' } as const;
    const whole = await loadRaster(rows, grid, options);
    const tasks = [...alignedTiles({ x: 0, y: 0, width: 100, height: 80 }, 32)];
    expect(tasks).toHaveLength(4 * 3);
    const merged = new Float32Array(grid.pixelCount).fill(NAN);
    const sources: number[] = [];
    for (const { x, y, width, height } of tasks) {
      const counters = createLoadCounters();
      const tile = await loadRaster(rows, grid.window(x, y, width, height), { ...options, counters });
      sources.push(counters.rows);
      for (let row = 0; row < height; row++)
        merged.set(tile.data.subarray(row * width, (row + 1) * width), (y + row) * 100 + x);
    }
    expect([...merged]).toEqual([...whole.data]);
    expect(sources).toEqual([1, 2, 1, 1, 2, 4, 2, 2, 1, 2, 1, 1]);
  });

  it('test_resolve_chunk_shape: strips are whole rows, each once', async () => {
    expect(unitRows(1000, 512)).toEqual([
      { start: 0, end: 512 },
      { start: 512, end: 1000 },
    ]);
    const grid = gridAt(0, 12_000, 3, 1200);
    const bands = [Float32Array.from({ length: 3600 }, (_, k) => k)];
    const row = await writeRow(folder, 'strips', { data: { geobox: grid, bands } });
    const found: number[] = [];
    for await (const strip of await streamRaster([row], grid, { resampling: 'nearest' }))
      found.push(...strip.data);
    expect(found).toEqual([...bands[0]]);
  });
});

describe('odc-stac test_load.py', () => {
  it('test_group_items: by time and by solar day, with ids sorted within a group', async () => {
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
    const byMonth = await loadRasterTimeseries(rows, box, { steps: 'month', method: 'count' });
    expect([...byMonth.data]).toEqual([4]);
  });
});
