import { invalidInput, tooLarge } from '../../errors.js';
import { bytesPerElement, sizeOf } from '../../geo/dtype.js';
import {
  allocateArray,
  type Dtype,
  type PixelWindow,
  TimeInterval,
  type TypedArray,
  viewArray,
} from '../../geo/index.js';
import type { OnProgress } from '../../progress.js';
import {
  type ArrayGroup,
  type Attributes,
  copyBox,
  extentOf,
  indexAt,
  type StoredArray,
  stridesOf,
  unreadableType,
  wholeOf,
} from '../arrays/index.js';
import type { BandInfo, BlockGrid, WindowRequest } from '../raster.js';
import { DescribedRaster, gridOf, type RasterInfo } from '../raster-view.js';
import { levelSize, requireBands, requireWindow } from '../request.js';
import { numberOf, textOf } from './attributes.js';
import {
  type Coordinate,
  type LeadingAxis,
  leadingAxes,
  type SpatialAxes,
  scalarTime,
  spatialAxes,
  swathOf,
} from './coordinates.js';
import { georeferenceOf, spatialAttributes } from './georeference.js';
import { type MissingValues, markMissing, missingValuesFor } from './missing.js';
import { chooseVariable, levelArrays } from './variables.js';

/** The most bands of a raster. */
const MAX_BANDS = 2 ** 17;

/** Types by the attribute `_Unsigned`: netCDF-3 has no unsigned integers. */
const UNSIGNED: Readonly<Record<string, Dtype>> = { int8: 'uint8', int16: 'uint16', int32: 'uint32' };
const SIGNED: Readonly<Record<string, Dtype>> = { uint8: 'int8', uint16: 'int16', uint32: 'int32' };

/** How the values of a raster are read. */
interface Reading {
  readonly group: ArrayGroup;
  /** The full resolution, then the overviews. */
  readonly levels: readonly StoredArray[];
  readonly axes: SpatialAxes;
  readonly leading: readonly LeadingAxis[];
  /** The time of a variable without a time axis. */
  readonly time: TimeInterval | null;
  readonly dtype: Dtype;
  readonly missing: MissingValues;
}

/**
 * A variable of a Zarr, netCDF, HDF5 or `.npy` file as a raster. Its bands are the axes other than y and x, flattened
 * in C order. Rows keep their stored order: the first row is the southernmost if the transform's e is positive.
 */
export class ArrayRaster extends DescribedRaster {
  /** Attributes of the variable. */
  readonly attributes: Attributes;
  readonly #reading: Reading;

  private constructor(info: RasterInfo, reading: Reading) {
    super(info);
    this.attributes = reading.levels[0].attributes;
    this.#reading = reading;
  }

