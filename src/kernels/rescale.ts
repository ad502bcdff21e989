/**
 * Linear rescaling with limits, in place: harmonising, normalising, clipping, stretching.
 *
 * Definition: `y = min(max((x − origin) · factor, low), high)`; values that are not finite are no data and become NaN.
 *
 * Shapes: float32 of any shape; bands come first for `normalise`. Error: 2⁻²³ · |x − origin| · factor, bit-identical on
 * every backend; `clip` is exact, and so is `harmonise` of integers. Bytes per value: 8.
 */
import { invalidInput } from '../errors.js';
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { rescaleShader } from '../shaders/index.js';
import * as cpu from './cpu/rescale.js';
import { LARGEST } from './float32.js';
import { perValue } from './grid.js';

export const RESCALE = {
  bindings: { values: { access: 'read_write', dtype: 'float32' } },
  parameters: { count: 'u32', first: 'u32', origin: 'f32', factor: 'f32', low: 'f32', high: 'f32' },
  constants: { zero_is_missing: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `normalise`, `clip`, `stretch`, `harmonise` and `reflectanceToDigital`. */
export const rescaleKernel = perValue('rescale', RESCALE, rescaleShader, ['missing'], cpu);

/** The offset that Sentinel-2's processing baselines from 04.00 on add to digital numbers. */
const BASELINE_OFFSET = 1000;

/**
 * Converts digital numbers of Sentinel-2's processing baseline 04.00 and later to the earlier ones, in place: `DN − 1000`.
 * A DN of 0 is no data (NaN), tested before the subtraction. Results below 0 become 0.
 *
 * Source: ESA, Sentinel-2 Products Specification Document 15.0, BOA_ADD_OFFSET of −1000 and NODATA of 0.
 * @param values digital numbers as float32, NaN for no data; before any resampling
 * @param offset the added offset (default 1000)
 * @throws {TerrachipError} INVALID_INPUT for an offset that is not finite
 */
export function harmonise(backend: Backend, values: DeviceTensor, offset = BASELINE_OFFSET): void {
  rescale(backend, values, { origin: offset, low: 0, zeroIsMissing: true });
}

/** The harmonised digital number of a reflectance of 1. */
const QUANTIFICATION = 10_000;

/**
 * Reflectance to Sentinel-2's harmonised digital numbers, in place: `reflectance · 10 000`. Results below 0 become 0, as in
 * `harmonise`. NaN stays NaN.
 *
 * Source: as `harmonise`, QUANTIFICATION_VALUE.
 * @param values reflectance as float32, NaN for no data; before any resampling
 */
export function reflectanceToDigital(backend: Backend, values: DeviceTensor): void {
  rescale(backend, values, { factor: QUANTIFICATION, low: 0 });
}

/** The mean and standard deviation of a band, in its units. */
export interface Normalisation {
  mean: number;
  std: number;
}

/**
 * `(x − mean) / std`, in place. NaN stays NaN; `gatherChips` normalises and replaces NaN in one step.
 * @param values (band, …pixels) with a normalisation for each band, or any shape with one for all
 * @throws {TerrachipError} INVALID_INPUT for a standard deviation that is not positive, or another number of bands
 */
export function normalise(
  backend: Backend,
  values: DeviceTensor,
  bands: Normalisation | readonly Normalisation[],
): void {
  const list = 'mean' in bands ? [bands] : bands;
  if (list.length !== 1 && list.length !== values.shape[0]) {
    throw invalidInput(
      `${list.length} normalisations`,
      `do not fit a tensor of shape (${values.shape.join(', ')})`,
      'give one for each band, the first dimension, or one for all',
    );
  }
  for (const { mean, std } of list) {
    if (std > 0 && Number.isFinite(std) && Number.isFinite(mean)) continue;
    const remedy = 'give finite numbers and a positive standard deviation';
    const problem = 'is impossible';
    throw invalidInput(`a normalisation by mean ${mean} and standard deviation ${std}`, problem, remedy);
  }
  const count = values.length / list.length;
  for (const [k, { mean, std }] of list.entries())
    rescale(backend, values, { origin: mean, factor: 1 / std, first: k * count, count });
}

/**
 * Values below `low` become `low`, and those above `high` become `high`, in place.
 * @throws {TerrachipError} INVALID_INPUT unless low ≤ high; infinities are no limit
 */
export function clip(
  backend: Backend,
  values: DeviceTensor,
  { low = -Infinity, high = Infinity }: { low?: number; high?: number },
): void {
  if (!(low <= high))
    throw invalidInput(`limits of ${low} and ${high}`, 'are impossible', 'give the lower one first');
  rescale(backend, values, { low, high });
}

/**
 * Stretches values so that `low` becomes 0 and `high` becomes 1, in place, and clips them to this range. With limits from
 * `percentiles` it is a percentile stretch.
 * @throws {TerrachipError} INVALID_INPUT unless low < high
 */
export function stretch(
  backend: Backend,
  values: DeviceTensor,
  { low, high }: { low: number; high: number },
): void {
  if (!(low < high) || !Number.isFinite(high - low))
    throw invalidInput(`a stretch from ${low} to ${high}`, 'is impossible', 'give two rising numbers');
  rescale(backend, values, { origin: low, factor: 1 / (high - low), low: 0, high: 1 });
}

interface Line {
  origin?: number;
  factor?: number;
  low?: number;
  high?: number;
  zeroIsMissing?: boolean;
  first?: number;
  count?: number;
}

function rescale(backend: Backend, values: DeviceTensor, line: Line): void {
  const { origin = 0, factor = 1, zeroIsMissing = false, first = 0, count = values.length } = line;
  if (!Number.isFinite(origin))
    throw invalidInput(`an offset of ${origin}`, 'is impossible', 'give a finite number');
  backend.run(rescaleKernel, {
    tensors: { values },
    parameters: {
      count,
      first,
      origin,
      factor,
      low: Math.max(-LARGEST, line.low ?? -LARGEST),
      high: Math.min(LARGEST, line.high ?? LARGEST),
      zero_is_missing: zeroIsMissing ? 1 : 0,
    },
  });
}
