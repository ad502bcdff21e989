/** Options of the loaders. */
import { invalidOption, TerrachipError } from '../../errors.js';
import type { Dtype, GeoBox } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import type { Antialias, BitField, MosaicMethod, Resampling } from '../../kernels/index.js';
import { suitsCategories } from '../../kernels/resampling.js';
import type { OperationOptions } from '../../progress.js';
import type { BlockCache, Raster, Units } from '../../raster/index.js';
import type { CatalogRow } from '../row.js';

/** A band by its name, its common name or the key of its asset; or by its number, from 1, in the row's main file. */
export type BandChoice = string | number;

/** One resampling for all bands, or one per band by the name it is chosen by; other bands keep their default. */
export type ResamplingChoice = Resampling | Readonly<Record<string, Resampling>>;

/**
 * Masks source pixels, such as clouds, shadows and fill, before they are resampled. Pixels outside the quality band are
 * masked too.
 */
export interface QualityMask {
  /** The quality band of the same row, such as `SCL` or `QA_PIXEL`. */
  band: BandChoice;
  /** Bits, or bit fields, any of which masks a pixel. */
  bits?: readonly (number | BitField)[];
  /** Classes, from 0 to 255, any of which masks a pixel. */
  classes?: readonly number[];
  /** Dilates the mask by a disc of this radius, in pixels of the quality band, from 0 (default) to 254. */
  dilate?: number;
}

/**
 * The order of sources: `time` (default) by the middle of their intervals, oldest first; `given` as in the catalog; by
 * a property, ascending; or by a comparison of two rows. Ties are ordered by time, then by collection and id.
 */
export type RowOrder =
  | 'time'
  | 'given'
  | { readonly property: string; readonly descending?: boolean }
  | ((a: CatalogRow, b: CatalogRow) => number);

/** Opens the file of an asset, for example from a signed address. */
export type OpenAsset = (
  href: string,
  options: { cache: BlockCache; signal?: AbortSignal },
) => Promise<Raster>;

/** Counts of the work done, for reports and tests. */
export interface LoadCounters {
  /** Rows whose pixels may touch the grid. */
  rows: number;
  /** Rows left out by `onUnreadable: 'skip'`. */
  skippedRows: number;
  filesOpened: number;
  sourcePixelsRead: number;
  warpedPixels: number;
  /** Source pixels masked by `mask`, counted at each band's own resolution. */
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

/** The units of loaded values. */
export interface UnitOptions {
  /** The units of the result. Each source is converted from the units in its row. Default: no conversion. */
  units?: Units;
  /** The units of rows that declare none; used only with `units`. */
  sourceUnits?: Units;
}

/** The bands that are read from rows, and how they are masked, scaled and resampled. */
export interface SourceOptions extends OperationOptions, UnitOptions {
  /** Default: all bands of the first row's main file except its alpha band. */
  bands?: readonly BandChoice[];
  /** Default: `nearest` for categories (classes, quality bits), `bilinear` for all others. */
  resampling?: ResamplingChoice;
  /** One mask, or one by row; null for none. */
  mask?: QualityMask | ((row: CatalogRow) => QualityMask | null);
  order?: RowOrder;
  /** Applies the scale and offset of the row, or else of the file (default true). */
  unscale?: boolean;
  /** The nodata value of sources with missing or wrong metadata: for all bands, or by band. */
  sourceNodata?: number | Readonly<Record<string, number>>;
  /** As in `WarpedRaster` (default `off`). */
  antialias?: Antialias;
  /** As in `WarpedRaster` (default `none`: full resolution). */
  overview?: 'auto' | 'none';
  /** A row whose file cannot be opened, or that lacks a band: throws (default), or skips it with a warning. */
  onUnreadable?: 'error' | 'skip';
  /** Default: a `CpuBackend` on the calling thread, disposed after the call. */
  backend?: Backend;
  /** Decoded blocks, to share between loads (default: 128 MiB for one call). */
  cache?: BlockCache;
  /** Default: `openRaster`. */
  open?: OpenAsset;
  /** Returns only nodata for a grid that no row overlaps (default: an error with the extent of the rows). */
  allowEmpty?: boolean;
  /** Counters to add to. */
  counters?: LoadCounters;
  /** Largest result in bytes (default 4 GiB). */
  maxBytes?: number;
}

/** How `loadRaster` combines rows, and the type of the result. */
export interface LoadRasterOptions<D extends Dtype = Dtype> extends SourceOptions {
  /** Combines valid values of several sources at a pixel (default `first`, in `order`). */
  method?: MosaicMethod;
  /**
   * Type of the result (default float32, NaN for no data). With float64, int32 or uint32, the methods `first`, `last`,
   * `min` and `max` keep values that float32 cannot hold; otherwise integers that would change are refused.
   */
  dtype?: D;
  /**
   * Nodata of the result. Default: NaN for floats; for integers that of the first source or the end of the range. If
   * valid pixels have that value, another one is chosen, and a stream throws.
   */
  nodata?: number;
}

export const DEFAULT_MAX_BYTES = 4 * 2 ** 30;

/** @throws {TerrachipError} TOO_LARGE if a result of so many bytes exceeds the limit */
export function requireBytes(
  name: string,
  size: number,
  limit = DEFAULT_MAX_BYTES,
  remedy = 'load a smaller area, larger pixels or less of it, or raise `maxBytes`',
): void {
  if (size <= limit) return;
  const text = `${name} would take ${size} bytes, above the limit of ${limit}`;
  throw new TerrachipError('TOO_LARGE', text, remedy, { size, limit });
}

/** A number of bands or layers on a grid, for messages. */
export function sizeOnGrid(count: number, things: string, { width, height }: GeoBox): string {
  return `${count} ${things} of ${width} × ${height} pixels`;
}

/** @throws {TerrachipError} INVALID_OPTION for a resampling that interpolates categories */
export function requireCategorical(
  resampling: Resampling,
  band: string,
  remedy = 'use nearest or mode',
): void {
  if (suitsCategories(resampling)) return;
  throw invalidOption('resampling', `cannot be ${resampling} for ${band}, which holds categories`, remedy);
}
