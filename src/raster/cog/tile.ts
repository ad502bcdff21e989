/** Cuts tiles out of a strip. */

/** The rows of one row of tiles: per band a plane of rows of `width` samples, as little-endian bytes. */
export interface Strip {
  readonly planes: readonly Uint8Array<ArrayBuffer>[];
  readonly width: number;
  /** At most `tileSize`. */
  readonly rows: number;
  /** Side of the tiles. */
  readonly tileSize: number;
  readonly bytesPerSample: number;
  /** The bytes of a sample beyond the image. */
  readonly padding: Uint8Array;
}

/**
 * The bytes of one tile before predictor and compression.
 * @param planes indices of the planes to interleave
 * @param column index of the tile in the strip, from 0
 * @param bytes memory of the tile, at a multiple of 4 bytes
 */
export function cutTile(
  strip: Strip,
  planes: readonly number[],
  column: number,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const { tileSize, width, rows } = strip;
  const columns = Math.min(tileSize, width - column * tileSize);
  if (columns < tileSize || rows < tileSize) repeat(strip.padding, bytes);
  const samples = planes.length;
  for (const [sample, plane] of planes.entries()) {
    const source = strip.planes[plane];
    for (let y = 0; y < rows; y++) {
      const from = y * width + column * tileSize;
      const to = y * tileSize * samples;
      copyRow(source, from, columns, bytes, to + sample, samples, strip.bytesPerSample);
    }
  }
}

function repeat(piece: Uint8Array, bytes: Uint8Array): void {
  bytes.set(piece);
  for (let done = piece.length; done < bytes.length; done *= 2) bytes.copyWithin(done, 0, done);
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
  columns: number,
  bytes: Uint8Array<ArrayBuffer>,
  to: number,
  samples: number,
  bytesPerSample: number,
): void {
  const end = from + columns;
  if (samples === 1) {
    bytes.set(source.subarray(from * bytesPerSample, end * bytesPerSample), to * bytesPerSample);
    return;
  }
  const input = asWords(source, bytesPerSample);
  const output = asWords(bytes, bytesPerSample);
  const words = bytesPerSample === 8 ? 2 : 1;
  for (let word = 0; word < words; word++) {
    let at = to * words + word;
    for (let i = from * words + word; i < end * words; i += words) {
      output[at] = input[i];
      at += samples * words;
    }
  }
}

/**
 * A tile of a mask as bits, the leftmost pixel in the highest bit: 1 where the plane is not 0, and 0 beyond the image.
 * @param bytes memory of the tile
 */
export function cutMask(
  { planes, tileSize, width, rows }: Strip,
  plane: number,
  column: number,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const source = planes[plane];
  const columns = Math.min(tileSize, width - column * tileSize);
  bytes.fill(0);
  for (let y = 0; y < rows; y++) {
    const start = y * width + column * tileSize;
    const at = (y * tileSize) / 8;
    for (let x = 0; x < columns; x++) {
      if (source[start + x] !== 0) bytes[at + (x >> 3)] |= 128 >> (x & 7);
    }
  }
}