  /**
   * Opens a variable of a store. The raster owns the store from then on.
   * @param options `variable`: its path, or a name that only one array has; default: the only raster
   * @throws {TerrachipError} NOT_FOUND, INVALID_OPTION for several rasters to choose from, or UNSUPPORTED
   */
  static async open(
    group: ArrayGroup,
    options: { variable?: string; signal?: AbortSignal; onProgress?: OnProgress } = {},
  ): Promise<ArrayRaster> {
    const { onProgress } = options;
    const warn = (message: string): void => onProgress?.({ type: 'warning', message });
    const array = await chooseVariable(group, options.variable, onProgress);
    if (array.dtype === null) throw unreadableType(array);
    if (array.shape.length === 0 || sizeOf(array.shape) === 0) {
      throw invalidInput(array.name, 'holds no pixels', 'choose another array');
    }
    const { signal } = options;
    const levels = await levelArrays(group, array.path);
    const own = levels.find((level) => level.array.path === array.path);
    const spatial = { ...(await spatialAttributes(group, array)), ...own?.attributes };
    const declaredAxes = await spatialAxes(group, array, spatial);
    // The parts of complex numbers are bands, not pixels.
    const rank = array.shape.length - (array.dimensions.at(-1) === 'component' ? 1 : 0);
    const axes = declaredAxes ?? { y: rank - 2, x: rank - 1 };
    const bands = sizeOf(array.shape) / (array.shape[axes.x] * (array.shape[axes.y] ?? 1));
    if (bands > MAX_BANDS) {
      throw tooLarge(
        `${array.name} would have ${bands} bands, more than ${MAX_BANDS}`,
        'read it with openZarr() or openNetcdf() and a selection',
        { size: bands, limit: MAX_BANDS },
      );
    }
    const image = rank === 1 ? asRow(array) : array;
    const imageAxes = rank === 1 ? { y: 0, x: 1 } : axes;
    const { x, y } = imageAxes;
    const reduced = reducedLevels(array, imageAxes, levels);
    const leading = await leadingAxes(group, image, imageAxes, warn, signal);
    const place =
      declaredAxes === null
        ? { crs: null, transform: null, placeProblem: null }
        : await georeferenceOf(group, array, declaredAxes, spatial, signal);
    const [width, height] = [image.shape[x], image.shape[y]];
    const geobox = gridOf(place, width, height);
    const swath = rank === 1 || geobox !== null ? null : await swathOf(group, array);
    const dtype = dtypeWithSign(array.dtype, array.attributes);
    const missing = missingValuesFor(array, dtype, group.format.startsWith('netCDF'));
    if (missing.problem !== null) warn(`${array.name} ${missing.problem}; it is left aside`);
    const info: RasterInfo = {
      name: array.name,
      width,
      height,
      bands: describeBands(array, leading, dtype, missing.nodata),
      ...place,
      geobox,
      compression: array.compression,
      predictor: 1,
      blockSize: [image.chunkShape[x], image.chunkShape[y]],
      overviews: reduced.map(({ shape }) => [shape[x], shape[y]] as const),
      colourTable: null,
      metadata: { '': textItems(array.attributes) },
      mask: null,
      gcps: null,
      hasRpc: false,
      swath,
      ...(swath && {
        placeProblem: `is placed by arrays of latitude and longitude (${swath.join(' and ')})`,
      }),
    };
    const time = await scalarTime(group, array, signal);
    const reading = { group, levels: [image, ...reduced], axes: imageAxes, leading, time, dtype, missing };
    return new ArrayRaster(info, reading);
  }

