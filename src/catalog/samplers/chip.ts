import { invalidOption } from '../../errors.js';
import type { GeoBox, GeoSlice, PixelWindow, TimeInterval } from '../../geo/index.js';
import type { CatalogRow } from '../row.js';
import type { SampleArea } from './area.js';

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
  const { bounds, crs, resolution } = geobox;
  return { bounds, crs, resolution: Math.min(...resolution), interval };
}

/** The name of a chip in messages. */
export function describeChip({ index, geobox }: Pick<Chip, 'index' | 'geobox'>): string {
  return `chip ${index} at [${geobox.bounds.join(', ')}] in ${geobox.crs}`;
}

/** The chip in a window of an area's grid. */
export function chipAt(area: SampleArea, index: number, window: PixelWindow): Chip {
  const geobox = area.geobox.window(window.x, window.y, window.width, window.height);
  return { index, geobox, slice: sliceOf(geobox, area.interval), window };
}
