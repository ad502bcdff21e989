import type { BandChoice, GeoCatalog, QualityMask } from '../../catalog/node/index.js';
import type { Dtype } from '../../geo/index.js';
import type { Resampling } from '../../kernels/index.js';
import type { OperationOptions } from '../../progress.js';
import type { RowSelection } from '../catalog.js';
import type { RowGrid } from '../catalog-grid.js';
import type { ChipFormat, ChipMethod, ChipSampler, ChipTimes, EdgePolicy } from '../choices.js';

/** Where training chips are taken. */
export interface ChipPlaces {
  /** Pixels along a side of a chip. */
  size: number;
  /**
   * `grid` (default): all chips of a regular grid over the footprints; `random`: `count` chips at random places;
   * `balanced`: up to `count` chips of the grid, in which the classes of the labels are equally frequent as far as there are
   * chips of each. A chip counts for its rarest class among those on at least a hundredth of its labelled pixels.
   */
  sampler?: ChipSampler;
  /** Pixels from one chip of the grid to the next (default: `size`, without overlap). */
  stride?: number;
  /** How the grid is placed at the edges of the area (default `cover`). */
  policy?: EdgePolicy;
  /** The number of chips, for `random` and `balanced`. */
  count?: number;
  /** A whole number from 0 on (default 0). Equal seeds give equal chips. */
  seed?: number;
  /** The pixel grid of the chips (default: that of the file of the first row in time). */
  grid?: RowGrid;
  /** Rows by place, time and properties; the place also limits the chips. */
  select?: RowSelection;
  /**
   * How rows of a place are grouped into chips: by `day` (default, in UTC), `all`, or another unit of time. A random chip has
   * one of the times of its place.
   */
  every?: ChipTimes;
  /**
   * The shares of the splits, which add up to 1: two for `train` and `val`, three for `train`, `val` and `test`. Splits lie in
   * different blocks of the area, so that their chips are at least `buffer` apart. Default: all chips are `train`.
   */
  split?: readonly number[];
  /** Pixels along a side of a block (default: the buffer and four chips). */
  block?: number;
  /** Least distance of chips of different splits, in pixels (default, and at least: the diagonal of a chip). */
  buffer?: number;
}

/** What the images of training chips hold. */
export interface ChipImages {
  /** Names or numbers (default: all bands of the first row's main file, without alpha). */
  bands?: readonly BandChoice[];
  /** Pixels that have no data, by a quality band; `scl`: clouds, shadows and cirrus in the band SCL of Sentinel-2. */
  mask?: QualityMask | 'scl';
  /** How several rows over one pixel are combined (default `first`, by time). */
  method?: ChipMethod;
  /** Default: `nearest` for categories, else `bilinear`. Pixels that are on the grid already are copied. */
  resampling?: Resampling;
  /** Take values as they are stored, without scale and offset (default false). */
  stored?: boolean;
  /** Type of the images (default float32). Integers need `nodata`. */
  dtype?: Dtype;
  /** The value of pixels without data (default NaN). */
  nodata?: number;
  /**
   * Least share of a chip's pixels that have data in all bands, 0 to 1 (default 0). Chips below it, and chips without any
   * data, are left out; a random one is drawn again, up to 100 times.
   */
  minValid?: number;
}

/** What the labels of training chips hold. */
export interface ChipLabels {
  /**
   * A raster of classes, or a vector file of polygons. A raster is resampled by nearest onto the chips. Chips without a
   * labelled pixel are left out.
   */
  labels?: string;
  /** The band of a raster of labels (default 1). */
  labelBand?: number;
  /** The property of polygons that says their class, a number or a key of `labelClasses` (default: all are class 1). */
  labelProperty?: string;
  /** Classes by the texts of `labelProperty`, or names of the classes of a raster. */
  labelClasses?: Readonly<Record<string, number>>;
  /** The layer of a vector file with several. */
  labelLayer?: string;
  /** The CRS of a vector file that does not say its own. */
  labelCrs?: string;
  /** Whether polygons also cover pixels that their outlines touch (default false: whose centres are inside). */
  allTouched?: boolean;
  /** The class outside of all polygons (default 0). */
  background?: number;
  /** The value of pixels without a label (default: 255 in uint8, −1 in int32). */
  ignore?: number;
}

/** Options of `exportChips`. */
export interface ExportChipsOptions extends OperationOptions, ChipPlaces, ChipImages, ChipLabels {
  /** A catalog, or the path or URL of its file. */
  catalog: string | GeoCatalog;
  /** The folder to write. It must not exist, unless with `resume`. */
  output: string;
  /** Default `geotiff`. */
  format?: ChipFormat;
  /** Chips of a unit (default 64). An interrupted run loses at most one unit. */
  unitChips?: number;
  /** Keep the units that an earlier run with the same options finished; a finished folder is left as it is. */
  resume?: boolean;
  /** Compute these units again. Without `resume` and `overwrite` they are an error. */
  overwrite?: boolean;
}

/** One class of the labels of some chips. */
export interface ChipClass {
  readonly value: number;
  /** Null without `labelClasses`. */
  readonly name: string | null;
  readonly pixels: number;
  /** Chips that have pixels of it. */
  readonly chips: number;
}

/** The chips of a split. */
export interface ChipSplit {
  readonly name: string;
  readonly chips: number;
  readonly classes: readonly ChipClass[];
}

/** The result of `exportChips`. */
export interface ExportChipsReport {
  readonly output: string;
  readonly format: ChipFormat;
  readonly bands: readonly string[];
  readonly splits: readonly ChipSplit[];
  /** Chips that were left out for too little data, and for lack of labels. */
  readonly withoutData: number;
  readonly withoutLabels: number;
  /** Units that an earlier run had finished. */
  readonly unitsKept: number;
  /** Whether the output had these chips already, so that nothing was computed. */
  readonly finishedBefore: boolean;
  readonly peakMemoryBytes: number;
}
