/** What chips hold beyond the area that they were taken from. */
import { invalidInput, invalidOption } from '../../errors.js';
import { allocateArray, canHold, type Dtype, type GeoBox, GeoTensor } from '../../geo/index.js';

/**
 * What stands in pixels outside of an area: its own pixels mirrored at its edges, where the edge itself is not repeated
 * (`reflect`), the nearest of its pixels (`edge`), or a number.
 */
export type OutsideFill = 'reflect' | 'edge' | number;

/** Pixels of one grid may be off those of another by rounding, in parts of a pixel. */
const ALIGNED = 1e-6;

/**
 * A tensor whose pixels outside of an area are filled, as `numpy.pad` does with the modes of these names: chips of the
 * sampler policies `pad` and `centre` reach beyond their area, where loaders have no data. Its grid stays as it is, and
 * gaps inside of the area stay gaps; each plane is filled from its own pixels.
 * @param tensor (…, y, x)
 * @param area what was sampled: the `geobox` of a `SampleArea`, or any grid of the same pixels
 * @throws {TerrachipError} INVALID_INPUT for pixels that are not the area's, a tensor outside of it, or one that reaches
 * further beyond it than what lies inside can be mirrored; INVALID_OPTION for an impossible fill
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
  const [x, y] = placeIn(area, tensor.geobox);
  const columns = placesAlong('columns', width, -x, area.width - x, fill);
  const rows = placesAlong('rows', height, -y, area.height - y, fill);
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

/** Which of an area's pixels the first one of a grid is. */
function placeIn(area: GeoBox, grid: GeoBox): readonly [x: number, y: number] {
  const toArea = area.transform.inverse();
  const [x, y] = toArea.apply(...grid.transform.apply(0, 0)).map(Math.round);
  const same = [
    [0, 0],
    [grid.width, 0],
    [0, grid.height],
  ].every(([column, row]) => {
    const [foundX, foundY] = toArea.apply(...grid.transform.apply(column, row));
    return Math.abs(foundX - x - column) < ALIGNED && Math.abs(foundY - y - row) < ALIGNED;
  });
  if (same && area.crs.equals(grid.crs)) return [x, y];
  throw invalidInput(
    'a tensor on other pixels than those of its area',
    'cannot be filled',
    'give the grid of the area that the chip was taken from',
  );
}

/** Where each place along an axis takes its value from; −1 for the fill. Places from `start` to `end` lie inside. */
function placesAlong(
  axis: string,
  length: number,
  start: number,
  end: number,
  fill: OutsideFill,
): Int32Array {
  const [first, last] = [Math.max(0, start), Math.min(length, end) - 1];
  if (first > last)
    throw invalidInput('a tensor outside of its area', 'holds nothing to fill it with', 'give its own area');
  const beyond = Math.max(first, length - 1 - last);
  if (fill === 'reflect' && beyond > last - first) {
    throw invalidInput(
      `a chip that reaches ${beyond} ${axis} beyond its area`,
      `cannot be reflected, since only ${last - first + 1} lie inside`,
      'fill it with edge or a number, or take smaller chips',
    );
  }
  return Int32Array.from({ length }, (_, k) => {
    if (k >= first && k <= last) return k;
    if (fill === 'edge') return k < first ? first : last;
    return fill === 'reflect' ? 2 * (k < first ? first : last) - k : -1;
  });
}
