import { invalidOption } from '../../errors.js';
import type { GeoBox, GeoSlice, PixelWindow, TimeInterval } from '../../geo/index.js';
import type { CatalogRow } from '../row.js';

/** A pixel grid and a time to load, from a sampler. */
export interface Chip {
  /** Its index in the sampler's sequence. */
  readonly index: number;
  /** Its pixel grid. */
  readonly geobox: GeoBox;
  /** Its bounds, resolution and time as a query. */
  readonly slice: GeoSlice;
  /** Its window in the grid of the sampled area; padding is outside that grid. */
  readonly window: PixelWindow;
  /** Its row, for samplers that draw chips from single rows. */
  readonly row?: CatalogRow;
}

/** Pixels: one number for both sides, or width and height. */
export type PixelSize = number | readonly [width: number, height: number];

/** @throws {TerrachipError} INVALID_OPTION unless both sides are whole numbers from 1 to 65,536 */
export function pixelSize(size: PixelSize, option: string): readonly [width: number, height: number] {
  const sides = typeof size === 'number' ? ([size, size] as const) : size;
  if (!sides.every((side) => Number.isInteger(side) && side >= 1 && side <= 65_536)) {
    throw invalidOption(
      option,
      `cannot be ${typeof size === 'number' ? size : sides.join(' × ')}`,
      'give whole numbers of pixels from 1 to 65,536',
    );
  }
  return sides;
}

export function sliceOf(geobox: GeoBox, interval: TimeInterval): GeoSlice {
  return {
    bounds: geobox.bounds,
    crs: geobox.crs,
    resolution: Math.min(...geobox.resolution),
    interval,
  };
}

/** The name of a chip in messages. */
export function describeChip({ index, slice }: Chip): string {
  return `chip ${index} at [${slice.bounds.join(', ')}] in ${slice.crs}`;
}
