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
    // The last piece may be longer than the used part.
    return used <= 0 || (offset > 0 && offset === offsets[0] + k * pieceBytes && byteCounts[k] >= used);
  });
}

/** Reads under way at a time: each has an array for each of its rows. */
const reads = new Semaphore(4);

/**
 * Reads the part of a stored block that is in a window.
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
  const start = stored.offsets[0] + (part.y - block.y) * rowBytes;
  if (!isContiguous(image, stored, part.y + part.height - block.y, rowBytes)) return null;
  const width = part.width * pixelBytes;
  const step = window.width * pixelBytes;
  const first = (part.y - window.y) * step + (part.x - window.x) * pixelBytes;
  const rowsOf = ({ buffer, byteOffset }: TypedArray): Uint8Array[] =>
    width === rowBytes && width === step
      ? [new Uint8Array(buffer, byteOffset + first, part.height * width)]
      : Array.from(
          { length: part.height },
          (_, row) => new Uint8Array(buffer, byteOffset + first + row * step, width),
        );
  await reads.run(async () => {
    const [rows, ...copies] = planes.map(rowsOf);
    // The pixels of the block on the left and on the right of the window.
    const left = new Uint8Array((part.x - block.x) * pixelBytes);
    const right = new Uint8Array(rowBytes - left.length - width);
    const isWhole = width === rowBytes;
    const targets = isWhole ? rows : rows.flatMap((row) => [left, row, right]);
    await source.readInto(targets, start, { signal });
    for (const copy of copies) for (const [k, row] of copy.entries()) row.set(rows[k]);
  }, signal);
  return part.height * rowBytes;
}
