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
import type { Resource } from '../resource.js';

/** One band's type, nodata, scale and metadata. */
export interface BandInfo {
  /** From 1, as GDAL counts. */
  readonly index: number;
  /** The type of the values that reads return. */
  readonly dtype: Dtype;
  /** The type in the file, by its NumPy or GDAL name: `uint16`, `uint12`, `float16`, `int64`, `complex_int16`. */
  readonly storedType: string;
  /** 2 for complex numbers, whose real and imaginary parts alternate in planes; else 1. */
  readonly components: 1 | 2;
  /** A stored value of the band's type, maybe NaN; null for none. */
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

/** A ground control point: a pixel position (column, row; the first pixel's corner is 0, 0) and its coordinates. */
export interface GroundControlPoint {
  readonly column: number;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** The source of pixel validity besides nodata: one mask image, one per band, an alpha band, or none. */
export type MaskKind = 'mask' | 'band masks' | 'alpha' | null;

/** A window of one level, in stored pixels. */
export interface WindowRequest {
  /** Pixels of the chosen level, inside it; default: all. */
  window?: PixelWindow;
  /** Band numbers from 1, in the order of the result; default: all. */
  bands?: readonly number[];
  /** 0 for full resolution (default), 1 for the first overview, and so on. */
  level?: number;
  /**
   * Arrays for the result, one per band, of its type and length. Formats that decode into new arrays ignore them: use the
   * arrays that are returned.
   */
  into?: readonly TypedArray[];
  signal?: AbortSignal;
}

/**
 * Blocks of a raster, which are decoded and kept as a whole: tiles, strips, or chunks of an array. They cover the image from
 * its first pixel on.
 */
export interface BlockGrid {
  /** Pixels of a block. */
  readonly width: number;
  readonly height: number;
  /** Decoded bytes of a block, with all bands in it. */
  readonly bytes: number;
}

/**
 * A part of a raster: by pixels, by bounds or by another grid; default: all of it. A read returns whole pixels of one
 * level, never resampled.
 */
export interface ReadRequest {
  /**
   * Pixels of level `overview` where that is a number, else of the full resolution; inside that level. When another
   * level is read, the window grows outward to whole pixels of that level.
   */
  window?: PixelWindow;
  /** All pixels that the bounds touch, clipped to the raster. */
  bounds?: Bounds;
  /** The CRS of `bounds` (default: the raster's). Edges that are curved in the raster's CRS are covered. */
  boundsCrs?: CrsLike;
  /** All pixels that a grid in any CRS touches, clipped to the raster. */
  geobox?: GeoBox;
  /** Largest acceptable pixel size, in units of the raster's CRS, with `window`, `bounds` or alone. */
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
export interface MaskRequest extends Omit<WindowRequest, 'bands' | 'into'> {
  /** The band whose mask it is (default 1); most files have one mask for all of them. */
  band?: number;
}

/** RGB triples of a palette, by value. */
export type ColourTable = readonly (readonly [number, number, number])[];

/** An opened raster: its metadata, and its pixels by window. Dispose it when done. */
export interface Raster extends Resource {
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
  /** Width and height of stored blocks. */
  readonly blockSize: readonly [number, number];
  /** Sizes of the reduced images, largest first. */
  readonly overviews: readonly (readonly [number, number])[];
  readonly colourTable: ColourTable | null;
  readonly metadata: Metadata;
  readonly mask: MaskKind;
  /** Ground control points of an image without a transform, and their CRS; null for none. */
  readonly gcps: { readonly crs: Crs | null; readonly points: readonly GroundControlPoint[] } | null;
  /** Whether the file has rational polynomial coefficients (RPC), which terrachip does not apply. */
  readonly hasRpc: boolean;
  /** The geolocation arrays of a swath; null or absent for other images. */
  readonly swath?: readonly [latitude: string, longitude: string] | null;
  /** Why the file's georeference cannot be used, as a predicate ("names …"); else null. */
  readonly placeProblem: string | null;
  /**
   * The cached blocks of some bands and their masks in a level: a grid for each stored image. Empty, or absent, if nothing is
   * cached.
   */
  blockGrids?(request?: Pick<WindowRequest, 'bands' | 'level'>): readonly BlockGrid[];
  /** Stored values of a window, one array per band. */
  readPlanes(request?: WindowRequest): Promise<TypedArray[]>;
  /** Validity of a window's pixels, 0 to 255, 0 for invalid; null for a file without mask and alpha band. */
  readMask(request?: MaskRequest): Promise<Uint8Array | null>;
  /**
   * Stored values as a tensor (band, y, x) on the grid of the pixels read. Over HTTP only the byte ranges of their blocks
   * are fetched.
   * @throws {TerrachipError} INVALID_INPUT without a CRS, or for an area, a band or a level outside the raster
   */
  read(request?: ReadRequest): Promise<GeoTensor>;
}
