/**
 * Undoes TIFF predictors (cog/tile.ts applies them) on bytes in little-endian order.
 *
 * 2, horizontal differencing (TIFF 6.0, section 14): each sample is stored as its difference from the sample of
 * the same band one pixel to the left, modulo its width; for floats, on their bits.
 * 3, floating point (Adobe Photoshop TIFF Technical Note 3): the bytes of a row are sorted by significance, most
 * significant plane first, and then differenced as bytes at the distance of one pixel's bands.
 */
import { TerrachipError } from '../../errors.js';

export interface BlockShape {
  /** Pixels in a row, and rows. */
  readonly width: number;
  readonly height: number;
  /** Interleaved samples of a pixel. */
  readonly samples: number;
  readonly bytesPerSample: number;
}

/**
 * Checks that a predictor is supported: 2 on whole words, 3 on floats of 2 to 4 or 8 bytes.
 * @param bitsPerSample both parts of a complex sample included
 * @throws {TerrachipError} UNSUPPORTED
 */
export function requirePredictor(
  name: string,
  predictor: number,
  bitsPerSample: number,
  isFloat: boolean,
): void {
  if (predictor === 1) return;
  if (predictor === 2 && [8, 16, 32, 64].includes(bitsPerSample)) return;
  if (predictor === 3 && isFloat && [16, 24, 32, 64].includes(bitsPerSample)) return;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${name} uses TIFF predictor ${predictor} on samples of ${bitsPerSample} bits`,
    'rewrite it without a predictor (gdal_translate -co PREDICTOR=1)',
    { feature: `predictor ${predictor}` },
  );
}

/** Undoes predictor 2 (in place) or 3 (into a new array); any other returns the bytes unchanged. */
export function undoPredictor(
  predictor: number,
  bytes: Uint8Array<ArrayBuffer>,
  shape: BlockShape,
): Uint8Array<ArrayBuffer> {
  if (predictor === 2) {
    integrateRows(bytes, shape);
    return bytes;
  }
  return predictor === 3 ? joinPlanes(bytes, shape) : bytes;
}

/** The rows of a block as unsigned integers of the sample's width; bytes must be aligned to it. */
function asIntegers(
  bytes: Uint8Array<ArrayBuffer>,
  bytesPerSample: number,
): Uint8Array | Uint16Array | Uint32Array | BigUint64Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const length = Math.floor(byteLength / bytesPerSample);
  if (bytesPerSample === 1) return bytes;
  if (bytesPerSample === 2) return new Uint16Array(buffer, byteOffset, length);
  if (bytesPerSample === 4) return new Uint32Array(buffer, byteOffset, length);
  return new BigUint64Array(buffer, byteOffset, length);
}

function integrateRows(bytes: Uint8Array<ArrayBuffer>, shape: BlockShape): void {
  const { width, height, samples } = shape;
  const values = asIntegers(bytes, shape.bytesPerSample);
  const row = width * samples;
  if (values instanceof BigUint64Array) {
    for (let y = 0; y < height; y++) {
      for (let i = y * row + samples; i < (y + 1) * row; i++) values[i] += values[i - samples];
    }
    return;
  }
  for (let y = 0; y < height; y++) {
    const start = y * row;
    const end = start + row;
    // Typed arrays wrap around.
    if (samples === 1) {
      let sum = 0;
      for (let i = start; i < end; i++) {
        sum = (sum + values[i]) | 0;
        values[i] = sum;
      }
    } else {
      for (let i = start + samples; i < end; i++) values[i] = values[i] + values[i - samples];
    }
  }
}

function joinPlanes(bytes: Uint8Array<ArrayBuffer>, shape: BlockShape): Uint8Array<ArrayBuffer> {
  const { width, height, samples, bytesPerSample } = shape;
  const values = width * samples;
  const rowBytes = values * bytesPerSample;
  const result = new Uint8Array(bytes.length);
  const inWords = values % 4 === 0 && bytes.byteOffset % 4 === 0 && bytes.byteLength % 4 === 0;
  const words = inWords ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4) : null;
  const joined = words !== null && bytesPerSample === 4 ? new Int32Array(result.buffer) : null;
  for (let y = 0; y < height; y++) {
    const start = y * rowBytes;
    const end = start + rowBytes;
    if (words !== null && samples === 1) {
      integrateWords(words, start / 4, end / 4);
    } else {
      for (let i = start + samples; i < end; i++) bytes[i] = bytes[i] + bytes[i - samples];
    }
    if (words !== null && joined !== null) {
      joinWords(words, joined, y * values, values);
      continue;
    }
    for (let plane = 0; plane < bytesPerSample; plane++) {
      let from = start + plane * values;
      // The first plane is the most significant byte, the last in little-endian order.
      for (let to = start + bytesPerSample - 1 - plane; to < end; to += bytesPerSample)
        result[to] = bytes[from++];
    }
  }
  return result;
}

/** Masks of the low seven bits and the high bit of each byte, to add bytes without carries between them. */
const LOW = 0x7f7f7f7f;
const HIGH = 0x80808080 | 0;
const HIGHEST = 0xff000000 | 0;

/** Running sums of bytes modulo 256, four bytes at a time. */
function integrateWords(words: Int32Array, start: number, end: number): void {
  // The sum so far, in each byte.
  let carry = 0;
  for (let i = start; i < end; i++) {
    let sums = words[i];
    let shifted = sums << 8;
    sums = ((sums & LOW) + (shifted & LOW)) ^ ((sums ^ shifted) & HIGH);
    shifted = sums << 16;
    sums = ((sums & LOW) + (shifted & LOW)) ^ ((sums ^ shifted) & HIGH);
    sums = ((sums & LOW) + (carry & LOW)) ^ ((sums ^ carry) & HIGH);
    words[i] = sums;
    carry = Math.imul(sums >>> 24, 0x01010101);
  }
}

/** Joins the four planes of a row of 32-bit samples, four samples at a time. */
function joinWords(words: Int32Array, joined: Int32Array, start: number, values: number): void {
  const plane = values / 4;
  for (let i = start, to = start; i < start + plane; i++, to += 4) {
    const a = words[i];
    const b = words[i + plane];
    const c = words[i + 2 * plane];
    const d = words[i + 3 * plane];
    joined[to] = (a << 24) | ((b & 0xff) << 16) | ((c & 0xff) << 8) | (d & 0xff);
    joined[to + 1] = ((a & 0xff00) << 16) | ((b & 0xff00) << 8) | (c & 0xff00) | ((d >>> 8) & 0xff);
    joined[to + 2] = ((a & 0xff0000) << 8) | (b & 0xff0000) | ((c >>> 8) & 0xff00) | ((d >>> 16) & 0xff);
    joined[to + 3] = (a & HIGHEST) | ((b >>> 8) & 0xff0000) | ((c >>> 16) & 0xff00) | (d >>> 24);
  }
}
