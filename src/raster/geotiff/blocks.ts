import { bytesPerElement, type TypedArray, viewArray } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';
import { type BlockCoding, decodeBlock } from '../node/codecs/index.js';
import type { ImageStructure } from './structure.js';

/**
 * A part of an image that is read, decoded and kept as one: a tile, or as many strips as make up half a megabyte.
 * Files with strips of one row are common, and a step a strip would cost more than its pixels.
 */
export interface Block {
  /** Identifies the block in its image. */
  readonly index: number;
  readonly plane: number;
  /** Its pixels; tiles at the right edge reach beyond the image. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Its stored pieces in the file's tables, top to bottom: one tile, or some strips. */
  readonly firstPiece: number;
  readonly pieces: number;
}

/** Decoded bytes that strips are gathered up to. */
const GROUP_BYTES = 512 * 1024;

/** How many stored pieces, top to bottom, make up a block. */
function piecesPerBlock(image: ImageStructure): number {
  if (image.tiled) return 1;
  const samples = image.interleaved ? image.bands : 1;
  const stripBytes = image.blockWidth * image.blockHeight * samples * bytesPerElement(image.dtype);
  return Math.max(1, Math.floor(GROUP_BYTES / stripBytes));
}

/** The blocks that hold the pixels of a window, in the order they lie in the file. */
export function blocksUnder(
  image: ImageStructure,
  window: { x: number; y: number; width: number; height: number },
  planes: readonly number[],
): Block[] {
  const group = piecesPerBlock(image);
  const rows = group * image.blockHeight;
  const rowBlocks = Math.ceil(image.blockRows / group);
  const firstColumn = Math.floor(window.x / image.blockWidth);
  const lastColumn = Math.floor((window.x + window.width - 1) / image.blockWidth);
  const firstRow = Math.floor(window.y / rows);
  const lastRow = Math.floor((window.y + window.height - 1) / rows);
  const blocks: Block[] = [];
  for (const plane of planes) {
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++) {
        const firstPiece = (plane * image.blockRows + row * group) * image.blockColumns + column;
        const pieces = Math.min(group, image.blockRows - row * group);
        blocks.push({
          index: (plane * rowBlocks + row) * image.blockColumns + column,
          plane,
          x: column * image.blockWidth,
          y: row * rows,
          width: image.blockWidth,
          // Rows below the image are not stored by all writers.
          height: Math.min(rows, image.height - row * rows),
          firstPiece,
          pieces,
        });
      }
    }
  }
  return blocks;
}

/** Bytes that a block takes in the file. */
export function storedBytes(image: ImageStructure, block: Block): number {
  let bytes = 0;
  for (let k = 0; k < block.pieces; k++) bytes += image.byteCounts[block.firstPiece + k];
  return bytes;
}

/** Reads and decodes one block: its samples in C order, bands alternating where the image is interleaved. */
export async function readBlock(
  source: ByteSource,
  image: ImageStructure,
  block: Block,
  fill: number,
  signal?: AbortSignal,
): Promise<TypedArray> {
  const coding = blockCoding(image);
  const stored = await readPieces(source, image, block, signal);
  const pieces = stored.map((bytes, k) => ({
    stored: bytes,
    rows: Math.min(image.blockHeight, block.height - k * image.blockHeight),
  }));
  const bytes = await decodeBlock(source.name, { coding, pieces }, signal);
  const length = block.width * block.height * coding.samples;
  const values: TypedArray = viewArray(image.dtype, bytes.buffer, bytes.byteOffset, length);
  const pieceLength = block.width * image.blockHeight * coding.samples;
  for (const [k, piece] of pieces.entries()) {
    if (piece.stored === null) values.fill(fill, k * pieceLength, (k + 1) * pieceLength);
  }
  return values;
}

function blockCoding(image: ImageStructure): BlockCoding {
  return {
    compression: image.compression,
    predictor: image.predictor,
    littleEndian: image.littleEndian,
    photometric: image.photometric,
    width: image.blockWidth,
    height: image.blockHeight,
    samples: image.interleaved ? image.bands : 1,
    dtype: image.dtype,
    bytesPerSample: bytesPerElement(image.dtype),
    ...image.codecTags,
  };
}

/** The stored bytes of a block's pieces; null for one that is not stored. Pieces that adjoin are read as one. */
async function readPieces(
  source: ByteSource,
  image: ImageStructure,
  block: Block,
  signal?: AbortSignal,
): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
  const { offsets, byteCounts } = image;
  const options = signal === undefined ? {} : { signal };
  const pieces = Array.from({ length: block.pieces }, (_, k) => block.firstPiece + k);
  const adjoin = pieces.every(
    (i, k) => byteCounts[i] > 0 && (k === 0 || offsets[i] === offsets[i - 1] + byteCounts[i - 1]),
  );
  if (adjoin) {
    const start = offsets[block.firstPiece];
    const bytes = await source.read(start, storedBytes(image, block), options);
    return pieces.map((i) => bytes.subarray(offsets[i] - start, offsets[i] - start + byteCounts[i]));
  }
  return Promise.all(
    pieces.map((i) =>
      byteCounts[i] === 0 || offsets[i] === 0 ? null : source.read(offsets[i], byteCounts[i], options),
    ),
  );
}
