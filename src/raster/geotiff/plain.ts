/** Reading of images without compression: their samples go from the file to the caller without a copy in between. */
import type { PixelWindow, TypedArray } from '../../geo/index.js';
import { intersectWindows } from '../../geo/windows.js';
import type { ByteSource } from '../../io/index.js';
import { Semaphore } from '../../io/semaphore.js';
import type { StoredPieces } from './block-table.js';
import type { LocatedBlock } from './blocks.js';
import type { ImageStructure } from './structure.js';

/** A source that reads into memory of the caller. */
export type DirectSource = ByteSource & Required<Pick<ByteSource, 'readInto'>>;

/** Whether stored bytes are samples, in the byte order of typed arrays: one band after the other, not packed. */
export function isPlain(image: ImageStructure): boolean {
  const { compression, predictor, sample, littleEndian, reversedBits, ycbcr, interleaved, bands } = image;
  const inOrder = littleEndian || sample.bits / sample.components === 8;
  const separate = !interleaved || bands === 1;
  return (
    compression === 1 &&
    predictor === 1 &&
    sample.coding === 'plain' &&
    inOrder &&
    !reversedBits &&
    ycbcr === null &&
    separate
  );
}

/** The source, if windows of an image are read directly: only their rows of tiles and strips, without a cache. */
export function directSource(source: ByteSource, image: ImageStructure): DirectSource | null {
  return isPlain(image) && hasReadInto(source) ? source : null;
}

function hasReadInto(source: ByteSource): source is DirectSource {
  return source.readInto !== undefined;
}

/** Whether the rows of a block follow each other in the file, down to some row. */
function isContiguous(
  image: ImageStructure,
  { offsets, byteCounts }: StoredPieces,
  rows: number,
  rowBytes: number,
): boolean {
  const pieceBytes = image.blockHeight * rowBytes;
  return offsets.every((offset, k) => {
    const used = Math.min(pieceBytes, rows * rowBytes - k * pieceBytes);
    // Of the last piece that is used, more may be stored.
    return used <= 0 || (offset > 0 && offset === offsets[0] + k * pieceBytes && byteCounts[k] >= used);
  });
}

/** Reads under way at a time, each with its own memory. */
const READS = 4;

const reads = new Semaphore(READS);

/** Memory of reads that ended. */
const idle: Uint8Array<ArrayBuffer>[] = [];

/** Larger memory is not kept. */
const KEPT_BYTES = 4 * 2 ** 20;

/**
 * Copies the part of a stored block that is in a window.
 * @param planes that get the part, of the window's size
 * @returns the bytes that were read; null, without reading, if the block's rows are not whole or apart in the file
 */
export async function readDirectly(
  source: DirectSource,
  image: ImageStructure,
  { block, stored }: LocatedBlock,
  window: PixelWindow,
  planes: readonly TypedArray[],
  signal: AbortSignal,
): Promise<number | null> {
  const part = intersectWindows(window, block);
  if (part === null) return 0;
  const pixelBytes = image.sample.bits / 8;
  const rowBytes = block.width * pixelBytes;
  const first = (part.y - block.y) * rowBytes;
  const length = part.height * rowBytes;
  const start = stored.offsets[0] + first;
  if (!isContiguous(image, stored, part.y + part.height - block.y, rowBytes)) return null;
  const at = (part.y - window.y) * window.width * pixelBytes;
  if (planes.length === 1 && block.width === window.width && block.x === window.x) {
    const [{ buffer, byteOffset }] = planes;
    await source.readInto(new Uint8Array(buffer, byteOffset + at, length), start, { signal });
    return length;
  }
  await reads.run(async () => {
    const memory = takeMemory(length);
    const rows = memory.subarray(0, length);
    await source.readInto(rows, start, { signal });
    const left = (part.x - block.x) * pixelBytes;
    const width = part.width * pixelBytes;
    for (const { buffer, byteOffset, byteLength } of planes) {
      const target = new Uint8Array(buffer, byteOffset, byteLength);
      let to = at + (part.x - window.x) * pixelBytes;
      for (let from = left; from < length; from += rowBytes, to += window.width * pixelBytes) {
        target.set(rows.subarray(from, from + width), to);
      }
    }
    if (memory.byteLength <= KEPT_BYTES && idle.length < READS) idle.push(memory);
  }, signal);
  return length;
}

function takeMemory(bytes: number): Uint8Array<ArrayBuffer> {
  const known = idle.findIndex((memory) => memory.byteLength >= bytes);
  return known < 0 ? new Uint8Array(Math.max(bytes, 2 ** 20)) : idle.splice(known, 1)[0];
}
