import { invalidOption } from '../../errors.js';
import type { GeoBox, GeoSlice, PixelWindow, TimeInterval } from '../../geo/index.js';
import type { CatalogRow } from '../row.js';

/** A place, a time and a pixel grid to load: what samplers yield. */
export interface Chip {
  /** Its place in the sampler's sequence. */
  readonly index: number;
  /** Its exact pixels. */
  readonly geobox: GeoBox;
  /** The same place as a query. */
  readonly slice: GeoSlice;
  /** Its pixels in the grid of the area that was sampled; padding lies outside that grid. */
  readonly window: PixelWindow;
  /** The row it was taken from, where it belongs to one. */
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

/** A chip in messages. */
export function describeChip({ index, slice }: Chip): string {
  return `chip ${index} at [${slice.bounds.join(', ')}] in ${slice.crs}`;
}
