/**
 * Cuts tiles out of a strip and applies TIFF predictors 2 and 3 (defined in geotiff/predictor.ts) in the same pass.
 */

/** One row of tiles: per band a plane of `tileSize` rows of `stride` samples, as little-endian bytes. */
export interface Strip {
  readonly planes: readonly Uint8Array<ArrayBuffer>[];
  /** Samples of a row: whole tiles. */
  readonly stride: number;
  /** Side of the tiles. */
  readonly tileSize: number;
  readonly bytesPerSample: number;
}

/**
 * The bytes of one tile before compression.
 * @param planes indices of the planes to interleave
 * @param column index of the tile in the strip, from 0
 * @param predictor 1 none, 2 horizontal differencing, 3 floating point
 * @param bytes memory of the tile, at a multiple of 4 bytes (default: new)
 */
export function cutTile(
  strip: Strip,
  planes: readonly number[],
  column: number,
  predictor: number,
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(strip.tileSize ** 2 * planes.length * strip.bytesPerSample),
): Uint8Array<ArrayBuffer> {
  const { tileSize, stride } = strip;
  const samples = planes.length;
  for (const [sample, plane] of planes.entries()) {
    const source = strip.planes[plane];
    for (let y = 0; y < tileSize; y++) {
      const from = y * stride + column * tileSize;
      const to = y * tileSize * samples;
      if (predictor === 3) splitRow(source, from, bytes, to, sample, samples, strip);
      else if (predictor === 2) differenceRow(source, from, bytes, to + sample, samples, strip);
      else copyRow(source, from, bytes, to + sample, samples, strip);
    }
  }
  return bytes;
}

type Words = Uint8Array | Uint16Array | Uint32Array;

/** Bytes as words of one sample; 64-bit samples as two words, because BigInt is slow. */
function asWords({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>, bytesPerSample: number): Words {
  if (bytesPerSample === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (bytesPerSample === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

function copyRow(
  source: Uint8Array<ArrayBuffer>,
  from: number,
  bytes: Uint8Array<ArrayBuffer>,
  to: number,
  samples: number,
  { tileSize, bytesPerSample }: Strip,
): void {
  if (samples === 1) {
    bytes.set(
      source.subarray(from * bytesPerSample, (from + tileSize) * bytesPerSample),
      to * bytesPerSample,
    );
    return;
  }
  const input = asWords(source, bytesPerSample);
  const output = asWords(bytes, bytesPerSample);
  const words = bytesPerSample === 8 ? 2 : 1;
  for (let word = 0; word < words; word++) {
    let at = to * words + word;
    const end = (from + tileSize) * words;
    for (let i = from * words + word; i < end; i += words) {
      output[at] = input[i];
      at += samples * words;
    }
  }
}

function differenceRow(
  source: Uint8Array<ArrayBuffer>,
  from: number,
  bytes: Uint8Array<ArrayBuffer>,
  to: number,
  samples: number,
  { tileSize, bytesPerSample }: Strip,
): void {
  const input = asWords(source, bytesPerSample);
  const output = asWords(bytes, bytesPerSample);
  const end = from + tileSize;
  let at = to;
  if (bytesPerSample < 8) {
    let before = 0;
    for (let i = from; i < end; i++) {
      const value = input[i];
      // Typed arrays wrap around.
      output[at] = value - before;
      before = value;
      at += samples;
    }
    return;
  }
  let lowBefore = 0;
  let highBefore = 0;
  for (let i = from; i < end; i++) {
    const low = input[2 * i];
    const high = input[2 * i + 1];
    output[2 * at] = low - lowBefore;
    output[2 * at + 1] = high - highBefore - (low < lowBefore ? 1 : 0);
    lowBefore = low;
    highBefore = high;
    at += samples;
  }
}

/**
 * One band of a row in planes of bytes, the most significant first. Differences continue across planes: the first byte of
 * a plane minus the last byte of the previous plane.
 */
function splitRow(
  source: Uint8Array<ArrayBuffer>,
  from: number,
  bytes: Uint8Array<ArrayBuffer>,
  row: number,
  sample: number,
  samples: number,
  { tileSize, bytesPerSample }: Strip,
): void {
  const words = bytesPerSample / 4;
  const input = asWords(source, bytesPerSample);
  const plane = tileSize * samples;
  let a = 0;
  // The high word comes first in the file and last in memory.
  for (let word = words - 1; word >= 0; word--) {
    const last = input[(from + tileSize - 1) * words + word];
    let b = last >>> 24;
    let c = last >>> 16;
    let d = last >>> 8;
    let at = row * bytesPerSample + (words - 1 - word) * 4 * plane + sample;
    const end = (from + tileSize) * words;
    for (let i = from * words + word; i < end; i += words) {
      const value = input[i];
      bytes[at] = (value >>> 24) - a;
      bytes[at + plane] = (value >>> 16) - b;
      bytes[at + 2 * plane] = (value >>> 8) - c;
      bytes[at + 3 * plane] = value - d;
      a = value >>> 24;
      b = value >>> 16;
      c = value >>> 8;
      d = value;
      at += samples;
    }
    a = last;
  }
}

/** A tile of a mask as bits, the leftmost pixel in the highest bit: 1 where the plane is not 0. */
export function cutMask(strip: Strip, plane: number, column: number): Uint8Array<ArrayBuffer> {
  const { tileSize, stride } = strip;
  const source = strip.planes[plane];
  const bytes = new Uint8Array((tileSize * tileSize) / 8);
  let at = 0;
  for (let y = 0; y < tileSize; y++) {
    const start = y * stride + column * tileSize;
    for (let x = start; x < start + tileSize; x += 8) {
      let bits = 0;
      for (let k = 0; k < 8; k++) bits = (bits << 1) | (source[x + k] === 0 ? 0 : 1);
      bytes[at++] = bits;
    }
  }
  return bytes;
}
