/** Polygons as labels on a grid: classes, instances and boxes. */
import { invalidInput, invalidOption } from '../../errors.js';
import { bytesPerElement, isDtype } from '../../geo/dtype.js';
import {
  allocateArray,
  Crs,
  type CrsLike,
  type Dtype,
  type GeoBox,
  GeoTensor,
  gridStrips,
  type TimeInterval,
  type TypedArrayByDtype,
} from '../../geo/index.js';
import type { OnProgress } from '../../progress.js';
import { burnValue, requireHolds } from '../../vector/burn-values.js';
import { requireAreas } from '../../vector/features.js';
import {
  type AreaFeature,
  type AreaFeatures,
  type PropertyClass,
  Rasterizer,
  type VectorFeatures,
} from '../../vector/index.js';
import { readFeatures } from '../../vector/node/index.js';
import { requireBytes, sizeOnGrid } from '../loaders/options.js';
import { type LoadTarget, rowsOn, targetGrid, targetTime } from '../loaders/rows.js';
import { type CatalogRow, rowName } from '../row.js';

/** The grid of `loadVector`, and what is burned into it. */
export interface LoadVectorOptions<D extends Dtype = Dtype> {
  /** The class of every feature (default 1), or the property that says it. */
  value?: number | PropertyClass;
  /** The class of pixels outside all features (default 0). */
  background?: number;
  /** Type of the class map (default uint8). */
  dtype?: D;
  /** Whether pixels that an outline merely touches belong to a feature (default false: those whose centres lie inside). */
  allTouched?: boolean;
  /**
   * For a catalog: `file` (default) loads all features of the rows' files; with `row`, each row is a feature itself, with its
   * footprint and properties, as `buildVectorCatalog` makes them with `rows: 'feature'`.
   */
  features?: 'file' | 'row';
  /** The layer of files with several. */
  layer?: string;
  /** The reference system of files that declare none. */
  crs?: CrsLike;
  /** Overrides the attribute encoding of shapefiles. */
  encoding?: string;
  /**
   * Files that were already read, by their paths, to share with other calls: they are read whole. Default: from a file with
   * an index (FlatGeobuf, GeoPackage, GeoParquet), only features that touch the grid are read.
   */
  files?: Map<string, Promise<VectorFeatures>>;
  /** Bytes that the result may have (default 4 GiB). */
  maxBytes?: number;
  signal?: AbortSignal;
  /** Receives warnings about parts of files that are left out. */
  onProgress?: OnProgress;
}

/** One feature as it is seen on a grid. */
export interface VectorInstance {
  /** Its number in `instances`, from 1. */
  readonly id: number;
  readonly value: number;
  /** Pixels that show it: `[left, top, right, bottom]`, right and bottom excluded, inside the grid. */
  readonly box: readonly [number, number, number, number];
  readonly pixels: number;
  readonly properties: AreaFeature['properties'];
}

/** Classes and instances of polygons on a grid. */
export interface VectorLabels<D extends Dtype = Dtype> {
  /** (y, x): the class of each pixel. */
  readonly classes: GeoTensor<D>;
  /** (y, x), int32: the instance of each pixel, 0 for none. */
  readonly instances: GeoTensor<'int32'>;
  /** Features with visible pixels, in the order of the files; where features overlap, the last is visible. */
  readonly boxes: readonly VectorInstance[];
}

/**
 * The polygons of a vector file, or of a catalog of them, on the grid of a slice.
 * @param source a path or URL, features that were read, or rows of a catalog, of which those that meet the slice are read
 * @throws {TerrachipError} INVALID_INPUT for lines or points, or a property without a class that the type holds exactly;
 * INVALID_OPTION for a `value` or `background` that it does not hold; TOO_LARGE above `maxBytes`; and as `readFeatures`
 */
export async function loadVector<D extends Dtype = 'uint8'>(
  source: string | AreaFeatures | Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadVectorOptions<D> = {},
): Promise<VectorLabels<D>> {
  const { dtype = 'uint8' as D, background = 0, maxBytes } = options;
  if (!isDtype(dtype)) throw invalidOption('dtype', `cannot be "${String(dtype)}"`, 'choose uint8, int32, …');
  requireClass('background', background, dtype);
  if (typeof options.value === 'number') requireClass('value', options.value, dtype);
  const grid = targetGrid(target);
  requireBytes(sizeOnGrid(2, 'planes', grid), grid.pixelCount * (4 + bytesPerElement(dtype)), maxBytes);
  const sources = await readSources(source, grid, targetTime(target), options);
  return paint(sources, grid, dtype, background, options);
}

