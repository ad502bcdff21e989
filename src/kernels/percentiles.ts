/**
 * Percentiles by histograms on the device: only counts are downloaded.
 *
 * Definition: `numpy.nanpercentile` with linear interpolation, over the finite values. The first histogram covers their
 * range. If all requested percentiles are in a small part of its bins, as with outliers, a further histogram covers that
 * part. Values in a bin are assumed to be evenly spaced. A percentile is within 1.01 · `binWidth` of NumPy's, and within
 * 1.01 · (high − low) / bins in any case. Percentiles 0 and 100 are exact.
 *
 * Shapes: float32 of any shape. Bytes per value: 4 for the range, and 4 per histogram, usually one.
 */
import { invalidInput } from '../errors.js';
import { type Backend, type DeviceTensor, defineKernel, type KernelTable } from '../gpu/index.js';
import { compose, histogramShader, valueRangeShader } from '../shaders/index.js';
import { requireDtype } from './check.js';
import * as histogramCpu from './cpu/histogram.js';
import * as valueRangeCpu from './cpu/value-range.js';
import { LARGEST, SMALLEST_NORMAL } from './float32.js';
import { flatGrid } from './grid.js';

export const VALUE_RANGE = {
  bindings: {
    values: { access: 'read', dtype: 'float32' },
    // Three words per invocation: the bits of the minimum and of the maximum, and the count.
    shares: { access: 'write', dtype: 'uint32' },
  },
  parameters: { count: 'u32', lanes: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `valueRange`. */
export const valueRangeKernel = defineKernel({
  name: 'value-range',
  ...VALUE_RANGE,
  shader: compose(valueRangeShader, ['missing', 'flat-index']),
  grid: ({ lanes }) => flatGrid(lanes),
  cpu: { module: valueRangeCpu.module, run: valueRangeCpu.run, rows: ({ lanes }) => lanes },
});

export const HISTOGRAM = {
  bindings: {
    values: { access: 'read', dtype: 'float32' },
    // (group, bins + 2), initially zero: values below the range, in each bin, above the range.
    counts: { access: 'atomic', dtype: 'uint32' },
  },
  // The first bin begins at `low` and the last ends at `high`; `factor` is the number of bins in two units.
  parameters: { count: 'u32', groups: 'u32', bins: 'u32', low: 'f32', high: 'f32', factor: 'f32' },
} as const satisfies KernelTable;

/** The histogram kernel of `percentiles`. */
export const histogramKernel = defineKernel({
  name: 'histogram',
  ...HISTOGRAM,
  shader: compose(histogramShader, ['missing', 'flat-index']),
  grid: ({ count }) => flatGrid(count),
  cpu: { module: histogramCpu.module, run: histogramCpu.run, rows: ({ groups }) => groups },
});

/** Fewest values per invocation of `valueRange`, and most invocations. */
const VALUES_PER_LANE = 32;
const MAX_LANES = 65536;

/** The range of the finite values of a tensor. */
export interface ValueRange {
  /** Null if no value is finite. */
  low: number | null;
  high: number | null;
  /** Number of finite values. */
  count: number;
}

/** The exact minimum and maximum of the finite values, and their number. */
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
const MIN_BINS = 64;
const MAX_BINS = 65536;

/** Histograms that are filled in parallel and summed. */
const GROUPS = 32;

/** If at most this share of the bins is used, a further histogram covers only that part. */
const USEFUL_SHARE = 1 / 8;

/** Options of `percentiles`. */
export interface PercentileOptions {
  /** Bins of a histogram, from 64 to 65536 (default 4096). */
  bins?: number;
}

/** Percentiles of the finite values of a tensor. */
export interface Percentiles {
  /** In the order of the request; null if no value is finite. */
  values: number[] | null;
  /** Each value is within 1.01 · `binWidth` of `numpy.nanpercentile`. */
  binWidth: number;
  /** Number of finite values. */
  count: number;
}

/**
 * Percentiles of the finite values.
 * @param percents from 0 to 100
 * @throws {TerrachipError} INVALID_INPUT for percents or a number of bins out of range
 */
export async function percentiles(
  backend: Backend,
  values: DeviceTensor,
  percents: readonly number[],
  options: PercentileOptions = {},
): Promise<Percentiles> {
  const { bins = DEFAULT_BINS } = options;
  const wrong = percents.find((percent) => !(percent >= 0 && percent <= 100));
  if (wrong !== undefined)
    throw invalidInput(`a percentile of ${wrong}`, 'is impossible', 'give numbers from 0 to 100');
  if (!Number.isInteger(bins) || bins < MIN_BINS || bins > MAX_BINS)
    throw invalidInput(
      `${bins} bins`,
      'are impossible',
      `give a whole number from ${MIN_BINS} to ${MAX_BINS}`,
    );
  const { low, high, count } = await valueRange(backend, values);
  if (low === null || high === null) return { values: null, binWidth: 0, count };
  // A percentile between two ranks is interpolated.
  const places = percents.map((percent) => {
    const position = (percent / 100) * (count - 1);
    const below = Math.floor(position);
    return { below, share: position - below };
  });
  const ranks = places.flatMap(({ below, share }) => (share === 0 ? [below] : [below, below + 1]));
  const inner = ranks.filter((rank) => rank > 0 && rank < count - 1);
  const histogram =
    inner.length === 0 || low === high
      ? null
      : await findHistogram(backend, values, { low, high, bins }, inner);
  const rankValue = (rank: number): number => {
    if (rank === 0 || histogram === null) return rank === 0 ? low : high;
    return rank === count - 1 ? high : histogram.valueOf(rank);
  };
  const results = places.map(({ below, share }) =>
    share === 0 ? rankValue(below) : rankValue(below) * (1 - share) + rankValue(below + 1) * share,
  );
  return { values: results, binWidth: histogram?.binWidth ?? 0, count };
}

interface Bins {
  readonly low: number;
  readonly high: number;
  readonly bins: number;
}

/** The histogram of the part of a range that contains some ranks. */
async function findHistogram(
  backend: Backend,
  values: DeviceTensor,
  range: Bins,
  ranks: readonly number[],
): Promise<RankHistogram> {
  for (;;) {
    const histogram = await countValues(backend, values, range);
    const used = ranks.map((rank) => histogram.binOf(rank));
    // One more bin on either side: a shader may count a value on an edge in the neighbouring bin.
    const first = Math.max(0, Math.min(...used) - 1);
    const last = Math.min(range.bins - 1, Math.max(...used) + 1);
    const low = Math.fround(range.low + first * histogram.binWidth);
    const high = Math.fround(range.low + (last + 1) * histogram.binWidth);
    const useful = last + 1 - first > USEFUL_SHARE * range.bins;
    if (useful || !canDivide(low, high, range.bins)) return histogram;
    range = { low, high, bins: range.bins };
  }
}

/** Whether the edges of so many bins are distinct in float32. */
function canDivide(low: number, high: number, bins: number): boolean {
  const width = (high - low) / bins;
  return width > 2 ** -23 * Math.max(Math.abs(low), Math.abs(high)) && width > SMALLEST_NORMAL;
}

/** Approximate values by rank, from a histogram. */
class RankHistogram {
  readonly binWidth: number;
  readonly #low: number;
  readonly #high: number;
  readonly #counts: Float64Array;
  /** Cumulative counts: below the range, each bin, above the range. */
  readonly #ends: Float64Array;

  constructor({ low, high, bins }: Bins, counts: Float64Array) {
    this.binWidth = (high - low) / bins;
    this.#low = low;
    this.#high = high;
    this.#counts = counts;
    let end = 0;
    this.#ends = counts.map((n) => {
      end += n;
      return end;
    });
  }

  /** The bin of a rank, from 0. */
  binOf(rank: number): number {
    return this.#ends.findIndex((end) => end > rank) - 1;
  }

  valueOf(rank: number): number {
    const bin = this.binOf(rank);
    const count = this.#counts[bin + 1];
    const before = this.#ends[bin + 1] - count;
    const value = this.#low + (bin + (rank - before + 0.5) / count) * this.binWidth;
    return Math.min(this.#high, Math.max(this.#low, value));
  }
}

async function countValues(backend: Backend, values: DeviceTensor, range: Bins): Promise<RankHistogram> {
  const { low, high, bins } = range;
  const slots = bins + 2;
  const counts = backend.upload(new Uint32Array(GROUPS * slots), [GROUPS, slots]);
  try {
    // Doubled, since the kernel halves values so that differences do not overflow.
    const factor = Math.min(LARGEST, (2 * bins) / (high - low));
    const parameters = { count: values.length, groups: GROUPS, bins, low, high, factor };
    backend.run(histogramKernel, { tensors: { values, counts }, parameters });
    const parts = await backend.download(counts);
    const sums = new Float64Array(slots);
    for (let i = 0; i < parts.length; i++) sums[i % slots] += parts[i];
    return new RankHistogram(range, sums);
  } finally {
    counts.dispose();
  }
}
