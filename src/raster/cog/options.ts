/** Options of a COG, checked, with defaults. */
import { invalidInput } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { type Dtype, type GeoBox, isFloat } from '../../geo/index.js';
import type { ColourTable } from '../raster.js';
import { requireNodata } from '../stored-values.js';
import type { OverviewMethod } from './overview.js';

/** The compressions that COGs are written with. */
export const COG_COMPRESSIONS = ['deflate', 'zstd', 'none'] as const;
/** A compression that COGs are written with. */
export type CogCompression = (typeof COG_COMPRESSIONS)[number];

/** The grid, type and layout of a COG. */
export interface CogOptions {
  geobox: GeoBox;
  /** Number of bands. */
  bands: number;
  dtype: Dtype;
  /** A value of the type; null (default) for none. */
  nodata?: number | null;
  /** Default `deflate`. */
  compression?: CogCompression;
  /** From 1 (fast) to 9 (small) for deflate (default 6), to 22 for zstd (default 9). */
  level?: number;
  /**
   * 1 none, 2 horizontal differencing, 3 floating point. Default: 1 without compression, else 3 for floats and 2 for
   * integers.
   */
  predictor?: 1 | 2 | 3;
  /** Side of the square tiles: a multiple of 16 (default 512, less for a smaller image). */
  blockSize?: number;
  /** `pixel` (default): bands interleaved by pixel; `band`: each band separate. */
  interleave?: 'pixel' | 'band';
  /** Resampling of overviews: default `mode` with a colour table, else `average`. Give `mode` for classes. */
  overviews?: OverviewMethod;
  /**
   * Whether the file has an internal mask, written along with the bands (default false). `auto`: only if a pixel is
   * invalid.
   */
  mask?: boolean | 'auto';
  /** Whether tiles of only nodata (0 without nodata) are left out (default false). */
  sparse?: boolean;
  /** `auto` (default): BigTIFF if the file may exceed the 4 GiB of a classic TIFF. */
  bigTiff?: 'auto' | boolean;
  /** Colours of a uint8 class map, by value. */
  colourTable?: ColourTable;
  /**
   * GDAL's names in lower case, one per band: `red`, `green`, `blue`, `alpha`, … (default: the first `gray`, or `palette`
   * with a colour table, the others `undefined`). The first alpha band, if of uint8 or uint16, is above 0 for valid pixels.
   */
  colourInterpretations?: readonly string[];
  /** Whether colours are already multiplied by the alpha band (default false). */
  premultiplied?: boolean;
  /** Names of the bands. */
  descriptions?: readonly string[];
  /** Units of the bands, such as `m`; empty for none. */
  units?: readonly string[];
  /** Physical value = stored · scale + offset; one per band. */
  scales?: readonly number[];
  offsets?: readonly number[];
  /** GDAL metadata items of the file. */
  metadata?: Readonly<Record<string, string>>;
  /** GDAL metadata items of each band. */
  bandMetadata?: readonly Readonly<Record<string, string>>[];
}

export type CogSettings = Required<Omit<CogOptions, 'level' | 'colourTable'>> & {
  /** Null for the compression's default. */
  readonly level: number | null;
  readonly colourTable: ColourTable | null;
  /** Width and height of each image: full size and halves, down to one tile. */
  readonly sizes: readonly (readonly [number, number])[];
};

/** The largest offset of a classic TIFF. */
export const CLASSIC_LIMIT = 2 ** 32 - 1;

const HIGHEST_LEVEL: Readonly<Record<CogCompression, number>> = { deflate: 9, zstd: 22, none: 0 };

/** Options with one entry per band. */
const PER_BAND = [
  'descriptions',
  'units',
  'scales',
  'offsets',
  'bandMetadata',
  'colourInterpretations',
] as const;

