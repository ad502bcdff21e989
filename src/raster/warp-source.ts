/** Uploads a source's stored values for warping, with nodata and masks applied. */
import { TerrachipError } from '../errors.js';
import { equalsNodata } from '../geo/dtype.js';
import { allocateArray, dtypeOf, type PixelWindow, type TypedArray } from '../geo/index.js';
import type { Backend, DeviceTensor, Staging } from '../gpu/index.js';
import {
  keepsValues,
  keepWhere,
  type NodataOptions,
  nodataToNaN,
  type Resampling,
} from '../kernels/index.js';
import type { BandInfo } from './raster.js';
import type { UnitStep } from './units.js';

/** A source on the device, and its conversion to float32 in a kernel. */
export interface StoredSource {
  readonly source: DeviceTensor;
  readonly stored: NodataOptions;
}

export interface SourcePixels {
  readonly values: TypedArray;
  readonly band: BandInfo;
  /** 0 for invalid; null for no mask. */
  readonly mask: Uint8Array | null;
  /** The memory of `values` if it can become a tensor, else null. */
  readonly staging: Staging | null;
}

interface SourceOptions {
  readonly resampling: Resampling;
  readonly unscale?: boolean;
  readonly transparency?: 'values' | 'gaps';
  readonly prepare?: UnitStep | null;
}

/**
 * @param name of the raster, for messages
 * @throws {TerrachipError} UNSUPPORTED for whole numbers that float32 cannot hold, with a resampling that must keep the
 *   source's values
 */
export function uploadSource(
  backend: Backend,
  name: string,
  pixels: SourcePixels,
  options: SourceOptions,
): StoredSource {
  const uploaded = upload(backend, name, pixels, options);
  const { prepare = null } = options;
  if (prepare === null) return uploaded;
  // `prepare` takes physical values.
  const source = asValues(backend, uploaded);
  prepare(backend, source);
  return { source, stored: {} };
}

function upload(
  backend: Backend,
  name: string,
  { values, band, mask, staging }: SourcePixels,
  { resampling, unscale, transparency }: SourceOptions,
): StoredSource {
  const { scale, offset } = unscale === false ? { scale: 1, offset: 0 } : band;
  const { nodata, holes } = gapsOf(band, mask, transparency);
  const keeps = keepsValues(resampling) && scale === 1;
  if (values instanceof Float64Array || (mayExceedFloat32(band) && (keeps || scale !== 1))) {
    // A GPU has no float64: the tests and the scaling happen here, before the values lose precision.
    const converted = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const missing = equalsNodata(values[i], nodata) || holes?.[i] === 0;
      const value = missing ? Number.NaN : values[i] * scale + offset;
      converted[i] = value;
      if (keeps && converted[i] !== value && Number.isSafeInteger(value)) throw notExact(name, band, value);
    }
    return { source: backend.upload(converted), stored: {} };
  }
  const uploaded = { source: staging?.tensor() ?? backend.upload(values), stored: { nodata, scale, offset } };
  if (holes === null) return uploaded;
  // Nodata is applied by the kernel too, so a mask does not change other gaps.
  const source = asValues(backend, uploaded);
  const kept = backend.upload(holes);
  keepWhere(backend, source, kept);
  kept.dispose();
  return { source, stored: {} };
}

/** Float32 with NaN for no data; disposes of the uploaded tensor. */
function asValues(backend: Backend, { source, stored }: StoredSource): DeviceTensor {
  const values = nodataToNaN(backend, source, stored);
  source.dispose();
  return values;
}

/** A band's gaps besides NaN. */
function gapsOf(
  band: BandInfo,
  mask: Uint8Array | null,
  transparency: SourceOptions['transparency'],
): { nodata: number | null; holes: Uint8Array | null } {
  const isAlpha = band.colourInterpretation === 'alpha';
  // An alpha band is valid everywhere.
  return { nodata: isAlpha ? null : band.nodata, holes: isAlpha && transparency !== 'gaps' ? null : mask };
}

/** Whether float32 cannot hold all values of a band's type. */
export function mayExceedFloat32({ dtype }: Pick<BandInfo, 'dtype'>): boolean {
  return dtype === 'float64' || dtype === 'int32' || dtype === 'uint32';
}

/**
 * @param nodata a value that may be rounded
 * @throws {TerrachipError} UNSUPPORTED for whole numbers, such as classes and counts, that float32 would round
 */
