/**
 * Cases of xbatcher's tests/test_generators.py by their names: a time series of 10 steps on 100 × 50 pixels, cut by grids
 * that drop incomplete chips, as xbatcher does.
 */
import { describe, expect, it } from 'vitest';
import { axisChips, type GridPolicy } from '../../../src/catalog/samplers/grid.js';
import {
  type Batch,
  batches,
  type Chip,
  type ChipArray,
  type ChipArrays,
  combineSamplers,
  gridSampler,
  type ItemSource,
  type PixelSize,
  SampleArea,
  timeWindows,
} from '../../../src/catalog/samplers/index.js';
import { Affine, GeoBox, GeoTensor, TimeInterval } from '../../../src/geo/node/index.js';
import { wrapSource } from '../../../src/io/byte-source.js';
import { FileSource } from '../../../src/io/node/index.js';
import { createBlockCache, GeoTiffRaster } from '../../../src/raster/node/index.js';
import { temporaryFolder } from '../../support/files.js';
import { randomValues } from '../../support/random.js';
import { gridAt, writeRow } from '../../support/raster-rows.js';
import { DAY, EAST, NORTH } from './rows.js';

const folder = await temporaryFolder();

const [STEPS, HEIGHT, WIDTH] = [10, 50, 100];
const geobox = gridAt(EAST, NORTH, WIDTH, HEIGHT);
const cube = new GeoTensor({
  data: randomValues(51, STEPS * HEIGHT * WIDTH),
  shape: [STEPS, HEIGHT, WIDTH],
  dimensions: ['time', 'y', 'x'],
  geobox,
});
const area = SampleArea.of(geobox);
/** One row of the cube: 100 numbers along x. */
const line = SampleArea.of(gridAt(EAST, NORTH, WIDTH, 1));
const foo = cube.data.subarray(0, WIDTH);

const grid = (over: SampleArea, size: PixelSize, stride = size) =>
  gridSampler(over, { size, stride, policy: 'drop' });

/** The cube in the window of a chip, at some of its steps. */
function select({ window }: Chip, steps = [0, STEPS]): ChipArray {
  const { x, y, width, height } = window;
  const values: number[] = [];
  for (let step = steps[0]; step < steps[1]; step++) {
    for (let row = y; row < y + height; row++) {
      const start = (step * HEIGHT + row) * WIDTH + x;
      values.push(...cube.data.subarray(start, start + width));
    }
  }
  return { data: Float32Array.from(values), shape: [steps[1] - steps[0], height, width] };
}

const loadLine = async ({ window: { x, width } }: Chip): Promise<{ foo: ChipArray }> => ({
  foo: { data: foo.slice(x, x + width), shape: [width] },
});
const loadCube = async (chip: Chip): Promise<{ foo: ChipArray }> => ({ foo: select(chip) });

async function collect<T, A extends ChipArrays>(
  source: ItemSource<T>,
  load: (item: T, signal: AbortSignal) => Promise<A>,
  batchSize: number,
): Promise<Batch<T, A>[]> {
  const all: Batch<T, A>[] = [];
  for await (const batch of batches(source, load, { batchSize })) all.push(batch);
  return all;
}

