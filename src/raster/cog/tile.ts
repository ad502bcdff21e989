/** Cuts tiles out of a strip. */

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
 * The bytes of one tile before predictor and compression.
 * @param planes indices of the planes to interleave
 * @param column index of the tile in the strip, from 0
 * @param bytes memory of the tile, at a multiple of 4 bytes (default: new)
 */
export function cutTile(
  strip: Strip,
  planes: readonly number[],
  column: number,
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(strip.tileSize ** 2 * planes.length * strip.bytesPerSample),
): Uint8Array<ArrayBuffer> {
  const { tileSize, stride } = strip;
  const samples = planes.length;
  for (const [sample, plane] of planes.entries()) {
    const source = strip.planes[plane];
    for (let y = 0; y < tileSize; y++) {
      const from = y * stride + column * tileSize;
      const to = y * tileSize * samples;
      copyRow(source, from, bytes, to + sample, samples, strip);
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
