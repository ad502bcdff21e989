/** Rows of all bands of a file and of its mask. */
import { allocateArray, type Dtype, dtypeOf, type TypedArray } from '../../geo/index.js';
import { type ReducingMethod, reduceMask, reduceRows, type SizeReduction } from './overview.js';

/** Consecutive rows of all bands and the mask. */
export interface Planes {
  /** The image's row at the start. */
  readonly firstRow: number;
  readonly bands: readonly TypedArray[];
  readonly mask: Uint8Array | null;
}

/** @param size values of a plane */
export function allocatePlanes(dtype: Dtype, bands: number, hasMask: boolean, size: number): Planes {
  return {
    firstRow: 0,
    bands: Array.from({ length: bands }, () => allocateArray(dtype, size)),
    mask: hasMask ? new Uint8Array(size) : null,
  };
}

/** A copy of rows `start` to `end` of some rows, counted from the first of them. */
export function copyRows(
  { firstRow, bands, mask }: Planes,
  start: number,
  end: number,
  width: number,
): Planes {
  const copy = <T extends TypedArray>(values: T): T => values.slice(start * width, end * width) as T;
  return { firstRow: firstRow + start, bands: bands.map(copy), mask: mask && copy(mask) };
}

/** Some rows and those that follow. */
export function joinRows(upper: Planes, lower: Planes): Planes {
  const join = <T extends TypedArray>(first: T, second: T): T => {
    const joined = allocateArray(dtypeOf(first), first.length + second.length) as T;
    joined.set(first);
    joined.set(second, first.length);
    return joined;
  };
  return {
    firstRow: upper.firstRow,
    bands: upper.bands.map((values, band) => join(values, lower.bands[band])),
    mask: upper.mask && lower.mask && join(upper.mask, lower.mask),
  };
}

/**
 * Rows `start` to `end` of an overview.
 * @param gaps the nodata value, and the alpha band, from 0
 */
export function reducePlanes(
  { firstRow, bands, mask }: Planes,
  { nodata, alpha }: { readonly nodata: number | null; readonly alpha: number | null },
  reduction: SizeReduction,
  start: number,
  end: number,
  method: ReducingMethod,
): Planes {
  const layout = { stride: reduction.from[0], firstRow };
  const opaque = alpha === null || method === 'nearest' ? null : opaqueOf(bands[alpha]);
  const reduced = bands.map((values, band) => {
    const gaps = band === alpha ? { nodata: null, mask: null } : { nodata, mask: mask ?? opaque };
    return reduceRows({ ...layout, ...gaps, values }, reduction, start, end, method);
  });
  const reducedMask = mask && reduceMask({ ...layout, mask }, reduction, start, end, method);
  return { firstRow: start, bands: reduced, mask: reducedMask };
}

/** 1 for an alpha band above 0, to keep colours of transparent pixels out of overviews. */
function opaqueOf(alpha: TypedArray): Uint8Array {
  const opaque = new Uint8Array(alpha.length);
  for (let i = 0; i < opaque.length; i++) if (alpha[i] !== 0) opaque[i] = 1;
  return opaque;
}
