import { invalidOption } from '../errors.js';

/** Resamplings from the pixels around a position: the destination pixel's centre in the source. */
export const INTERPOLATIONS = ['nearest', 'bilinear', 'cubic', 'cubicspline', 'lanczos'] as const;
/** Resamplings from all source pixels under a destination pixel. */
export const AREA_RESAMPLINGS = ['average', 'mode', 'min', 'max', 'med', 'q1', 'q3', 'sum', 'rms'] as const;
/** All resamplings by GDAL's names, with `nearest` for `near`. */
export const RESAMPLINGS = [...INTERPOLATIONS, ...AREA_RESAMPLINGS] as const;

/** A resampling from the pixels around a position. */
export type Interpolation = (typeof INTERPOLATIONS)[number];
/** A resampling from all source pixels under a destination pixel. */
export type AreaResampling = (typeof AREA_RESAMPLINGS)[number];
/** A resampling, by GDAL's name. */
export type Resampling = Interpolation | AreaResampling;

/**
 * Parses the name of a resampling.
 * @param option the name of the option, for the message
 * @throws {TerrachipError} INVALID_OPTION for any other name
 */
export function parseResampling(name: string, option = 'resampling'): Resampling {
  const found = RESAMPLINGS.find((resampling) => resampling === name);
  if (found === undefined) {
    throw invalidOption(option, `cannot be "${name}"`, `choose one of ${RESAMPLINGS.join(', ')}`);
  }
  return found;
}

/** Whether a resampling is an interpolation. */
export function isInterpolation(resampling: Resampling): resampling is Interpolation {
  return INTERPOLATIONS.some((name) => name === resampling);
}

const PICKING: readonly Resampling[] = ['nearest', 'mode', 'min', 'max', 'med', 'q1', 'q3'];

/** Whether every result is a value of the source. */
export function keepsValues(resampling: Resampling): boolean {
  return PICKING.includes(resampling);
}

/** Whether a resampling is meaningful for categories, whose numbers have no order. */
export function suitsCategories(resampling: Resampling): boolean {
  return resampling === 'nearest' || resampling === 'mode';
}

/** Whether filters widen where destination pixels are larger than the source's. */
export type Antialias = 'off' | 'gdal' | number;

/**
 * Parses antialiasing: `off`, `gdal`, or destination pixels per source pixel.
 * @param option the name of the option, for the message
 * @throws {TerrachipError} INVALID_OPTION for anything but off, gdal or a number above 0
 */
export function parseAntialias(text: string, option = 'antialias'): Antialias {
  if (text === 'off' || text === 'gdal') return text;
  return requireScale(text.trim() === '' ? Number.NaN : Number(text), option, text);
}

/** @throws {TerrachipError} INVALID_OPTION for a scale that is not a number above 0 */
export function requireScale(scale: number, option = 'antialias', given = String(scale)): number {
  if (scale > 0 && Number.isFinite(scale)) return scale;
  const remedy = 'give off, gdal, or destination pixels per source pixel, as 0.5 for pixels twice as wide';
  throw invalidOption(option, `cannot be "${given}"`, remedy);
}
