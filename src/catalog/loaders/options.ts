/** What loaders are told. */
import type { Dtype } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import type { Antialias, BitField, MosaicMethod, Resampling } from '../../kernels/index.js';
import type { OperationOptions } from '../../progress.js';
import type { BlockCache, Raster } from '../../raster/index.js';
import type { CatalogRow } from '../row.js';
import type { UnitOptions } from './units.js';

/** A band by its name, its common name or its asset's key; or by its number, from 1, in the row's main file. */
export type BandChoice = string | number;

/** One resampling for all bands, or one a band by the name it is chosen by; bands left out keep their default. */
export type ResamplingChoice = Resampling | Readonly<Record<string, Resampling>>;

/**
 * Pixels that are taken away from a source before anything is made of them: clouds, shadows, fill.
 * A pixel that the quality band does not reach is taken away too.
 */
export interface QualityMask {
  /** The quality band of the same row, such as `SCL` or `QA_PIXEL`. */
  band: BandChoice;
  /** Bits, or fields of bits, any of which takes a pixel away. */
  bits?: readonly (number | BitField)[];
  /** Classes, from 0 to 255, any of which takes a pixel away. */
  classes?: readonly number[];
  /** By how many pixels of the quality band what is taken away grows, from 0 (default) to 254: a disc. */
  dilate?: number;
}

/**
 * Which source comes first: `time` (default) the oldest, by the middle of its interval; `given` as the catalog lists
 * them; by a property, least first; or by comparing two rows. What is equal stays in the order of time, then of
 * collection and id.
 */
export type RowOrder =
  | 'time'
  | 'given'
  | { readonly property: string; readonly descending?: boolean }
  | ((a: CatalogRow, b: CatalogRow) => number);

/** Opens the file of an asset, to sign an address or to take it from somewhere else. */
export type OpenAsset = (
  href: string,
  options: { cache: BlockCache; signal?: AbortSignal },
) => Promise<Raster>;

/** What loading has done, for reports and for tests that prove that nothing is read twice. */
export interface LoadCounters {
  /** Rows whose pixels may touch the grid. */
  rows: number;
  /** Rows that were left out because `onUnreadable` is `skip`. */
  skippedRows: number;
  filesOpened: number;
  sourcePixelsRead: number;
  warpedPixels: number;
  /** Source pixels that `mask` took away, counted at each band's own pixels. */
  maskedPixels: number;
}

/** Counters that start at 0. */
export function createLoadCounters(): LoadCounters {
  return {
    rows: 0,
    skippedRows: 0,
    filesOpened: 0,
    sourcePixelsRead: 0,
    warpedPixels: 0,
    maskedPixels: 0,
  };
}

/** Which bands are read of the rows of a catalog, and how they become values. */
export interface SourceOptions extends OperationOptions, UnitOptions {
  /** Default: all bands of the first row's main file but its alpha band. */
  bands?: readonly BandChoice[];
  /** Default: `nearest` for categories (classes, quality bits), `bilinear` for everything else. */
  resampling?: ResamplingChoice;
  mask?: QualityMask;
  order?: RowOrder;
  /** Whether stored values become physical ones by the scale and offset of the row, or else of the file (default true). */
  unscale?: boolean;
  /** What means "no data" in sources that do not say so, or say it wrong: for all bands, or by band. */
  sourceNodata?: number | Readonly<Record<string, number>>;
  /** As `WarpedRaster` takes it (default `off`). */
  antialias?: Antialias;
  /** As `WarpedRaster` takes it (default `none`: full resolution). */
  overview?: 'auto' | 'none';
  /** A row whose file cannot be opened, or that has not all bands: an error (default), or left out with a warning. */
  onUnreadable?: 'error' | 'skip';
  /** Default: a `CpuBackend` on the calling thread, for the time of the call. */
  backend?: Backend;
  /** Where decoded blocks are kept, so that one bound holds for several loads (default: 128 MiB for the time of the call). */
  cache?: BlockCache;
  /** Default: `openRaster`. */
  open?: OpenAsset;
  /**
   * Whether a grid that no row reaches gives a result without any data, as chips of a sequence may want it (default: an
   * error that says where the rows lie).
   */
  allowEmpty?: boolean;
  /** Counters to add to. */
  counters?: LoadCounters;
  /** Bytes that the result may have (default 4 GiB). */
  maxBytes?: number;
}

/** The grid of `loadRaster`, and how rows become its pixels. */
export interface LoadRasterOptions<D extends Dtype = Dtype> extends SourceOptions {
  /** What becomes of several sources over a pixel, gaps ignored (default `first`, in `order`). */
  method?: MosaicMethod;
  /**
   * Type of the result (default float32, NaN for no data). As float64, int32 or uint32, values that float32 cannot hold
   * are kept by `first`, `last`, `min` and `max`; else whole numbers of that kind are refused where they would change.
   */
  dtype?: D;
  /**
   * The result's nodata. Default: NaN for floats; for integers that of the first source or the end of the range, or another
   * value where valid pixels hold that one. Strips that are streamed are refused then.
   */
  nodata?: number;
}

export const DEFAULT_MAX_BYTES = 4 * 2 ** 30;
