/** Labels of chips: a raster of classes, resampled by nearest, or polygons that are burned. */
import { loadLayers, type RasterPool } from '../../catalog/node/index.js';
import { invalidInput, invalidOption, requireWhole } from '../../errors.js';
import {
  allocateArray,
  type Bounds,
  canHold,
  type GeoBox,
  gridsMeet,
  noOverlap,
  type PixelWindow,
} from '../../geo/index.js';
import { intersectWindows, padWindow, wholeWindow } from '../../geo/windows.js';
import type { Backend } from '../../gpu/index.js';
import type { OperationOptions } from '../../progress.js';
import type { BlockCache } from '../../raster/node/index.js';
import { burnValue } from '../../vector/burn-values.js';
import { placeOf } from '../../vector/features.js';
import { type AreaFeatures, isVectorPath, Rasterizer, readAreas } from '../../vector/node/index.js';
import { requireGeobox } from '../target-grid.js';
import type { ChipLabels } from './options.js';

/** The types that labels are written in. */
export type LabelDtype = 'uint8' | 'int32';

/** The values of pixels without a label. */
const IGNORED = { uint8: 255, int32: -1 } as const;

/** Labels of any chip. */
export interface LabelSource {
  readonly dtype: LabelDtype;
  /** The value of pixels without a label. */
  readonly ignore: number;
  /** Names of classes by value. */
  readonly names: ReadonlyMap<number, string>;
  /** The labels of a chip in C order. */
  load(chip: GeoBox, signal?: AbortSignal): Promise<Uint8Array | Int32Array>;
}

/** How labels are read. */
export interface LabelContext extends OperationOptions {
  readonly pool: RasterPool;
  readonly cache: BlockCache;
  readonly backend: Backend;
  /** The grid of all chips. */
  readonly frame: GeoBox;
  /** Pixels along a side of a chip: chips may reach so far beyond the frame. */
  readonly size: number;
}

/** Options of one kind of labels only. */
const OF_VECTORS = [
  'labelProperty',
  'labelLayer',
  'labelCrs',
  'allTouched',
  'background',
] as const satisfies readonly (keyof ChipLabels)[];

/**
 * @returns null without labels
 * @throws {TerrachipError} INVALID_OPTION for an option that does not fit the labels; INVALID_INPUT for polygons without a
 * class, and for labels that do not reach the chips
 */
export async function openLabels(options: ChipLabels, context: LabelContext): Promise<LabelSource | null> {
  const { labels, labelClasses = {} } = options;
  if (labels === undefined) {
    const other = ([...OF_VECTORS, 'labelBand', 'labelClasses', 'ignore'] as const).find(
      (name) => options[name] !== undefined,
    );
    if (other === undefined) return null;
    throw invalidOption(other, 'has no meaning without `labels`', 'leave it out, or give labels');
  }
  for (const value of Object.values(labelClasses))
    requireWhole('labelClasses', value, -(2 ** 31), 2 ** 31 - 1);
  if (options.ignore !== undefined) requireWhole('ignore', options.ignore, -(2 ** 31), 2 ** 31 - 1);
  const names = new Map(Object.entries(labelClasses).map(([name, value]) => [value, name]));
  const open = isVectorPath(labels) ? openPolygons : openRasterLabels;
  return { names, ...(await open(labels, options, context)) };
}

type Unnamed = Omit<LabelSource, 'names'>;

async function openRasterLabels(path: string, options: ChipLabels, context: LabelContext): Promise<Unnamed> {
  const { pool, cache, backend, frame } = context;
  const { labelBand: band = 1, ignore: given } = options;
  const other = OF_VECTORS.find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw invalidOption(other, `has no meaning for the raster ${path}`, 'leave it out, or give polygons');
  await using raster = await pool.open(path, context);
  const info = raster.bands.find(({ index }) => index === band);
  if (info === undefined)
    throw invalidOption('labelBand', `cannot be ${band}`, `${path} has bands 1 to ${raster.bands.length}`);
  const place = requireGeobox(raster);
  if (!gridsMeet(place, frame)) throw noOverlap(path, place, 'the chips', frame);
  const dtype = info.dtype === 'uint8' && canHold('uint8', given ?? IGNORED.uint8) ? 'uint8' : 'int32';
  const ignore = given ?? IGNORED[dtype];
  return {
    dtype,
    ignore,
    async load(chip, signal) {
      const layer = { path, band, resampling: 'nearest' } as const;
      const { tensor } = await loadLayers({ label: layer }, chip, {
        backend,
        cache,
        open: pool.open,
        signal,
      });
      const labels = allocateArray(dtype, chip.pixelCount);
      for (const [i, value] of tensor.data.entries()) {
        if (value === ignore && given === undefined) throw isIgnored(path, ignore);
        if (!Number.isNaN(value) && !canHold(dtype, value)) {
          const remedy = 'give a raster of whole numbers, as `calculate` writes with the `dtype` int32';
          throw invalidInput(path, `holds ${value}, which is no class`, remedy);
        }
        labels[i] = Number.isNaN(value) ? ignore : value;
      }
      return labels;
    },
  };
}

