/** Grids whose pixels are the same: their values are copied, not resampled. */
import type { PixelMapping } from '../geo/index.js';
import type { DeviceTensor } from '../gpu/index.js';
import type { FilterScale, NodataOptions, Resampling } from '../kernels/index.js';

/** The source column and row of a grid's first pixel. */
export interface PixelOrigin {
  readonly column: number;
  readonly row: number;
}

/** Resamplings that give a pixel's value at its centre. */
const COPYING: readonly Resampling[] = ['nearest', 'bilinear', 'cubic'];

/** Whether a resampling gives the value of a pixel at its centre. */
export function copiesPixels(resampling: Resampling, [x, y]: FilterScale): boolean {
  return COPYING.includes(resampling) && x === 1 && y === 1;
}

/** Largest distance of pixels, in pixels, that count as the same. */
const SAME_PIXEL = 1e-6;

/** Where the pixels of two grids in one CRS are the same: the source's column and row of the first pixel; else null. */
export function samePixels({ destination, source, map }: PixelMapping): PixelOrigin | null {
  if (!destination.crs.equals(source.crs)) return null;
  const { width, height } = destination;
  const at = new Float64Array(2);
  map(0, 0, at);
  const [column, row] = [Math.round(at[0]), Math.round(at[1])];
  for (const [x, y] of [
    [0, 0],
    [width, 0],
    [0, height],
  ]) {
    map(x, y, at);
    if (!(Math.abs(at[0] - x - column) < SAME_PIXEL && Math.abs(at[1] - y - row) < SAME_PIXEL)) return null;
  }
  return { column, row };
}

/** Whether an uploaded source is float32 with NaN for no data. */
export function isPlain(
  { dtype }: DeviceTensor,
  { nodata = null, scale = 1, offset = 0 }: NodataOptions,
): boolean {
  return dtype === 'float32' && (nodata === null || Number.isNaN(nodata)) && scale === 1 && offset === 0;
}
