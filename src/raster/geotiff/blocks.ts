import type { TypedArray } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';
import { type BlockCoding, decodeBlock } from '../node/codecs/index.js';
import { bytesPerRow, bytesPerWord, decodedBytes, decodeSamples } from './sample-types.js';
import type { ImageStructure } from './structure.js';
import { ycbcrRowBytes, ycbcrToRgb } from './ycbcr.js';

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

/** Samples of a pixel that alternate in a block. */
function samplesOf(image: ImageStructure): number {
  return image.interleaved ? image.bands : 1;
}

/** How many stored pieces, top to bottom, make up a block. */
function piecesPerBlock(image: ImageStructure): number {
  // Cells of chroma may end at a strip's last row.
  if (image.tiled || image.ycbcr !== null) return 1;
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
  const stored = await readPieces(source, image, block, signal);
  const pieces = stored.map((bytes, k) => ({
    stored: bytes,
    rows: Math.min(image.blockHeight, block.height - k * image.blockHeight),
  }));
  const bytes = await decodeBlock(source.name, { coding: blockCoding(image), pieces }, signal);
  const samples = block.width * samplesOf(image);
  const values =
    image.ycbcr === null
      ? decodeSamples(source.name, image.sample, bytes, samples, block.height)
      : ycbcrToRgb(image.ycbcr, bytes, block.width, block.height);
  const { components } = image.sample;
  const pieceLength = samples * image.blockHeight * components;
  for (const [k, piece] of pieces.entries()) {
    if (piece.stored !== null) continue;
    const empty = values.subarray(k * pieceLength, (k + 1) * pieceLength);
    if (components === 1) empty.fill(fill);
    else for (let i = 0; i < empty.length; i += components) empty[i] = fill;
  }
  return values;
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
