import { invalidOption } from '../errors.js';

/** Those that take or weight pixels around a position: the destination pixel's centre in the source. */
export const INTERPOLATIONS = ['nearest', 'bilinear', 'cubic', 'cubicspline', 'lanczos'] as const;
/** Those that sum up the source pixels under a destination pixel. */
export const AREA_RESAMPLINGS = ['average', 'mode', 'min', 'max', 'med', 'q1', 'q3', 'sum', 'rms'] as const;
/** By GDAL's names, but `nearest` for `near`. */
export const RESAMPLINGS = [...INTERPOLATIONS, ...AREA_RESAMPLINGS] as const;

export type Interpolation = (typeof INTERPOLATIONS)[number];
export type AreaResampling = (typeof AREA_RESAMPLINGS)[number];
export type Resampling = Interpolation | AreaResampling;

/** @throws {TerrachipError} INVALID_OPTION for a name that is not a resampling. */
export function parseResampling(name: string, option = '--resampling'): Resampling {
  const found = RESAMPLINGS.find((resampling) => resampling === name);
  if (found === undefined) {
    throw invalidOption(option, `cannot be "${name}"`, `choose one of ${RESAMPLINGS.join(', ')}`);
  }
  return found;
}

export function isInterpolation(resampling: Resampling): resampling is Interpolation {
  return INTERPOLATIONS.some((name) => name === resampling);
}

/** Whether every result is a value of the source: what categories need. */
export function keepsCategories(resampling: Resampling): boolean {
  return resampling === 'nearest' || resampling === 'mode';
}
