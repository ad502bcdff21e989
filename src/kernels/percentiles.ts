/**
 * Percentiles by a histogram on the device: only counts come back.
 *
 * Definition: `numpy.nanpercentile` with linear interpolation, over the finite values. A value is known to the bin
 * that it is counted in, of `(high − low) / bins`; within a bin, values are taken to lie evenly. So a percentile is
 * within 1.001 bins of NumPy's; 0 and 100 are exact where the range is that of the values.
 *
 * Shapes: float32 of any shape. Bytes a value: 4, and 4 more to find the range.
 */
import { invalidInput } from '../errors.js';
import { type Backend, type DeviceTensor, defineKernel } from '../gpu/index.js';
import { compose, histogramShader, valueRangeShader } from '../shaders/index.js';
import { requireDtype } from './check.js';
import * as histogramCpu from './cpu/histogram.js';
import * as valueRangeCpu from './cpu/value-range.js';
import { flatGrid } from './grid.js';

export const valueRangeKernel = defineKernel({
  name: 'value-range',
  code: compose(valueRangeShader, ['missing', 'flat-index']),
  workgroupSize: [256, 1, 1],
  bindings: [
    { name: 'values', access: 'read' },
    { name: 'shares', access: 'write' },
  ],
  parameters: [
    { name: 'count', type: 'u32' },
    { name: 'lanes', type: 'u32' },
  ],
  grid: ({ lanes }) => flatGrid(lanes),
  cpu: { module: valueRangeCpu.module, run: valueRangeCpu.run, rows: ({ lanes }) => lanes },
});

export const histogramKernel = defineKernel({
  name: 'histogram',
  code: compose(histogramShader, ['missing', 'flat-index']),
  workgroupSize: [256, 1, 1],
  bindings: [
    { name: 'values', access: 'read' },
    { name: 'counts', access: 'read_write' },
  ],
  parameters: [
    { name: 'count', type: 'u32' },
    { name: 'groups', type: 'u32' },
    { name: 'bins', type: 'u32' },
    { name: 'low', type: 'f32' },
    { name: 'factor', type: 'f32' },
  ],
  grid: ({ count }) => flatGrid(count),
  cpu: { module: histogramCpu.module, run: histogramCpu.run, rows: ({ groups }) => groups },
});

/** Values that one invocation looks at for the range, at least; and the most invocations. */
const VALUES_PER_LANE = 32;
const MAX_LANES = 65536;

export interface ValueRange {
  /** Null where no value is finite. */
  low: number | null;
  high: number | null;
  /** Number of finite values. */
  count: number;
}

/** The least and the greatest of the finite values, exactly, and how many there are. */
export async function valueRange(backend: Backend, values: DeviceTensor): Promise<ValueRange> {
  requireDtype('a range', values, 'float32');
  const lanes = Math.min(MAX_LANES, Math.ceil(values.length / VALUES_PER_LANE));
  const shares = backend.allocate([lanes, 3], 'uint32');
  try {
    const parameters = { count: values.length, lanes };
    backend.run(valueRangeKernel, { tensors: { values, shares }, parameters });
    const words = await backend.download(shares);
    const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
    let low: number | null = null;
    let high: number | null = null;
    let count = 0;
    for (let lane = 0; lane < lanes; lane++) {
      const valid = words[3 * lane + 2];
      if (valid === 0) continue;
      count += valid;
      low = Math.min(low ?? Infinity, floats[3 * lane]);
      high = Math.max(high ?? -Infinity, floats[3 * lane + 1]);
    }
    return { low, high, count };
  } finally {
    shares.dispose();
  }
}

const DEFAULT_BINS = 4096;
const MAX_BINS = 65536;

/** Histograms that share the work. */
const GROUPS = 32;

export interface PercentileOptions {
  /** Values beyond it count in the outermost bins (default: the range of the values, which takes a pass more). */
  range?: readonly [low: number, high: number];
  /** From 2 to 65536 (default 4096). */
  bins?: number;
}

