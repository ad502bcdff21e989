import type { StoredPieces } from '../geotiff/block-table.js';
import { swapBytes } from '../swap-bytes.js';
import type { BlockCoding, DecodeLimits } from './codec.js';
import { type Codec, type CodecTable, compressionOf } from './table.js';

/** A stored tile or strip. */
export interface Piece {
  /** Null for a sparse one, which decodes to zeros. */
  readonly stored: Uint8Array<ArrayBuffer> | null;
  /** Its rows of pixels. */
  readonly rows: number;
}

/** A block to decode: its coding and its stored pieces. */
export interface DecodeRequest {
  readonly coding: BlockCoding;
  /** Top to bottom. */
  readonly pieces: readonly Piece[];
  /** Memory for the result, of its size. */
  readonly target?: Uint8Array<ArrayBuffer>;
}

/** A block in an open file of this process: a `DecodeRequest` before its bytes are read. */
export interface FileRequest {
  readonly coding: BlockCoding;
  readonly descriptor: number;
  readonly places: StoredPieces;
  /** Rows of pixels of each piece. */
  readonly rows: readonly number[];
  /** Memory for the result, of its size. */
  readonly target?: Uint8Array<ArrayBuffer>;
}

/** Rows of pixels of each piece of a block. */
export function rowsOfPieces(request: DecodeRequest | FileRequest): readonly number[] {
  return 'places' in request ? request.rows : request.pieces.map(({ rows }) => rows);
}

/** Decoded bytes of some rows of a block. */
export function bytesOfRows({ rowBytes, rowsTogether }: BlockCoding, rows: number): number {
  return Math.ceil(rows / rowsTogether) * rowBytes;
}

/** Bytes of a decoded block. @param rows of pixels of its pieces */
export function bytesOfPieces(coding: BlockCoding, rows: readonly number[]): number {
  return rows.reduce((sum, count) => sum + bytesOfRows(coding, count), 0);
}

/** Decodes the pieces of a block to one array of little-endian samples. Runs on any thread. */
export async function decodePieces(
  codecs: CodecTable,
  request: DecodeRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  const { coding, pieces, target } = request;
  const [first] = pieces;
  if (pieces.length === 1 && first.stored !== null) {
    return decodePiece(codecs, coding, first.stored, first.rows, target);
  }
  const block = target ?? new Uint8Array(bytesOfPieces(coding, rowsOfPieces(request)));
  let start = 0;
  await Promise.all(
    pieces.map(async ({ stored, rows }) => {
      const part = block.subarray(start, start + bytesOfRows(coding, rows));
      start += part.length;
      if (stored === null) part.fill(0);
      else await decodePiece(codecs, coding, stored, rows, part);
    }),
  );
  return block;
}

async function decodePiece(
  codecs: CodecTable,
  coding: BlockCoding,
  stored: Uint8Array<ArrayBuffer>,
  rows: number,
  target?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const codec = codecs.get(compressionOf(coding));
  if (codec === undefined) throw new Error(`it has compression ${coding.compression}`);
  const limits: DecodeLimits = {
    size: bytesOfRows(coding, rows),
    most: bytesOfRows(coding, Math.max(rows, coding.height)),
    rows,
  };
  if (stored.length * codec.expansion < limits.size) {
    throw new Error(`its ${stored.length} bytes cannot hold the ${limits.size} of its pixels`);
  }
  const input = coding.reversedBits ? stored.map(reverseBits) : stored;
  const { decode } = await codec.load();
  const decoded = await decode(input, limits, coding, target);
  if (decoded.byteLength < limits.size) {
    throw new Error(`it holds ${decoded.byteLength} bytes of ${limits.size}`);
  }
  const isInPlace = decoded.buffer === target?.buffer;
  const bytes = isInPlace ? decoded : ownBytes(decoded, limits.size);
  const samples = await samplesOf(codec, bytes, rows, coding);
  inksToRgba(samples, coding);
  if (target === undefined || isInPlace) return samples;
  target.set(samples);
  return target;
}

/** Little-endian samples of decompressed bytes, in place but for predictors. */
async function samplesOf(
  { predictors }: Codec,
  bytes: Uint8Array<ArrayBuffer>,
  rows: number,
  coding: BlockCoding,
): Promise<Uint8Array<ArrayBuffer>> {
  if (predictors === 'undone') return bytes;
  if (predictors && coding.predictor !== 1) {
    return (await import('./wasm-decoders.js')).undoCoding(bytes, rows, coding);
  }
  if (!coding.littleEndian) swapBytes(bytes, coding.bytesPerWord);
  return bytes;
}

/**
 * The first bytes of an array, copied if the start is not aligned for wider integers, or if the view would keep a much
 * larger buffer in memory.
 */
function ownBytes(decoded: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset } = decoded;
  const own = byteOffset % 8 === 0 && buffer.byteLength <= 2 * size;
  return own ? decoded.subarray(0, size) : decoded.slice(0, size);
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}

/** Tag 262 of a CMYK image. */
const SEPARATED = 5;

/**
 * Converts CMYK to RGB and full opacity in place, as GDAL does through libtiff. Inks in separate planes stay unchanged.
 */
function inksToRgba(bytes: Uint8Array, coding: BlockCoding): void {
  if (coding.photometric !== SEPARATED || coding.samples !== 4 || coding.bytesPerSample !== 1) return;
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    const light = 255 - bytes[i + 3];
    for (let k = 0; k < 3; k++) bytes[i + k] = Math.floor((light * (255 - bytes[i + k])) / 255);
    bytes[i + 3] = 255;
  }
}