describe('xbatcher tests/test_generators.py, one dimension', () => {
  const starts = (size: number, overlap: number): number[] =>
    axisChips(100, size, size - overlap, 'drop').map(([start]) => start);

  it('test_constructor_dataarray: the area keeps its grid', () => {
    expect(area.geobox.equals(geobox)).toBe(true);
  });

  it.each([5, 6])('test_generator_length: %s', (size) => {
    expect(starts(size, 0)).toHaveLength(Math.floor(100 / size));
    expect(grid(line, [size, 1])).toHaveLength(Math.floor(100 / size));
  });

  it('test_generator_getitem', () => {
    const sampler = grid(line, [10, 1]);
    expect(sampler.at(0).window).toEqual({ x: 0, y: 0, width: 10, height: 1 });
    expect(sampler.at(sampler.length - 1).window.x).toBe(90);
    expect(() => sampler.at(9_999_999)).toThrow('index 9999999 is not in a sequence of 10; count from 0');
    expect(() => sampler.at(-1)).toThrow('index -1 is not in a sequence of 10');
    // Several at once are a sequence, too.
    expect([...sampler.pick([1, 2, 3])].map(({ window }) => window.x)).toEqual([10, 20, 30]);
  });

  it.each([5, 10])('test_batch_1d, test_batch_1d_no_coordinate: %s', async (size) => {
    const found = await collect(grid(line, [size, 1]), loadLine, 1);
    expect(found).toHaveLength(100 / size);
    for (const [n, { arrays }] of found.entries()) {
      expect(arrays.foo.shape).toEqual([1, size]);
      expect([...arrays.foo.data]).toEqual([...foo.subarray(size * n, size * (n + 1))]);
    }
  });

  it.each([5, 10])('test_batch_1d_concat, test_batch_1d_concat_no_coordinate: %s', async (size) => {
    const [all, ...others] = await collect(grid(line, [size, 1]), loadLine, 100 / size);
    expect(others).toHaveLength(0);
    expect(all.arrays.foo.shape).toEqual([100 / size, size]);
    expect([...all.arrays.foo.data]).toEqual([...foo]);
    // Each item keeps its position.
    expect(all.items.map(({ geobox: { transform } }) => transform.c)).toEqual(
      Array.from({ length: 100 / size }, (_, n) => EAST + 10 * size * n),
    );
  });

  it('test_batch_1d_concat_duplicate_dim: two chips of 5 per batch of 10', async () => {
    const found = await collect(grid(line, [5, 1]), loadLine, 2);
    expect(found.map(({ arrays }) => arrays.foo.shape)).toEqual(new Array(10).fill([2, 5]));
    expect([...found[3].arrays.foo.data]).toEqual([...foo.subarray(30, 40)]);
  });

  it.each([1, 4])('test_batch_1d_overlap: %s', async (overlap) => {
    const stride = 10 - overlap;
    const expected = Array.from({ length: Math.floor((100 - 10) / stride) + 1 }, (_, n) => stride * n);
    expect(starts(10, overlap)).toEqual(expected);
    const found = await collect(grid(line, [10, 1], [stride, 1]), loadLine, 1);
    expect(found.map(({ arrays }) => [...arrays.foo.data])).toEqual(
      expected.map((start) => [...foo.subarray(start, start + 10)]),
    );
  });
});

describe('xbatcher tests/test_generators.py, three dimensions', () => {
  it.each([5, 10])('test_batch_3d_1d_input: %s', async (size) => {
    const found = await collect(grid(area, [size, HEIGHT]), loadCube, 1);
    expect(found).toHaveLength(100 / size);
    for (const [n, { arrays }] of found.entries()) {
      expect(arrays.foo.shape).toEqual([1, STEPS, HEIGHT, size]);
      const at = (3 * HEIGHT + 7) * size;
      const expected = cube.data.subarray((3 * HEIGHT + 7) * WIDTH + size * n).subarray(0, size);
      expect([...arrays.foo.data.subarray(at, at + size)]).toEqual([...expected]);
    }
  });

  it('test_batch_3d_1d_input_batch_dims: chips at each pair of steps', async () => {
    const start = Date.UTC(2021, 6, 1);
    const times = timeWindows(new TimeInterval(start, start + STEPS * DAY - 1), { length: 2 * DAY });
    const chips = combineSamplers(grid(area, [5, 10]), times, 'product');
    const load = async (chip: Chip): Promise<{ foo: ChipArray }> => {
      const step = (chip.slice.interval.start - start) / DAY;
      return { foo: select(chip, [step, step + 2]) };
    };
    const found = await collect(chips, load, 5);
    expect(found).toHaveLength(20 * 5);
    expect(found[0].arrays.foo.shape).toEqual([5, 2, 10, 5]);
    // The second chip in a row, at the third pair of steps.
    const { data } = found[1].arrays.foo;
    expect([...data.subarray(2 * 100, 2 * 100 + 5)]).toEqual([
      ...cube.data.subarray(4 * HEIGHT * WIDTH + 5, 4 * HEIGHT * WIDTH + 10),
    ]);
  });

  it('test_batch_3d_1d_input_batch_concat_duplicate_dim: four chips of 5 × 10 per batch of 10 × 20', async () => {
    const blocks = grid(area, [10, 20]);
    for (const block of blocks) {
      const { x, y, width, height } = block.window;
      const inside = grid(area.within([{ x, y, width, height }]), [5, 10]);
      const found = await collect(inside, loadCube, 4);
      expect(found).toHaveLength(1);
      expect(found[0].arrays.foo.shape).toEqual([4, STEPS, 10, 5]);
    }
    expect(blocks).toHaveLength(10 * 2);
  });

  it.each([5, 10])('test_batch_3d_2d_input: %s', async (size) => {
    const found = await collect(grid(area, [20, size]), loadCube, 1);
    expect(found).toHaveLength((HEIGHT / size) * (WIDTH / 20));
    for (const [n, { items, arrays }] of found.entries()) {
      const [row, column] = [Math.floor(n / (WIDTH / 20)), n % (WIDTH / 20)];
      expect(items[0].window).toEqual({ x: 20 * column, y: size * row, width: 20, height: size });
      expect(arrays.foo.data[0]).toBe(cube.data[size * row * WIDTH + 20 * column]);
      expect(arrays.foo.shape).toEqual([1, STEPS, size, 20]);
    }
  });

  it('test_batch_3d_2d_input: a remainder smaller than a chip is dropped and reported (xbatcher#123)', () => {
    const sampler = grid(area, [20, 15]);
    expect(sampler).toHaveLength(5 * 3);
    expect(sampler.report.droppedPixels).toBe(100 * 5);
  });

  it.each([5, 10])('test_batch_3d_2d_input_concat: %s', async (size) => {
    const chips = (HEIGHT / size) * (WIDTH / 20);
    const [all] = await collect(grid(area, [20, size]), loadCube, chips);
    expect(all.arrays.foo.shape).toEqual([chips, STEPS, size, 20]);
    const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b);
    expect(sum(all.arrays.foo.data)).toBeCloseTo(sum(cube.data), 6);
  });
});

