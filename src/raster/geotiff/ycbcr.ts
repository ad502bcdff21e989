/**
 * YCbCr images that the codec does not convert to RGB (TIFF 6.0, section 21): chroma is stored once per cell of pixels.
 * The conversion is libtiff's, in 16-bit fixed point, so results equal GDAL's exactly.
 */
import { TerrachipError } from '../../errors.js';
import { TAG, type TagReader } from './directory.js';
import type { SampleType } from './sample-types.js';

export interface Ycbcr {
  /** Size of a cell: pixels across and down that share chroma. */
  readonly across: number;
  readonly down: number;
  /** Red, green and blue of every luma and chroma value; see `conversionTables`. */
  readonly tables: ConversionTables;
}

interface ConversionTables {
  readonly luma: Int32Array;
  readonly redOfCr: Int32Array;
  readonly blueOfCb: Int32Array;
  /** Fixed point: both parts of green are added before the shift. */
  readonly greenOfCr: Int32Array;
  readonly greenOfCb: Int32Array;
}

const PHOTOMETRIC_YCBCR = 6;
/** Codecs that decode to RGB: old and new JPEG, WebP. */
const CONVERTING_CODECS = [6, 7, 50001];
const FRACTION_BITS = 16;

/** @throws {TerrachipError} UNSUPPORTED for a layout that GDAL does not read either */
export async function readYcbcr(
  name: string,
  tags: TagReader,
  image: {
    photometric: number;
    compression: number;
    bands: number;
    interleaved: boolean;
    sample: SampleType;
  },
): Promise<Ycbcr | null> {
  if (image.photometric !== PHOTOMETRIC_YCBCR || CONVERTING_CODECS.includes(image.compression)) return null;
  const [across, down] = (await tags.numbers(TAG.YcbcrSubsampling)) ?? [2, 2];
  const possible = [1, 2, 4].includes(across) && [1, 2, 4].includes(down);
  if (image.bands !== 3 || image.sample.storedType !== 'uint8' || !image.interleaved || !possible) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} stores YCbCr colours in ${image.bands} bands of ${image.sample.storedType}, chroma once for ${across} × ${down} pixels`,
      'rewrite it in RGB (gdal_translate -co PHOTOMETRIC=RGB)',
      { feature: 'YCbCr layout' },
    );
  }
  const weights = (await tags.numbers(TAG.YcbcrCoefficients)) ?? [0.299, 0.587, 0.114];
  const range = (await tags.numbers(TAG.ReferenceBlackWhite)) ?? [0, 255, 128, 255, 128, 255];
  return { across, down, tables: conversionTables(weights, range) };
}

/** Bytes of one row of cells, each with its lumas and two chromas. */
export function ycbcrRowBytes({ across, down }: Ycbcr, width: number): number {
  return Math.ceil(width / across) * (across * down + 2);
}

/** Pixels of a block as RGB, interleaved. */
export function ycbcrToRgb(
  ycbcr: Ycbcr,
  bytes: Uint8Array,
  width: number,
  rows: number,
): Uint8Array<ArrayBuffer> {
  const { across, down, tables } = ycbcr;
  const rgb = new Uint8ClampedArray(width * rows * 3);
  const cells = Math.ceil(width / across);
  const cellBytes = across * down + 2;
  for (let y = 0; y < rows; y++) {
    const cellRow = Math.floor(y / down) * cells;
    for (let x = 0; x < width; x++) {
      const cell = (cellRow + Math.floor(x / across)) * cellBytes;
      const luma = tables.luma[bytes[cell + (y % down) * across + (x % across)]];
      const cb = bytes[cell + across * down];
      const cr = bytes[cell + across * down + 1];
      const to = (y * width + x) * 3;
      rgb[to] = luma + tables.redOfCr[cr];
      rgb[to + 1] = luma + ((tables.greenOfCb[cb] + tables.greenOfCr[cr]) >> FRACTION_BITS);
      rgb[to + 2] = luma + tables.blueOfCb[cb];
    }
  }
  return new Uint8Array(rgb.buffer);
}

/**
 * R = Y + (2 − 2·Lr)·Cr, B = Y + (2 − 2·Lb)·Cb, G from Y = Lr·R + Lg·G + Lb·B, after stretching from the reference black
 * and white.
 */
export function conversionTables(weights: readonly number[], range: readonly number[]): ConversionTables {
  const [red, green, blue] = weights;
  const fixed = (x: number): number => Math.trunc(Math.min(Math.max(x, 0), 2) * 2 ** FRACTION_BITS + 0.5);
  const ofCr = fixed(2 - 2 * red);
  const ofCb = fixed(2 - 2 * blue);
  const greenOfCr = -fixed((red * (2 - 2 * red)) / green);
  const greenOfCb = -fixed((blue * (2 - 2 * blue)) / green);
  const half = 2 ** (FRACTION_BITS - 1);
  const spread = (value: number, black: number, white: number, most: number): number => {
    const width = white - black === 0 ? 1 : white - black;
    return Math.trunc(Math.min(Math.max(((value - black) * most) / width, -4096), 4096));
  };
  const table = (valueAt: (code: number) => number): Int32Array =>
    Int32Array.from({ length: 256 }, (_, code) => valueAt(code));
  const cr = (code: number): number => spread(code - 128, range[4] - 128, range[5] - 128, 127);
  const cb = (code: number): number => spread(code - 128, range[2] - 128, range[3] - 128, 127);
  return {
    luma: table((code) => spread(code, range[0], range[1], 255)),
    redOfCr: table((code) => (ofCr * cr(code) + half) >> FRACTION_BITS),
    blueOfCb: table((code) => (ofCb * cb(code) + half) >> FRACTION_BITS),
    greenOfCr: table((code) => greenOfCr * cr(code)),
    greenOfCb: table((code) => greenOfCb * cb(code) + half),
  };
}
