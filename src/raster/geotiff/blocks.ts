import { bytesPerElement } from '../../geo/dtype.js';
import type { PixelWindow, TypedArray } from '../../geo/index.js';
import { checkRange } from '../../io/byte-source.js';
import type { ByteSource } from '../../io/index.js';
import type { LentBlock } from '../block-cache.js';
import type { BlockCoding } from '../codecs/codec.js';
import type { FileRequest } from '../codecs/decode.js';
import type { BlockDecoder } from '../codecs/decoder.js';
import type { BlockGrid } from '../raster.js';
import type { StoredPieces } from './block-table.js';
import { readPieces } from './pieces.js';
import { bytesPerRow, bytesPerWord, decodedBytes, decodeSamples } from './sample-types.js';
import type { ImageStructure } from './structure.js';
import { ycbcrRowBytes, ycbcrToRgb } from './ycbcr.js';

/**
 * A part of an image that is read, decoded and cached as a unit: a tile, or strips of half a megabyte together. Strips of
 * one row are common, and too small to be read one by one.
 */
export interface Block {
  /** Identifies the block in its image. */
  readonly index: number;
  readonly plane: number;
  /** Its pixel window; tiles at the right edge reach beyond the image. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Its stored pieces in the block table, top to bottom: one tile, or some strips. */
  readonly firstPiece: number;
  readonly pieces: number;
}

/** Decoded bytes of grouped strips. */
const GROUP_BYTES = 512 * 1024;

/** Interleaved samples of a pixel in a block. */
function samplesOf(image: ImageStructure): number {
  return image.interleaved ? image.bands : 1;
}

/** Number of stored pieces in a block. */
function piecesPerBlock(image: ImageStructure): number {
  // Cells of chroma are padded at the last row of a strip.
  if (image.tiled || image.ycbcr !== null) return 1;
  const stripBytes = decodedBytes(image.sample, image.blockWidth * image.blockHeight * samplesOf(image));
  return Math.max(1, Math.floor(GROUP_BYTES / stripBytes));
}

/** The blocks of an image; of one that is not interleaved, those of one band. */
export function blockGridOf(image: ImageStructure): BlockGrid {
  const { sample, blockWidth: width } = image;
  const height = Math.min(piecesPerBlock(image) * image.blockHeight, image.height);
  const values = width * height * samplesOf(image) * sample.components;
  return { width, height, bytes: values * bytesPerElement(sample.dtype) };
}

/** A block and the location of its pieces. */
export interface LocatedBlock {
  readonly block: Block;
  readonly stored: StoredPieces;
}

/**
 * Blocks are read in batches of about this many stored bytes, whose ranges merge into few reads. A batch is decoded at
 * once, so its decoded bytes are limited too.
 */
const BATCH_BYTES = 16 * 2 ** 20;
const BATCH_DECODED_BYTES = 64 * 2 ** 20;
const BATCH_BLOCKS = 64;

/** The located blocks under a window, in file order, by batches. */
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
      stored: await image.locate(block.firstPiece, block.pieces, signal),
    })),
  );
  let batch: LocatedBlock[] = [];
  let bytes = 0;
  let decoded = 0;
  for (const entry of located) {
    const { width, height } = entry.block;
    batch.push(entry);
    bytes += entry.stored.bytes;
    decoded += decodedBytes(image.sample, width * height * samplesOf(image));
    if (bytes < BATCH_BYTES && decoded < BATCH_DECODED_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
    decoded = 0;
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
          // Not all writers store rows below the image.
          height: Math.min(rows, image.height - row * rows),
          firstPiece,
          pieces,
        };
      }
    }
  }
}

/**
 * Reads and decodes one block: samples in C order, with interleaved bands and complex parts as in the image.
 */
export async function readBlock(
  source: ByteSource,
  image: ImageStructure,
  { block, stored: places }: LocatedBlock,
  { fill, decoder, signal }: { fill: number; decoder: BlockDecoder; signal?: AbortSignal },
): Promise<LentBlock> {
  const coding = blockCoding(image);
  const rows = places.offsets.map((_, k) =>
    Math.min(image.blockHeight, block.height - k * image.blockHeight),
  );
  const bytes =
    (await decodeInFile(source, { coding, places, rows }, decoder, signal)) ??
    (await decodePieces(source, { coding, places, rows }, decoder, signal));
  const samples = block.width * samplesOf(image);
  const values =
    image.ycbcr === null
      ? decodeSamples(source.name, image.sample, bytes, samples, block.height, fill)
      : ycbcrToRgb(image.ycbcr, bytes, block.width, block.height);
  const { components } = image.sample;
  const pieceLength = samples * image.blockHeight * components;
  for (const [k, offset] of places.offsets.entries()) {
    if (offset !== 0 && places.byteCounts[k] !== 0) continue;
    fillRun(values.subarray(k * pieceLength, (k + 1) * pieceLength), components, fill);
  }
  const release = (): void => decoder.release?.(bytes);
  if (values.buffer === bytes.buffer) return { values, release };
  release();
  return { values, release: null };
}

/** Whether any piece of a block is stored. */
export function isStored({ stored: { offsets, byteCounts } }: LocatedBlock): boolean {
  return offsets.some((offset, k) => offset !== 0 && byteCounts[k] !== 0);
}

/** Fills values, of complex ones only the real parts. */
export function fillRun(values: TypedArray, components: number, fill: number): void {
  if (components === 1) values.fill(fill);
  else for (let i = 0; i < values.length; i += components) values[i] = fill;
}

function blockCoding(image: ImageStructure): BlockCoding {
  const { sample, predictor, ycbcr } = image;
  const samples = samplesOf(image);
  return {
    compression: image.compression,
    predictor,
    littleEndian: image.littleEndian,
    reversedBits: image.reversedBits,
    photometric: image.photometric,
    width: image.blockWidth,
    height: image.blockHeight,
    samples,
    dtype: sample.dtype,
    rowBytes:
      ycbcr === null
        ? bytesPerRow(sample, image.blockWidth * samples)
        : ycbcrRowBytes(ycbcr, image.blockWidth),
    rowsTogether: ycbcr?.down ?? 1,
    bytesPerSample: sample.bits / 8,
    // Predictor 2 works on whole samples.
    bytesPerWord: predictor === 2 ? sample.bits / 8 : bytesPerWord(sample),
    jpegTables: image.jpegTables,
    lercCompression: image.lercCompression,
    jpeg2000: null,
  };
}

type StoredBlock = Omit<FileRequest, 'descriptor'>;

/** Lets the thread that decodes a block read it; null where it cannot. */
async function decodeInFile(
  source: ByteSource,
  stored: StoredBlock,
  decoder: BlockDecoder,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const { descriptor } = source;
  if (descriptor === undefined || decoder.decodeFile === undefined) return null;
  const { offsets, byteCounts } = stored.places;
  for (const [k, offset] of offsets.entries()) checkRange(source, offset, byteCounts[k]);
  return decoder.decodeFile(source.name, { ...stored, descriptor }, signal);
}

async function decodePieces(
  source: ByteSource,
  { coding, places, rows }: StoredBlock,
  decoder: BlockDecoder,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const stored = await readPieces(places, (offset, length) => source.read(offset, length, { signal }));
  const pieces = stored.map((bytes, k) => ({ stored: bytes, rows: rows[k] }));
  return decoder.decode(source.name, { coding, pieces }, signal);
}
