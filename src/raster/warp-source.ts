/** Stored values of a source, on their way to be warped: on a device, without what nodata and masks take away. */
import { TerrachipError } from '../errors.js';
import { allocateArray, dtypeOf, type PixelWindow, type TypedArray } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import {
  keepsValues,
  keepWhere,
  type NodataOptions,
  nodataToNaN,
  type Resampling,
} from '../kernels/index.js';
import type { BandInfo } from './raster.js';
import type { UnitStep } from './units.js';

/** A source on the device, and how a kernel makes float32 of it. */
export interface StoredSource {
  readonly source: DeviceTensor;
  readonly stored: NodataOptions;
}

export interface SourcePixels {
  readonly values: TypedArray;
  readonly band: BandInfo;
  /** 0 where a pixel is not valid; null for no mask. */
  readonly mask: Uint8Array | null;
}

interface SourceOptions {
  readonly resampling: Resampling;
  readonly unscale?: boolean;
  readonly transparency?: 'values' | 'gaps';
  readonly prepare?: UnitStep | null;
}

/**
 * @param name of the raster, for messages
 * @throws {TerrachipError} UNSUPPORTED for whole numbers that float32 cannot hold, where the resampling promises the
 *   source's own values
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
  // What is to be done before resampling needs values, not what is stored.
  const source = asValues(backend, uploaded);
  prepare(backend, source);
  return { source, stored: {} };
}

function upload(
  backend: Backend,
  name: string,
  { values, band, mask }: SourcePixels,
  { resampling, unscale, transparency }: SourceOptions,
): StoredSource {
  const { scale, offset } = unscale === false ? { scale: 1, offset: 0 } : band;
  const isAlpha = band.colourInterpretation === 'alpha';
  const nodata = isAlpha ? null : band.nodata;
  const wide = values instanceof Int32Array || values instanceof Uint32Array;
  const integers = wide || band.storedType.endsWith('int64');
  if (integers && keepsValues(resampling)) requireExact(name, values, nodata);
  // An alpha band itself has values everywhere.
  const holes = isAlpha && transparency !== 'gaps' ? null : mask;
  if (values instanceof Float64Array) {
    // A GPU has no float64: the tests and the scaling happen here, before the values lose precision.
    const converted = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const missing = values[i] === nodata || holes?.[i] === 0;
      converted[i] = missing ? Number.NaN : values[i] * scale + offset;
    }
    return { source: backend.upload(converted), stored: {} };
  }
  const uploaded = { source: backend.upload(values), stored: { nodata, scale, offset } };
  if (holes === null) return uploaded;
  // By the kernels too, so that a mask changes nothing about what else is no data.
  const source = asValues(backend, uploaded);
  const kept = backend.upload(holes);
  keepWhere(backend, source, kept);
  kept.dispose();
  return { source, stored: {} };
}

/** Float32 with NaN for no data; what was uploaded is given back. */
function asValues(backend: Backend, { source, stored }: StoredSource): DeviceTensor {
  const values = nodataToNaN(backend, source, stored);
  source.dispose();
  return values;
}

/** Such resamplings promise the source's own values, but they pass through float32, which skips whole numbers from 2^24 on. */
function requireExact(name: string, values: TypedArray, nodata: number | null): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Math.fround(value) === value || value === nodata) continue;
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} holds ${value}, a whole number that float32 cannot hold and that this resampling would change`,
      'renumber them, or use gdalwarp',
      { feature: 'whole numbers beyond 16777216' },
    );
  }
}

/**
 * Reads planes over a window whose columns may go on beyond the edges of an image that goes all around the globe.
 * @param width columns of the image
 * @param turn columns after which it repeats; 0 for one that does not
 */
export async function readAround(
  window: PixelWindow,
  width: number,
  turn: number,
  read: (part: PixelWindow) => Promise<readonly (TypedArray | null)[]>,
): Promise<readonly (TypedArray | null)[]> {
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
    if (first === null) return null;
    const joined = allocateArray(dtypeOf(first), window.width * window.height);
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
