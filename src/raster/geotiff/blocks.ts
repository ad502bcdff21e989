import { allocateArray, type PixelWindow, type TypedArray } from '../../geo/index.js';
import { type ByteSource, mapConcurrently } from '../../io/index.js';
import { decompress } from '../node/codecs.js';
import type { StoredPieces } from './block-table.js';
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

/** A block and where its pieces lie. */
export interface LocatedBlock {
  readonly block: Block;
  readonly stored: StoredPieces;
}

/** Blocks are located and asked for in batches of about so many stored bytes, whose ranges merge into few reads. */
const BATCH_BYTES = 16 * 2 ** 20;
const BATCH_BLOCKS = 64;

/** The blocks that hold the pixels of a window, located, in the order they lie in the file, by batches. */
export async function* batchesUnder(
  image: ImageStructure,
  window: PixelWindow,
  planes: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<LocatedBlock[]> {
  let blocks: Block[] = [];
  for (const block of blocksUnder(image, window, planes)) {
    blocks.push(block);
    if (blocks.length < BATCH_BLOCKS) continue;
    yield* locateBatches(image, blocks, signal);
    blocks = [];
  }
  yield* locateBatches(image, blocks, signal);
}

async function* locateBatches(
  image: ImageStructure,
  blocks: readonly Block[],
  signal?: AbortSignal,
): AsyncGenerator<LocatedBlock[]> {
  const located = await Promise.all(
    blocks.map(async (block) => ({
      block,
      stored: await image.table.locate(block.firstPiece, block.pieces, signal),
    })),
  );
  let batch: LocatedBlock[] = [];
  let bytes = 0;
  for (const block of located) {
    batch.push(block);
    bytes += block.stored.bytes;
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function* blocksUnder(
  image: ImageStructure,
  window: PixelWindow,
  planes: readonly number[],
): Generator<Block> {
  const group = piecesPerBlock(image);
  const rows = group * image.blockHeight;
  const rowBlocks = Math.ceil(image.blockRows / group);
  const firstColumn = Math.floor(window.x / image.blockWidth);
  const lastColumn = Math.floor((window.x + window.width - 1) / image.blockWidth);
  const firstRow = Math.floor(window.y / rows);
  const lastRow = Math.floor((window.y + window.height - 1) / rows);
  for (const plane of planes) {
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++) {
        const firstPiece = (plane * image.blockRows + row * group) * image.blockColumns + column;
        const pieces = Math.min(group, image.blockRows - row * group);
        yield {
          index: (plane * rowBlocks + row) * image.blockColumns + column,
          plane,
          x: column * image.blockWidth,
          y: row * rows,
          width: image.blockWidth,
          // Strips at the bottom are cut short, tiles are padded.
          height: image.tiled ? image.blockHeight : Math.min(rows, image.height - row * rows),
          firstPiece,
          pieces,
        };
      }
    }
  }
}

/**
 * Reads and decodes one block: its samples in C order, bands alternating where the image is interleaved, real and
 * imaginary parts where it is complex.
 */
export async function readBlock(
  source: ByteSource,
  image: ImageStructure,
  { block, stored: places }: LocatedBlock,
  fill: number,
  signal?: AbortSignal,
): Promise<TypedArray> {
  const { dtype, components } = image.sample;
  const rowLength = block.width * samplesOf(image) * components;
  const stored = await readPieces(source, places, signal);
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
  { offsets, byteCounts, bytes: total }: StoredPieces,
  signal?: AbortSignal,
): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
  const options = signal === undefined ? {} : { signal };
  const [start] = offsets;
  const adjoin = byteCounts.every(
    (count, k) => count > 0 && (k === 0 || offsets[k] === offsets[k - 1] + byteCounts[k - 1]),
  );
  if (adjoin && start > 0) {
    const bytes = await source.read(start, total, options);
    return offsets.map((offset, k) => bytes.subarray(offset - start, offset - start + byteCounts[k]));
  }
  return Promise.all(
    offsets.map((offset, k) =>
      byteCounts[k] === 0 || offset === 0 ? null : source.read(offset, byteCounts[k], options),
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
