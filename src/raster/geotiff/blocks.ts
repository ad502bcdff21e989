import { bytesPerElement, type TypedArray, viewArray } from '../../geo/index.js';
import { type ByteSource, mapConcurrently } from '../../io/index.js';
import { decompress } from '../node/codecs.js';
import { undoPredictor } from './predictor.js';
import type { ImageStructure } from './structure.js';

/**
 * A part of an image that is read, decoded and kept as one: a tile, or as many strips as make up half a megabyte.
 * Files with strips of one row are common, and a step a strip would cost more than its pixels.
 */
export interface Block {
  /** Identifies the block in its image. */
  readonly index: number;
  readonly plane: number;
  /** Its pixels; tiles at the right and bottom edge reach beyond the image. */
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

/** Strips of one group that are decompressed at a time. */
const DECOMPRESSING = 8;

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
          // Strips at the bottom are cut short, tiles are padded.
          height: image.tiled ? image.blockHeight : Math.min(rows, image.height - row * rows),
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
  const samples = image.interleaved ? image.bands : 1;
  const rowLength = block.width * samples;
  const stored = await readPieces(source, image, block, signal);
  if (block.pieces === 1 && stored[0] !== null) {
    return decodePiece(source.name, image, stored[0], block.height);
  }
  const values: TypedArray = viewArray(
    image.dtype,
    new ArrayBuffer(rowLength * block.height * bytesPerElement(image.dtype)),
  );
  await mapConcurrently(stored, DECOMPRESSING, async (bytes, k) => {
    const y = k * image.blockHeight;
    const rows = Math.min(image.blockHeight, block.height - y);
    if (bytes === null) values.fill(fill, y * rowLength, (y + rows) * rowLength);
    else values.set(await decodePiece(source.name, image, bytes, rows), y * rowLength);
  });
  return values;
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

async function decodePiece(
  name: string,
  image: ImageStructure,
  stored: Uint8Array<ArrayBuffer>,
  rows: number,
): Promise<TypedArray> {
  const samples = image.interleaved ? image.bands : 1;
  const bytesPerSample = bytesPerElement(image.dtype);
  const length = image.blockWidth * rows * samples;
  // Some writers store the last strip in full, with rows below the image.
  const most = image.blockWidth * image.blockHeight * samples * bytesPerSample;
  const bytes = await decompress(name, image.compression, stored, length * bytesPerSample, most);
  // Predictor 3 orders bytes by significance, whatever the order of the file.
  if (!image.littleEndian && image.predictor !== 3) swapBytes(bytes, bytesPerSample);
  const shape = { width: image.blockWidth, height: rows, samples, bytesPerSample };
  const values = undoPredictor(image.predictor, bytes, shape);
  return viewArray(image.dtype, values.buffer, values.byteOffset, length);
}

/** Turns big-endian samples into little-endian ones, in place. */
function swapBytes(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  for (let i = 0; i + width <= bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}
