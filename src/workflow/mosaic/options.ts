/** Options and reports of mosaics. */
import type {
  GeoCatalog,
  LoadCounters,
  QualityMask,
  ResamplingChoice,
  RowOrder,
} from '../../catalog/node/index.js';
import type { Dtype } from '../../geo/index.js';
import type { DiskPlan } from '../../io/node/disk-space.js';
import type { MosaicMethod } from '../../kernels/index.js';
import type { BlockCounters } from '../../raster/node/index.js';
import type { RowSelection } from '../catalog.js';
import type { MaskWord } from '../choices.js';
import type { MemoryOptions, MemoryPlan } from '../memory.js';
import type { CogOutputOptions } from '../stream-rows.js';
import type { TargetGrid } from '../target-grid.js';
import type { ZonalLayers } from '../zonal/layers.js';

/** The rows of a mosaic, its grid, and how rows are combined. */
export interface MosaicCatalogOptions extends CogOutputOptions, MemoryOptions, ZonalLayers {
  /** A catalog, or its path or URL (`.parquet`, `.geojson`, STAC items). */
  catalog: string | GeoCatalog;
  /** A COG (`.tif`), or a Zarr store (`.zarr`), which must not exist. */
  destination: string;
  /** Rows by time and properties. */
  select?: Pick<RowSelection, 'datetime' | 'where' | 'allowLocal'>;
  /**
   * Default: the CRS of most rows, their extent, and the smallest pixels of files in that CRS, which are then copied, not
   * resampled.
   */
  grid?: TargetGrid;
  /** How the values of several rows at a pixel are combined (default `median`). */
  method?: MosaicMethod;
  /** Also write a band `count`: how many rows have data at a pixel, in the band with the fewest. */
  count?: boolean;
  /** Pixels that are left out by a quality band of the same row, or by the name of a usual mask. */
  mask?: QualityMask | MaskWord;
  /** By how many pixels of the quality band the mask grows (default: as `mask` says, else 0). */
  dilate?: number;
  /** For `first` and `last` (default `time`: oldest first; rows of one time by collection and id). */
  order?: RowOrder;
  /** Default: `nearest` for categories, else `bilinear`. */
  resampling?: ResamplingChoice;
  /** Leave out rows whose files cannot be opened or that lack a band, with a warning (default false). */
  skipUnreadable?: boolean;
  /** Type of the result (default float32). */
  dtype?: Dtype;
  /**
   * Nodata of the result. Default: NaN for floats; for integers that of the first row if the type holds it, else the end of
   * the type's range. Null: a mask says where gaps are, in a COG.
   */
  nodata?: number | null;
  /** Pixels along a side of the tiles that are computed one after the other, and of a Zarr shard (default 1024). */
  tile?: number;
  /** Called before the first pixel is read. */
  onPlan?: (plan: MosaicPlan) => void;
}

/** The plan of a mosaic: what it reads, needs and writes. */
export interface MosaicPlan {
  width: number;
  height: number;
  crs: string;
  /** Rows that reach the grid, and rows that were left out. */
  rows: number;
  skippedRows: number;
  tiles: number;
  /** Bytes of decoded pixels that are read, at least. */
  readBytes: number;
  memory: MemoryPlan;
  disk: DiskPlan;
}

/** The written mosaic. */
export interface MosaicReport {
  destination: string;
  format: 'COG' | 'Zarr';
  width: number;
  height: number;
  crs: string;
  /** In the order of the result. */
  bands: string[];
  method: MosaicMethod;
  /** From the first row to the last, or as it was chosen; null for rows without a date. */
  interval: [string, string] | null;
  dtype: Dtype;
  /** Null where a mask marks the gaps. */
  nodata: number | null;
  /** Pixels of each band with data. */
  validPixels: number[];
  rows: number;
  skippedRows: number;
  memory: MemoryPlan;
  counters: MosaicCounters;
}

/** What was read. `filesOpened` counts a file again if it was closed in between. */
export type MosaicCounters = Omit<LoadCounters, 'rows' | 'skippedRows'> & BlockCounters;