export interface Percentiles {
  /** As asked for; null where no value is finite. */
  values: number[] | null;
  /** How exact they are: each is within 1.001 bins of `numpy.nanpercentile`. */
  binWidth: number;
  /** Number of finite values. */
  count: number;
}

/**
 * Percentiles of the finite values.
 * @param percents from 0 to 100
 * @throws {TerrachipError} INVALID_INPUT for percents, a range or a number of bins that are impossible
 */
export async function percentiles(
  backend: Backend,
  values: DeviceTensor,
  percents: readonly number[],
  options: PercentileOptions = {},
): Promise<Percentiles> {
  const { bins = DEFAULT_BINS } = options;
  requireDtype('percentiles', values, 'float32');
  const wrong = percents.find((percent) => !(percent >= 0 && percent <= 100));
  if (wrong !== undefined)
    throw invalidInput(`a percentile of ${wrong}`, 'is impossible', 'give numbers from 0 to 100');
  if (!Number.isInteger(bins) || bins < 2 || bins > MAX_BINS)
    throw invalidInput(`${bins} bins`, 'are impossible', `give a whole number from 2 to ${MAX_BINS}`);
  const [low, high] = options.range ?? (await rangeOf(backend, values));
  if (low === null || high === null) return { values: null, binWidth: 0, count: 0 };
  if (!(low <= high) || !Number.isFinite(high - low))
    throw invalidInput(`a range from ${low} to ${high}`, 'is impossible', 'give two rising numbers');
  const binWidth = (high - low) / bins;
  const counts = await countValues(backend, values, { low, binWidth, bins });
  const count = counts.reduce((sum, n) => sum + n, 0);
  if (count === 0) return { values: null, binWidth, count };
  const ranks = orderedValues(counts, count, low, binWidth);
  const found = percents.map((percent) => {
    const position = (percent / 100) * (count - 1);
    const below = Math.floor(position);
    const share = position - below;
    // The ends of a range that was found are values themselves.
    if (options.range === undefined && (position === 0 || position === count - 1))
      return position === 0 ? low : high;
    return share === 0 ? ranks(below) : ranks(below) * (1 - share) + ranks(below + 1) * share;
  });
  return { values: found, binWidth, count };
}

async function rangeOf(
  backend: Backend,
  values: DeviceTensor,
): Promise<readonly [number | null, number | null]> {
  const { low, high } = await valueRange(backend, values);
  return [low, high];
}

async function countValues(
  backend: Backend,
  values: DeviceTensor,
  { low, binWidth, bins }: { low: number; binWidth: number; bins: number },
): Promise<Float64Array> {
  const counts = backend.upload(new Uint32Array(GROUPS * bins), [GROUPS, bins]);
  try {
    const factor = binWidth === 0 ? 0 : 1 / binWidth;
    const parameters = { count: values.length, groups: GROUPS, bins, low, factor };
    backend.run(histogramKernel, { tensors: { values, counts }, parameters });
    const parts = await backend.download(counts);
    const sums = new Float64Array(bins);
    for (let i = 0; i < parts.length; i++) sums[i % bins] += parts[i];
    return sums;
  } finally {
    counts.dispose();
  }
}

/** The value of each rank in order, from 0, as far as bins tell. */
function orderedValues(
  counts: Float64Array,
  count: number,
  low: number,
  binWidth: number,
): (rank: number) => number {
  const ends = new Float64Array(counts.length);
  let end = 0;
  for (const [bin, n] of counts.entries()) {
    end += n;
    ends[bin] = end;
  }
  return (rank) => {
    const wanted = Math.min(rank, count - 1);
    const bin = ends.findIndex((stop) => stop > wanted);
    const before = ends[bin] - counts[bin];
    return low + (bin + (wanted - before + 0.5) / counts[bin]) * binWidth;
  };
}
