/** Pixel values and their validity. Every computation on pixels reads them here. */
import type { TypedArray } from '../geo/index.js';
import { markNodata } from '../kernels/cpu/stored-values.js';
import type { BandInfo, Raster, WindowRequest } from './raster.js';

/** A band number and its nodata, of the file or declared. */
export type ReadBand = Pick<BandInfo, 'index' | 'nodata'>;

/** Values of a window, and their validity. */
export interface Pixels {
  /** Stored values, one array per band. */
  readonly planes: readonly TypedArray[];
  /** 1 for valid, 0 for nodata, NaN and pixels masked by a mask or an alpha band. */
  readonly valid: readonly Uint8Array[];
}

/** The part of a raster that `readPixels` reads. */
export interface PixelsRequest extends Omit<WindowRequest, 'bands' | 'into'> {
  /** Numbers from 1, or bands with declared nodata. Default: all. */
  bands?: readonly (number | ReadBand)[];
}

/**
 * Reads a window: stored values and validity of each band. A complex band has two values, but one validity, per pixel.
 * @throws {TerrachipError} as `readPlanes` and `readMask`
 */
export async function readPixels(raster: Raster, request: PixelsRequest = {}): Promise<Pixels> {
  const { bands = raster.bands, ...rest } = request;
  const readBands = bands.map((band) =>
    typeof band === 'number' ? { index: band, nodata: raster.bands[band - 1]?.nodata ?? null } : band,
  );
  const indexes = readBands.map(({ index }) => index);
  const planes = await raster.readPlanes({ ...rest, bands: indexes });
  const masks = await readMasks(raster, indexes, rest);
  const valid = planes.map((plane, k) => {
    const { components = 1, colourInterpretation } = raster.bands[indexes[k] - 1] ?? {};
    // An alpha band is valid everywhere.
    if (colourInterpretation === 'alpha') return new Uint8Array(plane.length).fill(1);
    const result = new Uint8Array(plane.length / components);
    const mask = masks[k];
    for (let i = 0; i < result.length; i++) result[i] = mask === null || mask[i] !== 0 ? 1 : 0;
    markNodata(plane, components, readBands[k].nodata, result);
    return result;
  });
  return { planes, valid };
}

/** One mask per band, 0 for invalid: the same array if the file has one mask for all; null for none. */
export async function readMasks(
  raster: Raster,
  bands: readonly number[],
  request: Omit<WindowRequest, 'bands' | 'into'>,
): Promise<(Uint8Array | null)[]> {
  if (raster.mask === null) return bands.map(() => null);
  if (raster.mask === 'band masks')
    return Promise.all(bands.map((band) => raster.readMask({ ...request, band })));
  const mask = await raster.readMask(request);
  return bands.map(() => mask);
}

/**
 * Physical values of a band with NaN for no data.
 * @param k index from 0 into the bands that were read; not complex
 */
export function physicalValues(
  { planes, valid }: Pixels,
  k: number,
  { scale, offset }: Pick<BandInfo, 'scale' | 'offset'>,
): Float64Array {
  const [plane, known] = [planes[k], valid[k]];
  const values = new Float64Array(plane.length);
  for (let i = 0; i < values.length; i++) values[i] = known[i] === 0 ? Number.NaN : plane[i] * scale + offset;
  return values;
}
