/**
 * Percentiles by histograms on the device: only counts come back.
 *
 * Definition: `numpy.nanpercentile` with linear interpolation, over the finite values. A first histogram covers their
 * range; while all values that are asked for lie in a small part of its bins, as where outliers take most of the
 * range, another one covers that part. A value is known to its bin, and values in a bin are taken to lie evenly: so a
 * percentile is within 1.01 of the bins that the result states of NumPy's, and within 1.01 · (high − low) / bins of
 * the whole range in any case. 0 and 100 are exact.
 *
 * Shapes: float32 of any shape. Bytes a value: 4 for the range, and 4 a histogram: mostly one.
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
    // Three words an invocation: the bits of the least and of the greatest value, and how many they are.
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
    // (group, bins + 2), zero at first: those below the range, each bin, those above.
    counts: { access: 'atomic', dtype: 'uint32' },
  },
  // The first bin begins at `low` and the last ends at `high`; `factor` is the number of bins in two units.
  parameters: { count: 'u32', groups: 'u32', bins: 'u32', low: 'f32', high: 'f32', factor: 'f32' },
} as const satisfies KernelTable;

/** The kernel of `percentiles`: counts of values by bin. */
export const histogramKernel = defineKernel({
  name: 'histogram',
  ...HISTOGRAM,
  shader: compose(histogramShader, ['missing', 'flat-index']),
  grid: ({ count }) => flatGrid(count),
  cpu: { module: histogramCpu.module, run: histogramCpu.run, rows: ({ groups }) => groups },
});

/** Values that one invocation looks at for the range, at least; and the most invocations. */
const VALUES_PER_LANE = 32;
const MAX_LANES = 65536;

/** The least and the greatest finite value of a tensor. */
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
const MIN_BINS = 64;
const MAX_BINS = 65536;

/** Histograms that share the work. */
const GROUPS = 32;

/** A histogram of which no more than this share is of use is made again for that part. */
const USEFUL_SHARE = 1 / 8;

/** How exact percentiles are. */
export interface PercentileOptions {
  /** Of a histogram: from 64 to 65536 (default 4096). */
  bins?: number;
}

/** Percentiles of the finite values of a tensor. */
export interface Percentiles {
  /** As asked for; null where no value is finite. */
  values: number[] | null;
  /** How exact they are: each is within 1.01 bins of `numpy.nanpercentile`. */
  binWidth: number;
  /** Number of finite values. */
  count: number;
}

/**
 * Percentiles of the finite values.
 * @param percents from 0 to 100
 * @throws {TerrachipError} INVALID_INPUT for percents or a number of bins that are impossible
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
  // Between two ranks, a percentile lies between their values.
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
  const found = places.map(({ below, share }) =>
    share === 0 ? rankValue(below) : rankValue(below) * (1 - share) + rankValue(below + 1) * share,
  );
  return { values: found, binWidth: histogram?.binWidth ?? 0, count };
}

interface Bins {
  readonly low: number;
  readonly high: number;
  readonly bins: number;
}

/** The histogram of the part of a range in which some ranks lie. */
async function findHistogram(
  backend: Backend,
  values: DeviceTensor,
  range: Bins,
  ranks: readonly number[],
): Promise<RankHistogram> {
  for (;;) {
    const histogram = await countValues(backend, values, range);
    const used = ranks.map((rank) => histogram.binOf(rank));
    // A bin more on either side: a shader may place what lies on an edge in the neighbour.
    const first = Math.max(0, Math.min(...used) - 1);
    const last = Math.min(range.bins - 1, Math.max(...used) + 1);
    const low = Math.fround(range.low + first * histogram.binWidth);
    const high = Math.fround(range.low + (last + 1) * histogram.binWidth);
    const useful = last + 1 - first > USEFUL_SHARE * range.bins;
    if (useful || !canDivide(low, high, range.bins)) return histogram;
    range = { low, high, bins: range.bins };
  }
}

/** Whether float32 tells the edges of so many bins apart. */
function canDivide(low: number, high: number, bins: number): boolean {
  const width = (high - low) / bins;
  return width > 2 ** -23 * Math.max(Math.abs(low), Math.abs(high)) && width > SMALLEST_NORMAL;
}

/** Where the values of each rank in order lie, as far as a histogram tells. */
class RankHistogram {
  readonly binWidth: number;
  readonly #low: number;
  readonly #high: number;
  readonly #counts: Float64Array;
  /** Values up to the end of each slot: those below the range, each bin, those above. */
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
    // Twice, since the kernel halves values: their differences could be too large.
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
