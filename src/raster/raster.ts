import type { Affine, Crs, Dtype, GeoBox, GeoTensor, PixelWindow, TypedArray } from '../geo/index.js';

/** What a file says about one band. */
export interface BandInfo {
  /** From 1, as GDAL counts. */
  readonly index: number;
  readonly dtype: Dtype;
  /** In stored units; NaN is possible; null for none. */
  readonly nodata: number | null;
  /** Physical value = stored · scale + offset. */
  readonly scale: number;
  readonly offset: number;
  readonly description: string | null;
}

export interface WindowRequest {
  /** Pixels of the chosen level; default: all. It must lie inside. */
  window?: PixelWindow;
  /** Band numbers from 1, in the order of the result; default: all. */
  bands?: readonly number[];
  /** 0 for full resolution (default), 1 for the first overview, and so on. */
  level?: number;
  signal?: AbortSignal;
}

/** RGB triples of a palette, by value. */
export type ColourTable = readonly (readonly [number, number, number])[];

/** An opened raster: what its headers say, and its pixels by window. Close it when done. */
export interface Raster {
  /** The path or URL, without credentials. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bands: readonly BandInfo[];
  readonly crs: Crs | null;
  readonly transform: Affine | null;
  /** The pixel grid; null when the file has no CRS or no transform. */
  readonly geobox: GeoBox | null;
  readonly compression: string;
  /** 1 none, 2 horizontal differencing, 3 floating point. */
  readonly predictor: number;
  /** Width and height of the blocks that pixels are stored in. */
  readonly blockSize: readonly [number, number];
  /** Sizes of the reduced images, largest first. */
  readonly overviews: readonly (readonly [number, number])[];
  readonly colourTable: ColourTable | null;
  /** Stored values of a window, an array a band. */
  readPlanes(request?: WindowRequest): Promise<TypedArray[]>;
  /** Stored values of a window as a tensor (band, y, x). @throws {TerrachipError} INVALID_INPUT without a CRS */
  read(request?: WindowRequest): Promise<GeoTensor>;
  close(): Promise<void>;
}