/** @throws {TerrachipError} INVALID_INPUT for impossible options; the message names the file */
export function resolveOptions(path: string, options: CogOptions): CogSettings {
  const compression = options.compression ?? 'deflate';
  const { width, height } = options.geobox;
  const settings: CogSettings = {
    nodata: null,
    blockSize: Math.min(512, 16 * Math.ceil(Math.max(width, height) / 16)),
    interleave: 'pixel',
    overviews: options.colourTable === undefined ? 'average' : 'mode',
    mask: false,
    sparse: false,
    bigTiff: 'auto',
    colourInterpretations: [],
    premultiplied: false,
    descriptions: [],
    units: [],
    scales: [],
    offsets: [],
    metadata: {},
    bandMetadata: [],
    ...options,
    compression,
    level: options.level ?? null,
    predictor: options.predictor ?? (compression === 'none' ? 1 : isFloat(options.dtype) ? 3 : 2),
    colourTable: options.colourTable ?? null,
    sizes: [],
  };
  check(path, settings);
  return { ...settings, sizes: imageSizes(settings) };
}

function check(path: string, settings: CogSettings): void {
  const { blockSize, bands, compression, level, predictor, dtype, nodata } = settings;
  const requireThat = (possible: boolean, problem: string, remedy: string): void => {
    if (!possible) throw invalidInput(path, problem, remedy);
  };
  const isWhole = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  requireNodata(dtype, nodata);
  const tiles = isWhole(blockSize, 16, 4096) && blockSize % 16 === 0;
  requireThat(tiles, `cannot have tiles of ${blockSize} pixels`, 'give a multiple of 16 up to 4096');
  requireThat(isWhole(bands, 1, 65535), `cannot have ${bands} bands`, 'give a whole number from 1 to 65535');
  const highest = HIGHEST_LEVEL[compression];
  if (level !== null) {
    requireThat(highest > 0, `cannot have level ${level} without compression`, 'leave out the level');
    const problem = `cannot be compressed by ${compression} at level ${level}`;
    requireThat(isWhole(level, 1, highest), problem, `give a whole number from 1 to ${highest}`);
  }
  const predicts = predictor === 1 || compression !== 'none';
  requireThat(predicts, `cannot have predictor ${predictor} without compression`, 'leave it out');
  const floats = predictor !== 3 || isFloat(dtype);
  requireThat(floats, `cannot have predictor 3 with ${dtype}`, 'give predictor 2, or a float type');
  const colours = settings.colourTable === null || (dtype === 'uint8' && bands === 1);
  requireThat(colours, 'cannot have a colour table', 'give one band of uint8');
  for (const name of PER_BAND) {
    const { length } = settings[name];
    requireThat(length <= bands, `cannot have ${length} ${name} in ${bands} bands`, 'give one a band');
  }
}

function imageSizes({ geobox, blockSize, overviews }: CogSettings): [number, number][] {
  let { width, height } = geobox;
  const sizes: [number, number][] = [[width, height]];
  while (overviews !== 'none' && (width > blockSize || height > blockSize)) {
    width = Math.ceil(width / 2);
    height = Math.ceil(height / 2);
    sizes.push([width, height]);
  }
  return sizes;
}

/** Whether all tiles have the same size in the file: their places are known before they are written. */
export function hasEqualTiles({ compression, sparse, mask }: CogSettings): boolean {
  return compression === 'none' && !sparse && mask === false;
}

/** Bytes of the pixels of all images before compression, without the padding of tiles. */
export function imageBytes({ sizes, bands, dtype }: CogSettings): number {
  return sizes.reduce((sum, [width, height]) => sum + width * height * bands * bytesPerElement(dtype), 0);
}

/** The most bytes of all tiles: compression may enlarge incompressible data a little. */
export function mostBytes({ sizes, blockSize, bands, dtype, mask }: CogSettings): number {
  const pixels = sizes.reduce((sum, [width, height]) => sum + (width + blockSize) * (height + blockSize), 0);
  return 1.01 * pixels * (bands * bytesPerElement(dtype) + (mask === false ? 0 : 1));
}