  /**
   * The coordinates of a band, counted from 1, by dimension: `{ time: TimeInterval, band: 'B02' }`. `time` may be a scalar
   * coordinate.
   */
  bandCoordinates(band: number): Readonly<Record<string, Coordinate>> {
    const index = this.#indexOf(band);
    const coordinates = Object.fromEntries(
      this.#reading.leading.map((axis, i) => [axis.name, axis.coordinates[index[i]]]),
    );
    const hasTime = Object.values(coordinates).some((value) => value instanceof TimeInterval);
    return hasTime || this.#reading.time === null
      ? coordinates
      : { time: this.#reading.time, ...coordinates };
  }

  blockGrids({ bands, level = 0 }: Pick<WindowRequest, 'bands' | 'level'> = {}): BlockGrid[] {
    const { levels, axes, leading, dtype } = this.#reading;
    const { chunkShape, keepsChunks = false } = levels[level];
    if (!keepsChunks) return [];
    const chunks = requireBands(this.name, bands, this.bands.length).map((band) => {
      const index = this.#indexOf(band);
      return leading.map(({ axis }, i) => Math.floor(index[i] / chunkShape[axis])).join();
    });
    const bytes = sizeOf(chunkShape) * bytesPerElement(dtype);
    const grid = { width: chunkShape[axes.x], height: chunkShape[axes.y], bytes };
    return [...new Set(chunks)].map(() => grid);
  }

  async readPlanes(request: WindowRequest = {}): Promise<TypedArray[]> {
    const { level = 0, signal } = request;
    const window = requireWindow(this.name, request.window, levelSize(this, level));
    const array = this.#reading.levels[level];
    const planes: TypedArray[] = [];
    for (const run of this.#runs(requireBands(this.name, request.bands, this.bands.length))) {
      planes.push(...(await this.#readRun(array, run, window, signal)));
    }
    return planes;
  }

  /** Array stores have no masks, only nodata. */
  async readMask(): Promise<null> {
    return null;
  }

  async dispose(): Promise<void> {
    await this.#reading.group.dispose();
  }

  /** A band's index along each leading axis. */
  #indexOf(band: number): number[] {
    if (!Number.isInteger(band) || band < 1 || band > this.bands.length) {
      throw invalidInput(this.name, `has no band ${band}`, `choose one of 1 to ${this.bands.length}`);
    }
    return indexAt(band - 1, sizesOf(this.#reading.leading));
  }

  /** Runs of consecutive bands along the last leading axis; each is one read. */
  #runs(bands: readonly number[]): { index: number[]; count: number }[] {
    const runs: { index: number[]; count: number }[] = [];
    let previous = 0;
    for (const band of bands) {
      const index = this.#indexOf(band);
      const last = runs.at(-1);
      if (last !== undefined && band === previous + 1 && (index.at(-1) ?? 0) > 0) last.count++;
      else runs.push({ index, count: 1 });
      previous = band;
    }
    return runs;
  }

  async #readRun(
    array: StoredArray,
    run: { index: readonly number[]; count: number },
    window: PixelWindow,
    signal?: AbortSignal,
  ): Promise<TypedArray[]> {
    const { axes, leading, dtype, missing } = this.#reading;
    const { x, y } = axes;
    const ranges = wholeOf(array.shape);
    ranges[x] = { start: window.x, end: window.x + window.width };
    ranges[y] = { start: window.y, end: window.y + window.height };
    leading.forEach(({ axis }, i) => {
      const count = i === leading.length - 1 ? run.count : 1;
      ranges[axis] = { start: run.index[i], end: run.index[i] + count };
    });
    const { data } = await array.read(ranges, { signal });
    const values = viewArray(dtype, data.buffer, data.byteOffset, data.length);
    const strides = stridesOf(extentOf(ranges));
    const along = leading.at(-1);
    const step = along === undefined ? 0 : strides[along.axis];
    return Array.from({ length: run.count }, (_, i) => {
      const plane: TypedArray = allocateArray(dtype, window.width * window.height);
      copyBox(
        [window.height, window.width],
        { data: values, offset: i * step, strides: [strides[y], strides[x]] },
        { data: plane, offset: 0, strides: [window.width, 1] },
      );
      markMissing(plane, missing);
      return plane;
    });
  }
}

function sizesOf(leading: readonly LeadingAxis[]): number[] {
  return leading.map(({ coordinates }) => coordinates.length);
}

function describeBands(
  array: StoredArray,
  leading: readonly LeadingAxis[],
  dtype: Dtype,
  nodata: number | null,
): BandInfo[] {
  const { attributes } = array;
  const counts = sizesOf(leading);
  const label = textOf(attributes, 'long_name') ?? (array.path === '' ? null : array.path);
  const common = {
    dtype,
    storedType: array.storedType,
    components: 1 as const,
    colourInterpretation: 'undefined',
    metadata: {},
    nodata,
    scale: numberOf(attributes, 'scale_factor') ?? 1,
    offset: numberOf(attributes, 'add_offset') ?? 0,
  };
  return Array.from({ length: sizeOf(counts) }, (_, k) => {
    const index = indexAt(k, counts);
    const words = leading.map(
      ({ name, coordinates }, i) => `${name}=${describeCoordinate(coordinates[index[i]])}`,
    );
    return { index: k + 1, ...common, description: words.length === 0 ? label : words.join(', ') };
  });
}

/** Scalar attributes as text, like GDAL's metadata. */
function textItems(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)] as const] : [],
    ),
  );
}

function describeCoordinate(coordinate: Coordinate): string {
  if (!(coordinate instanceof TimeInterval)) return String(coordinate);
  const [start, end] = coordinate.toJSON();
  return start === end ? start : `${start}/${end}`;
}

function dtypeWithSign(dtype: Dtype, attributes: Attributes): Dtype {
  const unsigned = textOf(attributes, '_Unsigned')?.toLowerCase();
  if (unsigned === 'true') return UNSIGNED[dtype] ?? dtype;
  return unsigned === 'false' ? (SIGNED[dtype] ?? dtype) : dtype;
}

/** Overviews with the full array's shape except y and x. */
function reducedLevels(
  full: StoredArray,
  { x, y }: SpatialAxes,
  levels: readonly { readonly array: StoredArray }[],
): StoredArray[] {
  return levels
    .map(({ array }) => array)
    .filter(
      (level) =>
        level.path !== full.path &&
        level.dtype === full.dtype &&
        level.shape.length === full.shape.length &&
        level.shape[x] < full.shape[x] &&
        level.shape.every(
          (size, axis) => size > 0 && (axis === x || axis === y || size === full.shape[axis]),
        ),
    );
}

/** An array of one axis as one row. */
function asRow(array: StoredArray): StoredArray {
  return {
    ...array,
    shape: [1, ...array.shape],
    dimensions: [null, ...array.dimensions],
    chunkShape: [1, ...array.chunkShape],
    async read(selection = [], options) {
      const { data, shape } = await array.read(selection.slice(1), options);
      return { data, shape: [1, ...shape] };
    },
    readText: (options) => array.readText(options),
  };
}
