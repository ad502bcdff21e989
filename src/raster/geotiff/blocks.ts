import { bytesPerElement, type TypedArray, viewArray } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';
import { decompress } from '../node/codecs.js';
import { undoPredictor } from './predictor.js';
import type { ImageStructure } from './structure.js';

/** Rows that a block really holds: strips at the bottom are cut short, tiles are padded. */
export function storedRows(image: ImageStructure, blockRow: number): number {
  return image.tiled ? image.blockHeight : Math.min(image.blockHeight, image.height - blockRow * image.blockHeight);
}

/** The position of a block in the file's tables. */
export function blockIndex(image: ImageStructure, plane: number, column: number, row: number): number {
  return ((image.interleaved ? 0 : plane) * image.blockRows + row) * image.blockColumns + column;
}

/** Reads and decodes one block: its samples in C order, bands alternating where the image is interleaved. */
export async function readBlock(
  source: ByteSource,
  image: ImageStructure,
  index: number,
  fill: number,
  signal?: AbortSignal,
): Promise<TypedArray> {
  const samples = image.interleaved ? image.bands : 1;
  const bytesPerSample = bytesPerElement(image.dtype);
  const height = storedRows(image, Math.floor(index / image.blockColumns) % image.blockRows);
  const length = image.blockWidth * height * samples;
  const byteCount = image.byteCounts[index];
  if (byteCount === 0 || image.offsets[index] === 0) {
    const empty: TypedArray = viewArray(image.dtype, new ArrayBuffer(length * bytesPerSample));
    if (fill !== 0) empty.fill(fill);
    return empty;
  }
  const stored = await source.read(image.offsets[index], byteCount, signal === undefined ? {} : { signal });
  const bytes = await decompress(source.name, image.compression, stored, length * bytesPerSample);
  // Predictor 3 orders bytes by significance, whatever the order of the file.
  if (!image.littleEndian && image.predictor !== 3) swapBytes(bytes, bytesPerSample);
  const shape = { width: image.blockWidth, height, samples, bytesPerSample };
  const values = undoPredictor(image.predictor, bytes, shape);
  return viewArray(image.dtype, values.buffer, values.byteOffset, length);
}

/** Turns big-endian samples into little-endian ones, in place. */
function swapBytes(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  for (let i = 0; i + width <= bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}