describe('xbatcher tests/test_generators.py, loading and options', () => {
  it('test_preload_batch_false: loading is lazy', async () => {
    let loaded = 0;
    const load = async (chip: Chip): Promise<{ foo: ChipArray }> => {
      loaded++;
      return loadLine(chip);
    };
    const iterator = batches(grid(line, [2, 1]), load, { batchSize: 1, prefetch: 0 });
    expect(loaded).toBe(0);
    await iterator.next();
    // The one in hand, and the next.
    expect(loaded).toBe(2);
    await iterator.return();
  });

  it('test_preload_batch_true: loads prefetch batches ahead', async () => {
    let loaded = 0;
    const load = async (chip: Chip): Promise<{ foo: ChipArray }> => {
      loaded++;
      return loadLine(chip);
    };
    const iterator = batches(grid(line, [2, 1]), load, { batchSize: 1, prefetch: 12 });
    await iterator.next();
    expect(loaded).toBe(1 + 13);
    await iterator.return();
  });

  it('test_input_dim_exceptions: a chip larger than the area is padded', () => {
    const sampler = gridSampler(line, { size: [110, 1], policy: 'drop' });
    expect(sampler).toHaveLength(1);
    expect(sampler.report).toMatchObject({ droppedPixels: 0, addedPixels: 10 });
  });

  it('test_input_overlap_exceptions', () => {
    expect(() => grid(line, [10, 1], [-10, 1])).toThrow(
      'stride cannot be -10 × 1; give whole numbers of pixels',
    );
    expect(() => grid(line, 0)).toThrow('size cannot be 0; give whole numbers of pixels');
    expect(() => gridSampler(area, { size: 5, stride: [3, 1.5] })).toThrow('stride cannot be 3 × 1.5');
    expect(() => gridSampler(area, { size: 4, stride: 5 })).toThrow('would leave gaps');
    expect(() => gridSampler(area, { size: 4, policy: 'shift' as GridPolicy })).toThrow(
      'policy cannot be shift',
    );
  });

  it.each([5, 10])('test_to_json: a grid has the same chips after JSON: %s', (size) => {
    const rotated = new GeoBox(32631, new Affine(8, 6, EAST, 6, -8, NORTH), 37, 41);
    const copy = GeoBox.fromJSON(JSON.parse(JSON.stringify(rotated)));
    const of = (box: GeoBox): string => JSON.stringify([...grid(SampleArea.of(box), [size, 20])]);
    expect(of(copy)).toBe(of(rotated));
  });

  it('test_batcher_cached_getitem: an item is the same on each access, and read once', async () => {
    const row = await writeRow(folder, 'foo', {
      data: { geobox, bands: [cube.data.slice(0, WIDTH * HEIGHT)] },
    });
    const source = await FileSource.open(row.href);
    let reads = 0;
    const counting = wrapSource(source, (...request) => {
      reads++;
      return source.read(...request);
    });
    const raster = await GeoTiffRaster.open(counting, { cache: createBlockCache(2 ** 20) });
    const sampler = grid(area, [10, 50]);
    const load = async (k: number): Promise<number[]> => {
      const [values] = await raster.readPlanes({ window: sampler.at(k).window });
      return [...values];
    };
    const [first, second] = [await load(0), await load(1)];
    expect(first.slice(0, 10)).toEqual([...foo.subarray(0, 10)]);
    const before = reads;
    expect([await load(1), await load(0)]).toEqual([second, first]);
    expect(reads).toBe(before);
    await raster.close();
  });
});
