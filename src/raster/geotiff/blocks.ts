import { allocateArray, type TypedArray } from '../../geo/index.js';
import { type ByteSource, mapConcurrently } from '../../io/index.js';
import { decompress } from '../node/codecs.js';
import { undoPredictor } from './predictor.js';
import { bytesPerRow, bytesPerWord, decodedBytes, decodeSamples } from './sample-types.js';
import type { ImageStructure } from './structure.js';
import { ycbcrBlockBytes, ycbcrToRgb } from './ycbcr.js';

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

/** Samples of a pixel that alternate in a block. */
function samplesOf(image: ImageStructure): number {
  return image.interleaved ? image.bands : 1;
}

/** How many stored pieces, top to bottom, make up a block. */
function piecesPerBlock(image: ImageStructure): number {
  if (image.tiled) return 1;
  const stripBytes = decodedBytes(image.sample, image.blockWidth * image.blockHeight * samplesOf(image));
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

/**
 * Reads and decodes one block: its samples in C order, bands alternating where the image is interleaved, real and
 * imaginary parts where it is complex.
 */
export async function readBlock(
  source: ByteSource,
  image: ImageStructure,
  block: Block,
  fill: number,
  signal?: AbortSignal,
): Promise<TypedArray> {
  const { dtype, components } = image.sample;
  const rowLength = block.width * samplesOf(image) * components;
  const stored = await readPieces(source, image, block, signal);
  if (block.pieces === 1 && stored[0] !== null) {
    return decodePiece(source.name, image, stored[0], block.height);
  }
  const values: TypedArray = allocateArray(dtype, rowLength * block.height);
  await mapConcurrently(stored, DECOMPRESSING, async (bytes, k) => {
    const y = k * image.blockHeight;
    const rows = Math.min(image.blockHeight, block.height - y);
    if (bytes !== null) values.set(await decodePiece(source.name, image, bytes, rows), y * rowLength);
    else if (components === 1) values.fill(fill, y * rowLength, (y + rows) * rowLength);
    else for (let i = y * rowLength; i < (y + rows) * rowLength; i += 2) values[i] = fill;
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
  const { sample, predictor, ycbcr, blockWidth } = image;
  const samples = blockWidth * samplesOf(image);
  const sizeOf = (height: number): number =>
    ycbcr === null ? bytesPerRow(sample, samples) * height : ycbcrBlockBytes(ycbcr, blockWidth, height);
  // Some writers store the last strip in full, with rows below the image.
  const input = image.reversedBits ? stored.map(reverseBits) : stored;
  const bytes = await decompress(name, image.compression, input, sizeOf(rows), sizeOf(image.blockHeight));
  if (ycbcr !== null) return ycbcrToRgb(ycbcr, bytes, blockWidth, rows);
  // Predictor 3 orders bytes by significance, whatever the order of the file; 2 works on whole samples.
  if (!image.littleEndian && predictor !== 3) {
    swapBytes(bytes, predictor === 2 ? sample.bits / 8 : bytesPerWord(sample));
  }
  const shape = {
    width: blockWidth,
    height: rows,
    samples: samplesOf(image),
    bytesPerSample: sample.bits / 8,
  };
  return decodeSamples(name, sample, undoPredictor(predictor, bytes, shape), samples, rows);
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}

/** Turns big-endian words into little-endian ones, in place; the bytes must be aligned to the words. */
function swapBytes(bytes: Uint8Array<ArrayBuffer>, width: number): void {
  const { buffer, byteOffset, byteLength } = bytes;
  if (width === 2) {
    const words = new Uint16Array(buffer, byteOffset, byteLength >> 1);
    for (let i = 0; i < words.length; i++) words[i] = (words[i] << 8) | (words[i] >> 8);
  } else if (width > 2) {
    for (let start = 0; start + width <= byteLength; start += width) {
      for (let i = start, j = start + width - 1; i < j; i++, j--) {
        const byte = bytes[i];
        bytes[i] = bytes[j];
        bytes[j] = byte;
      }
    }
  }
}
