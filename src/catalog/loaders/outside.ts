/** Fills pixels of chips outside the area that they were sampled from. */
import { invalidInput, invalidOption } from '../../errors.js';
import { allocateArray, canHold, type Dtype, type GeoBox, GeoTensor } from '../../geo/index.js';

/**
 * Values of pixels outside an area: its pixels mirrored at its edges without repeating the edge (`reflect`), its
 * nearest pixels (`edge`), or a number.
 */
export type OutsideFill = 'reflect' | 'edge' | number;

/** Tolerance for the alignment of two grids, in pixels. */
const ALIGNED = 1e-6;

/**
 * Fills the pixels of a tensor outside an area, as `numpy.pad` does with modes of the same names. Chips of the sampler
 * policies `pad` and `centre` extend beyond their area, where loaders have no data. The grid, and gaps inside the area,
 * do not change. Each plane is filled from its own pixels.
 * @param tensor (…, y, x)
 * @param area the `geobox` of the `SampleArea`, or any aligned grid
 * @throws {TerrachipError} INVALID_INPUT for grids that are not aligned, a tensor outside the area, or too few pixels
 * inside to reflect; INVALID_OPTION for an unknown fill, or a number outside the type's range
 */
export function fillOutside<D extends Dtype>(
  tensor: GeoTensor<D>,
  area: GeoBox,
  fill: OutsideFill,
): GeoTensor<D> {
  if (fill !== 'reflect' && fill !== 'edge' && typeof fill !== 'number')
    throw invalidOption('fill', `cannot be "${String(fill)}"`, 'give reflect, edge or a number');
  if (typeof fill === 'number' && !canHold(tensor.dtype, fill))
    throw invalidOption('fill', `cannot be ${fill} in ${tensor.dtype}`, 'give a value that the type holds');
  const { width, height } = tensor.geobox;
  const [x, y] = offsetIn(area, tensor.geobox);
  const columns = sourceIndexes('columns', width, -x, area.width - x, fill);
  const rows = sourceIndexes('rows', height, -y, area.height - y, fill);
  const data = allocateArray(tensor.dtype, tensor.data.length);
  const size = width * height;
  for (let plane = 0; plane < tensor.data.length; plane += size) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [fromX, fromY] = [columns[column], rows[row]];
        data[plane + row * width + column] =
          fromX < 0 || fromY < 0 ? Number(fill) : tensor.data[plane + fromY * width + fromX];
      }
    }
  }
  const { shape, dimensions, geobox, nodata, times, bandNames } = tensor;
  return new GeoTensor<D>({ data, shape, dimensions, geobox, nodata, times, bandNames });
}

/** The position of a grid's first pixel in an area, in pixels. */
function offsetIn(area: GeoBox, grid: GeoBox): readonly [x: number, y: number] {
  const toArea = area.transform.inverse();
  const [x, y] = toArea.apply(...grid.transform.apply(0, 0)).map(Math.round);
  const isAligned = [
    [0, 0],
    [grid.width, 0],
    [0, grid.height],
  ].every(([column, row]) => {
    const [areaX, areaY] = toArea.apply(...grid.transform.apply(column, row));
    return Math.abs(areaX - x - column) < ALIGNED && Math.abs(areaY - y - row) < ALIGNED;
  });
  if (isAligned && area.crs.equals(grid.crs)) return [x, y];
  throw invalidInput(
    'a tensor on other pixels than those of its area',
    'cannot be filled',
    'give the grid of the area that the chip was taken from',
  );
}

/**
 * The index along an axis from which each pixel gets its value; −1 for the fill. Indexes from `start` to `end` are
 * inside.
 */
function sourceIndexes(
  axis: string,
  length: number,
  start: number,
  end: number,
  fill: OutsideFill,
): Int32Array {
  const [first, last] = [Math.max(0, start), Math.min(length, end) - 1];
  if (first > last)
    throw invalidInput('a tensor outside its area', 'has no pixels to fill from', 'give its own area');
  const beyond = Math.max(first, length - 1 - last);
  if (fill === 'reflect' && beyond > last - first) {
    throw invalidInput(
      `a chip that reaches ${beyond} ${axis} beyond its area`,
      `cannot be reflected, since only ${last - first + 1} are inside`,
      'fill it with edge or a number, or take smaller chips',
    );
  }
  return Int32Array.from({ length }, (_, k) => {
    if (k >= first && k <= last) return k;
    if (fill === 'edge') return k < first ? first : last;
    return fill === 'reflect' ? 2 * (k < first ? first : last) - k : -1;
  });
}