export function requireFloat32(name: string, values: ArrayLike<number>, nodata = Number.NaN): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Math.fround(value) === value || value === nodata || !Number.isSafeInteger(value)) continue;
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} holds ${value}, a whole number that float32, the type of the result, cannot hold`,
      'read it by openRaster and readPlanes, which keep it, or subtract an offset first',
      { feature: 'whole numbers beyond 16777216' },
    );
  }
}

/** The error for a resampling that must keep the source's values, which float32 would round. */
function notExact(name: string, { index }: BandInfo, value: number): TerrachipError {
  return new TerrachipError(
    'UNSUPPORTED',
    `${name} holds ${value}, a whole number that float32 cannot hold and that this resampling would change, in band ${index}`,
    'load it as a type that holds it (dtype float64), warp the file, which keeps it, or subtract an offset first (terrachip calc)',
    { feature: 'whole numbers beyond 16777216' },
  );
}

/** Float32 codes in place of values that float32 does not hold; resampled codes decode to resampled values. */
export interface CodedSource {
  /** NaN for no data. */
  readonly codes: Float32Array;
  /** The stored value of a resampled code; null if codes are the values. */
  readonly decode: ((code: number) => number) | null;
}

/** float32 holds all whole numbers up to this. */
const MOST_CODES = 2 ** 24;

/**
 * Codes for stored values of any type: the values themselves if float32 holds all. Else an index for `nearest`, and a
 * rank for other resamplings that pick a value, since ranks keep order and equality. For interpolations and means, whose
 * weights add up to 1, the difference from one of the values.
 * @throws {TerrachipError} UNSUPPORTED for more values than there are codes
 */
export function codeSource(
  name: string,
  { values, band, mask }: SourcePixels,
  { resampling, transparency }: SourceOptions,
): CodedSource {
  const { nodata, holes } = gapsOf(band, mask, transparency);
  const codes = new Float32Array(values.length);
  let exact = true;
  // Integers equal nodata exactly; float64 with the tolerance of `equalsNodata`.
  const inexact = values instanceof Float64Array;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const missing =
      (inexact ? equalsNodata(value, nodata) : value === nodata) || (holes !== null && holes[i] === 0);
    const code = missing ? Number.NaN : Math.fround(value);
    codes[i] = code;
    if (code !== value && !missing && !Number.isNaN(value)) exact = false;
  }
  // Sums and roots of squares are computed in float32.
  if (exact || resampling === 'sum' || resampling === 'rms') return { codes, decode: null };
  if (!keepsValues(resampling)) {
    const base = values[codes.findIndex((code) => Number.isFinite(code))] ?? 0;
    for (let i = 0; i < codes.length; i++) if (!Number.isNaN(codes[i])) codes[i] = values[i] - base;
    return { codes, decode: (code) => code + base };
  }
  if (resampling === 'nearest' && codes.length <= MOST_CODES) {
    for (let i = 0; i < codes.length; i++) if (!Number.isNaN(codes[i])) codes[i] = i;
    return { codes, decode: (code) => values[code] };
  }
  const sorted = Float64Array.from(values)
    .filter((_, i) => !Number.isNaN(codes[i]))
    .sort();
  const ranks = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (ranks.length > MOST_CODES) throw notExact(name, band, ranks[ranks.length - 1]);
  for (let i = 0; i < codes.length; i++) if (!Number.isNaN(codes[i])) codes[i] = rankOf(ranks, values[i]);
  return { codes, decode: (code) => ranks[code] };
}

/** The index of a value in a sorted array that has it. */
function rankOf(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Reads planes of a window that may reach beyond the left and right edges of an image that spans the globe.
 * @param image its columns, and the period in columns after which it repeats, 0 for none
 */
export async function readAround<T extends TypedArray | null>(
  window: PixelWindow,
  { width, turn }: { width: number; turn: number },
  read: (part: PixelWindow) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const end = window.x + window.width;
  if (turn === 0 || (window.x >= 0 && end <= width)) return read(window);
  const ranges = [
    { from: window.x, to: Math.min(0, end), shift: turn },
    { from: Math.max(0, window.x), to: Math.min(width, end), shift: 0 },
    { from: Math.max(width, window.x), to: end, shift: -turn },
  ].filter(({ from, to }) => from < to);
  const parts = await Promise.all(
    ranges.map(({ from, to, shift }) => read({ ...window, x: from + shift, width: to - from })),
  );
  return parts[0].map((first, plane) => {
    if (first === null) return first;
    // Of the parts' type and the window's size.
    const joined = allocateArray(dtypeOf(first), window.width * window.height) as NonNullable<T>;
    for (const [k, { from, to }] of ranges.entries()) {
      const columns = to - from;
      for (let row = 0; row < window.height; row++) {
        const values = parts[k][plane]?.subarray(row * columns, (row + 1) * columns);
        if (values !== undefined) joined.set(values, row * window.width + from - window.x);
      }
    }
    return joined;
  });
}
