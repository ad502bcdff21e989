import { internalError, invalidInput } from '../errors.js';
import { INSPECT } from '../text.js';
import { type Dtype, dtypeOf, sizeOf, type TypedArrayByDtype } from './dtype.js';
import type { GeoBox } from './geobox.js';
import type { TimeInterval } from './time-interval.js';

/** Names of dimensions, in the order `band, time, y, x`; a class map has `class` instead of `band`. */
export type Dimension = 'band' | 'class' | 'time' | 'y' | 'x';

/** The parts of a `GeoTensor`. The length of `data` is the product of `shape`. */
export interface GeoTensorInit<D extends Dtype = Dtype> {
  data: TypedArrayByDtype[D];
  shape: readonly number[];
  dimensions: readonly Dimension[];
  geobox: GeoBox;
  /** The value that means "no data", or null. */
  nodata?: number | null;
  /** The time of each step along `time`. */
  times?: readonly TimeInterval[] | null;
  /** The name of each band along `band` (or class along `class`). */
  bandNames?: readonly string[] | null;
}

/** Makes a tensor (band, y, x), or (band, time, y, x) with `times`; the length of the data gives the number of bands. */
export function bandTensor<D extends Dtype>(
  init: Omit<GeoTensorInit<D>, 'shape' | 'dimensions'>,
): GeoTensor<D> {
  const { data, geobox, times = null } = init;
  const steps = times === null ? [] : [times.length];
  const bands = data.length / (geobox.pixelCount * sizeOf(steps));
  return new GeoTensor<D>({
    ...init,
    shape: [bands, ...steps, geobox.height, geobox.width],
    dimensions: times === null ? ['band', 'y', 'x'] : ['band', 'time', 'y', 'x'],
  });
}

/**
 * A typed array in C order with a shape, named dimensions, a pixel grid and a nodata value, as loaders return it. The
 * `data` of a `GeoTensor<'float32'>` is a Float32Array.
 */
export class GeoTensor<D extends Dtype = Dtype> {
  readonly data: TypedArrayByDtype[D];
  readonly shape: readonly number[];
  readonly dimensions: readonly Dimension[];
  readonly geobox: GeoBox;
  readonly nodata: number | null;
  /** The time of each step along `time`; null if unknown or without this dimension. */
  readonly times: readonly TimeInterval[] | null;
  /** The name of each band along `band` (or class along `class`), or null. */
  readonly bandNames: readonly string[] | null;

  /** @throws {TerrachipError} INVALID_INPUT when shape, dimensions, data and grid do not agree. */
  constructor(init: GeoTensorInit<D>) {
    const { data, shape, dimensions, geobox } = init;
    const size = sizeOf(shape);
    const [rows, columns] = shape.slice(-2);
    const agree =
      shape.length === dimensions.length &&
      size === data.length &&
      dimensions.at(-2) === 'y' &&
      dimensions.at(-1) === 'x' &&
      rows === geobox.height &&
      columns === geobox.width;
    if (!agree) {
      throw invalidInput(
        `a tensor of shape (${shape.join(', ')}), dimensions (${dimensions.join(', ')}) and ${data.length} values`,
        `does not fit a grid of ${geobox.width} × ${geobox.height} pixels`,
        'give y and x as the last dimensions, with the height and width of the grid',
      );
    }
    this.data = data;
    this.shape = shape;
    this.dimensions = dimensions;
    this.geobox = geobox;
    this.nodata = init.nodata ?? null;
    this.times = init.times ?? null;
    this.bandNames = init.bandNames ?? null;
    this.#requireLabels('time', this.times);
    this.#requireLabels(dimensions.includes('class') ? 'class' : 'band', this.bandNames);
  }

  #requireLabels(dimension: Dimension, labels: readonly unknown[] | null): void {
    if (labels === null) return;
    const axis = this.dimensions.indexOf(dimension);
    if (axis >= 0 && labels.length === this.shape[axis]) return;
    throw invalidInput(
      `${labels.length} labels of the dimension "${dimension}"`,
      `do not fit a tensor of shape (${this.shape.join(', ')}) and dimensions (${this.dimensions.join(', ')})`,
      'give one label for each index of the dimension',
    );
  }

  get dtype(): D {
    return dtypeOf(this.data) as D;
  }

  /** A view of one index of the first dimension: band `index` of `(band, y, x)`. */
  plane(index: number): GeoTensor<D> {
    if (this.shape.length < 3 || index < 0 || index >= this.shape[0]) {
      throw internalError(
        'GeoTensor.plane',
        `no plane ${index} in a tensor of shape (${this.shape.join(', ')})`,
      );
    }
    const size = this.data.length / this.shape[0];
    return new GeoTensor<D>({
      ...this,
      data: this.data.subarray(index * size, (index + 1) * size) as TypedArrayByDtype[D],
      shape: this.shape.slice(1),
      dimensions: this.dimensions.slice(1),
      times: this.dimensions[0] === 'time' ? null : this.times,
      bandNames: this.dimensions[0] === 'time' ? this.bandNames : null,
    });
  }

  /** The same values with another grid of the same size, or another nodata value. */
  with(changes: { geobox?: GeoBox; nodata?: number | null }): GeoTensor<D> {
    const { geobox = this.geobox, nodata = this.nodata } = changes;
    return new GeoTensor<D>({ ...this, geobox, nodata });
  }

  toString(): string {
    const sizes = this.dimensions.map((name, axis) => `${name} ${this.shape[axis]}`).join(', ');
    const names = this.bandNames === null ? '' : ` of ${this.bandNames.join(', ')}`;
    const nodata = this.nodata === null ? '' : `, nodata ${this.nodata}`;
    return `GeoTensor(${this.dtype} (${sizes})${names}${nodata}, ${this.geobox})`;
  }

  [INSPECT](): string {
    return this.toString();
  }
}