async function readSources(
  source: string | AreaFeatures | Iterable<CatalogRow>,
  grid: GeoBox,
  interval: TimeInterval,
  options: LoadVectorOptions,
): Promise<AreaFeatures[]> {
  if (typeof source === 'string') return areasOf(await readFile(source, grid, options));
  if ('features' in source) return [source];
  const rows = rowsOn(source, grid, interval);
  if (options.features === 'row') return rows.map(featureOfRow);
  const areas: AreaFeatures[] = [];
  for (const href of new Set(rows.map((row) => row.href))) {
    options.signal?.throwIfAborted();
    areas.push(...areasOf(await readFile(href, grid, options)));
  }
  return areas;
}

/** The features that touch the grid; all features of a file that is shared with other calls. */
function readFile(
  path: string,
  grid: GeoBox,
  { files, layer, crs, encoding, signal, onProgress }: LoadVectorOptions,
): Promise<VectorFeatures> {
  const options = { layer, crs, encoding, onProgress, signal };
  if (files === undefined)
    return readFeatures(path, { ...options, bounds: grid.bounds, boundsCrs: grid.crs });
  const known = files.get(path);
  if (known !== undefined) return known;
  const reading = readFeatures(path, options);
  files.set(path, reading);
  // A file that could not be read may be readable later.
  reading.catch(() => files.delete(path));
  return reading;
}

/** A file without features is a file without labels, not an error. */
function areasOf(features: VectorFeatures): AreaFeatures[] {
  return features.features.length === 0 ? [] : [requireAreas(features)];
}

function featureOfRow(row: CatalogRow): AreaFeatures {
  const { footprint: polygons, properties } = row;
  return { name: rowName(row), crs: Crs.wgs84, features: [{ polygons, properties }] };
}

function paint<D extends Dtype>(
  sources: readonly AreaFeatures[],
  grid: GeoBox,
  dtype: D,
  background: number,
  { value = 1, allTouched = false, signal }: LoadVectorOptions,
): VectorLabels<D> {
  const classes = allocateArray(dtype, grid.pixelCount);
  classes.fill(background);
  const instances = new Int32Array(grid.pixelCount);
  const features: { value: number; properties: AreaFeature['properties'] }[] = [];
  const strips = gridStrips(grid);
  for (const areas of sources) {
    signal?.throwIfAborted();
    const rasterizer = new Rasterizer(areas, grid, { allTouched });
    for (const [k, { properties }] of areas.features.entries()) {
      let number = 0;
      for (const rows of strips) {
        rasterizer.spans(k, rows, (row, from, to) => {
          // Only visible features need a class.
          if (number === 0)
            number = features.push({ value: classOf(areas.features[k], value, dtype, areas), properties });
          classes.fill(features[number - 1].value, row * grid.width + from, row * grid.width + to);
          instances.fill(number, row * grid.width + from, row * grid.width + to);
        });
      }
    }
  }
  const { boxes, renumbered } = boxesOf(instances, grid, features);
  const shape = [grid.height, grid.width];
  const tensor = <D extends Dtype>(data: TypedArrayByDtype[D]): GeoTensor<D> =>
    new GeoTensor<D>({ data, shape, dimensions: ['y', 'x'], geobox: grid, nodata: null });
  return { classes: tensor<D>(classes), instances: tensor<'int32'>(renumbered), boxes };
}

/** Boxes and counts of visible features, numbered without gaps. */
function boxesOf(
  instances: Int32Array,
  { width }: GeoBox,
  features: readonly { value: number; properties: AreaFeature['properties'] }[],
): { boxes: VectorInstance[]; renumbered: Int32Array } {
  const seen = features.map(() => ({ left: Infinity, top: Infinity, right: 0, bottom: 0, pixels: 0 }));
  for (let i = 0; i < instances.length; i++) {
    if (instances[i] === 0) continue;
    const box = seen[instances[i] - 1];
    const x = i % width;
    const y = (i - x) / width;
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x + 1);
    box.bottom = Math.max(box.bottom, y + 1);
    box.pixels++;
  }
  const boxes: VectorInstance[] = [];
  const numbers = new Int32Array(features.length + 1);
  for (const [k, { left, top, right, bottom, pixels }] of seen.entries()) {
    if (pixels === 0) continue;
    const id = boxes.length + 1;
    numbers[k + 1] = id;
    boxes.push({ id, ...features[k], box: [left, top, right, bottom], pixels });
  }
  return { boxes, renumbered: instances.map((number) => numbers[number]) };
}

/** @throws {TerrachipError} INVALID_INPUT for a feature without a whole number that the type holds */
function classOf(
  feature: AreaFeature,
  value: number | PropertyClass,
  dtype: Dtype,
  areas: AreaFeatures,
): number {
  const number = burnValue(feature, value, dtype, areas);
  if (Number.isInteger(number)) return number;
  throw invalidInput(areas.name, `has a feature whose class is ${number}`, 'give whole numbers');
}

function requireClass(option: string, value: number, dtype: Dtype): void {
  requireHolds(option, value, dtype);
  if (!Number.isInteger(value)) throw invalidOption(option, `cannot be ${value}`, 'give a whole number');
}
