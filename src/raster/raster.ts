import type {
  Affine,
  Bounds,
  Crs,
  CrsLike,
  Dtype,
  GeoBox,
  GeoTensor,
  PixelWindow,
  TypedArray,
} from '../geo/index.js';

/** What a file says about one band. */
export interface BandInfo {
  /** From 1, as GDAL counts. */
  readonly index: number;
  /** The type of the values that are handed out. */
  readonly dtype: Dtype;
  /** The type in the file, by its NumPy or GDAL name: `uint16`, `uint12`, `float16`, `int64`, `complex_int16`. */
  readonly storedType: string;
  /** 2 for complex numbers, whose real and imaginary parts alternate in planes; else 1. */
  readonly components: 1 | 2;
  /** In stored units, as a value of the band's type; NaN is possible; null for none. */
  readonly nodata: number | null;
  /** Physical value = stored · scale + offset. */
  readonly scale: number;
  readonly offset: number;
  readonly description: string | null;
  /** GDAL's name in lower case: `gray`, `palette`, `red`, `green`, `blue`, `alpha`, `undefined`, … */
  readonly colourInterpretation: string;
  readonly metadata: Metadata;
}

/** Items by domain and name, as GDAL groups them; the default domain is the empty string. */
export type Metadata = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A ground control point: a pixel position (column, row; the first pixel's corner is 0, 0) and where it lies. */
export interface GroundControlPoint {
  readonly column: number;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** What says which pixels are valid, besides nodata: a mask image, one a band, an alpha band, or nothing. */
export type MaskKind = 'mask' | 'band masks' | 'alpha' | null;

/** A part of one image, as stored. */
export interface WindowRequest {
  /** Pixels of the chosen level; default: all. It must lie inside. */
  window?: PixelWindow;
  /** Band numbers from 1, in the order of the result; default: all. */
  bands?: readonly number[];
  /** 0 for full resolution (default), 1 for the first overview, and so on. */
  level?: number;
  signal?: AbortSignal;
}

/**
 * A part of a raster: by pixels, by bounds or by another grid; default: all of it. What is read is always whole
 * pixels of one of its images, never resampled.
 */
export interface ReadRequest {
  /**
   * Pixels of the level that `overview` gives by number, else of the full resolution; it must lie inside. Read from
   * another level than it is given in, it grows outward to whole pixels of that level.
   */
  window?: PixelWindow;
  /** All pixels that the bounds touch; what lies outside the raster is left out. */
  bounds?: Bounds;
  /** The CRS of `bounds` (default: the raster's). Edges that are curved in the raster's CRS are covered. */
  boundsCrs?: CrsLike;
  /** All pixels that a grid in any CRS touches; what lies outside the raster is left out. */
  geobox?: GeoBox;
  /** Largest pixel size that will do, in units of the raster's CRS, with `window`, `bounds` or alone. */
  resolution?: number;
  /**
   * `auto` (default): the coarsest level that is not coarser than `resolution` or the pixels of `geobox`, and full
   * resolution without them. `none`: full resolution. A number: 0 for full resolution, 1 for the first overview, …
   */
  overview?: 'auto' | 'none' | number;
  /** Band numbers from 1, in the order of the result; default: all. */
  bands?: readonly number[];
  signal?: AbortSignal;
}

/** The part of a mask that `readMask` reads. */
export interface MaskRequest extends Omit<WindowRequest, 'bands'> {
  /** The band whose mask it is (default 1); most files have one mask for all of them. */
  band?: number;
}

/** RGB triples of a palette, by value. */
export type ColourTable = readonly (readonly [number, number, number])[];

/** An opened raster: what its headers say, and its pixels by window. Close it when done. */
export interface Raster extends AsyncDisposable {
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
  readonly metadata: Metadata;
  readonly mask: MaskKind;
  /** Points that tie an image without a transform to the ground, and their CRS; null where there are none. */
  readonly gcps: { readonly crs: Crs | null; readonly points: readonly GroundControlPoint[] } | null;
  /** Whether the file has rational polynomial coefficients (RPC), by which terrachip cannot warp. */
  readonly hasRpc: boolean;
  /** The arrays of latitude and longitude that the pixels of a swath lie by; null or absent for other images. */
  readonly swath?: readonly [latitude: string, longitude: string] | null;
  /** Why a place that the file does name cannot be used, as the end of a sentence about the file; else null. */
  readonly placeProblem: string | null;
  /** Stored values of a window, an array a band. */
  readPlanes(request?: WindowRequest): Promise<TypedArray[]>;
  /** Which pixels of a window are valid: 0 to 255, where 0 is not; null when the file has no mask and no alpha band. */
  readMask(request?: MaskRequest): Promise<Uint8Array | null>;
  /**
   * Stored values as a tensor (band, y, x) whose grid is exactly the pixels read. Over HTTP only the byte ranges of
   * the blocks under them are fetched.
   * @throws {TerrachipError} INVALID_INPUT without a CRS, or for an area, a band or a level that is not there
   */
  read(request?: ReadRequest): Promise<GeoTensor>;
  /** Closes the file. `await using` calls it, too. */
  dispose(): Promise<void>;
  /** @deprecated The former name of `dispose`. */
  close(): Promise<void>;
}
