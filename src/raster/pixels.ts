/** Values of pixels and where they are data: what everything goes by that does more with pixels than copy them. */
import type { TypedArray } from '../geo/index.js';
import { markNodata } from '../kernels/cpu/stored-values.js';
import type { BandInfo, Raster, WindowRequest } from './raster.js';

/** What decides where a band has data, as a file says it or something beside the file. */
export type ReadBand = Pick<BandInfo, 'index' | 'nodata'>;

/** Values of a window, and where they are data. */
export interface Pixels {
  /** Stored values, an array a band. */
  readonly planes: readonly TypedArray[];
  /** 1 where a band has data: neither its nodata value nor NaN, nor hidden by a mask or an alpha band; else 0. */
  readonly valid: readonly Uint8Array[];
}

/** The part of a raster that `readPixels` reads. */
export interface PixelsRequest extends Omit<WindowRequest, 'bands'> {
  /** Numbers from 1, or bands of which something else is known than the file says. Default: all. */
  bands?: readonly (number | ReadBand)[];
}

/**
 * Reads a window of a raster: stored values, and where each band has data. Of complex numbers both arrays count pixels in
 * the same order, values twice as many.
 * @throws {TerrachipError} as `readPlanes` and `readMask`
 */
export async function readPixels(raster: Raster, request: PixelsRequest = {}): Promise<Pixels> {
  const { bands = raster.bands, ...rest } = request;
  const wanted = bands.map((band) =>
    typeof band === 'number' ? { index: band, nodata: raster.bands[band - 1]?.nodata ?? null } : band,
  );
  const indexes = wanted.map(({ index }) => index);
  const planes = await raster.readPlanes({ ...rest, bands: indexes });
  const masks = await readMasks(raster, indexes, rest);
  const valid = planes.map((plane, k) => {
    const { components = 1, colourInterpretation } = raster.bands[indexes[k] - 1] ?? {};
    // An alpha band has values everywhere.
    if (colourInterpretation === 'alpha') return new Uint8Array(plane.length).fill(1);
    const result = new Uint8Array(plane.length / components);
    const mask = masks[k];
    for (let i = 0; i < result.length; i++) result[i] = mask === null || mask[i] !== 0 ? 1 : 0;
    markNodata(plane, components, wanted[k].nodata, result);
    return result;
  });
  return { planes, valid };
}

/** A mask a band, 0 where it hides a pixel: one and the same where the file has one for all; null for none. */
export async function readMasks(
  raster: Raster,
  bands: readonly number[],
  request: Omit<WindowRequest, 'bands'>,
): Promise<(Uint8Array | null)[]> {
  if (raster.mask === null) return bands.map(() => null);
  if (raster.mask === 'band masks')
    return Promise.all(bands.map((band) => raster.readMask({ ...request, band })));
  const mask = await raster.readMask(request);
  return bands.map(() => mask);
}

/**
 * Physical values of a band with NaN for no data.
 * @param k which of the bands that were read, from 0; not of complex numbers
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