async function openPolygons(path: string, options: ChipLabels, context: LabelContext): Promise<Unnamed> {
  const { labelProperty: property, labelClasses: classes, background = 0, ignore: given } = options;
  const { signal, onProgress, size } = context;
  if (options.labelBand !== undefined)
    throw invalidOption('labelBand', `has no meaning for the polygons of ${path}`, 'leave it out');
  if (property === undefined && classes !== undefined)
    throw invalidOption('labelClasses', 'has no meaning without `labelProperty`', 'name the property');
  requireWhole('background', background, -(2 ** 31), 2 ** 31 - 1);
  const { x, y, width, height } = padWindow(wholeWindow(context.frame), size);
  const frame = context.frame.window(x, y, width, height);
  const read = { layer: options.labelLayer, crs: options.labelCrs, signal };
  const near = { bounds: frame.bounds, boundsCrs: frame.crs };
  const areas = await readAreas(path, { ...read, ...near, onProgress });
  const rasterizer = new Rasterizer(areas, frame, { allTouched: options.allTouched ?? false });
  if (!rasterizer.isNear)
    throw noOverlap(areas.name, placeOf(await readAreas(path, read)), 'the chips', context.frame);
  const values = classesOf(areas, property === undefined ? 1 : { property, classes });
  const all = [...new Set([...values, background])];
  const fitsBytes = all.every((value) => canHold('uint8', value) && (given !== undefined || value !== 255));
  const dtype = fitsBytes && canHold('uint8', given ?? IGNORED.uint8) ? 'uint8' : 'int32';
  const ignore = given ?? IGNORED[dtype];
  if (given === undefined && all.includes(ignore)) throw isIgnored(path, ignore);
  const windows = areas.features.map((_, k) => rasterizer.bounds(k));
  const toFrame = frame.transform.inverse();
  return {
    dtype,
    ignore,
    load(chip) {
      const labels = allocateArray(dtype, chip.pixelCount).fill(background);
      const [left, top] = toFrame.apply(...chip.transform.apply(0, 0)).map(Math.round);
      const window = { x: left, y: top, width: chip.width, height: chip.height };
      const rows = { start: Math.max(0, top), end: Math.min(frame.height, top + chip.height) };
      for (const [k, bounds] of windows.entries()) {
        if (bounds === null || !isNear(bounds, window)) continue;
        rasterizer.spans(k, rows, (row, start, end) => {
          const first = (row - top) * chip.width - left;
          const from = Math.max(start, left);
          const to = Math.min(end, left + chip.width);
          if (from < to) labels.fill(values[k], first + from, first + to);
        });
      }
      return Promise.resolve(labels);
    },
  };
}

/** @throws {TerrachipError} INVALID_INPUT for a feature without a whole number */
function classesOf(areas: AreaFeatures, value: Parameters<typeof burnValue>[1]): number[] {
  return areas.features.map((feature) => {
    const number = burnValue(feature, value, 'int32', areas);
    if (Number.isInteger(number)) return number;
    throw invalidInput(areas.name, `has a feature whose class is ${number}`, 'give whole numbers');
  });
}

function isNear([x0, y0, x1, y1]: Bounds, window: PixelWindow): boolean {
  const [x, y] = [Math.floor(x0), Math.floor(y0)];
  const box = { x, y, width: Math.ceil(x1) - x + 1, height: Math.ceil(y1) - y + 1 };
  return intersectWindows(box, window) !== null;
}

function isIgnored(path: string, value: number): Error {
  return invalidInput(
    path,
    `has the class ${value}, which stands for pixels without a label`,
    'give another value as `ignore`',
  );
}
