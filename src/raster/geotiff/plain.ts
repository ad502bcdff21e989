/** Reading of images without compression: their samples go from the file to the caller without a copy in between. */
import type { PixelWindow, TypedArray } from '../../geo/index.js';
import { intersectWindows } from '../../geo/windows.js';
import type { ByteSource } from '../../io/index.js';
import { Semaphore } from '../../io/semaphore.js';
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

/** The source, if windows of an image are read directly: of tiles, of which only the rows in the window are read. */
export function directSource(source: ByteSource, image: ImageStructure): DirectSource | null {
  return image.tiled && isPlain(image) && hasReadInto(source) ? source : null;
}

export function hasReadInto(source: ByteSource): source is DirectSource {
  return source.readInto !== undefined;
}

/** Reads under way at a time, each with its own memory. */
const READS = 4;

const reads = new Semaphore(READS);

/** Memory of reads that ended. */
const idle: Uint8Array<ArrayBuffer>[] = [];

/** Larger memory is not kept. */
const KEPT_BYTES = 4 * 2 ** 20;

/**
 * Copies the part of a stored tile that is in a window.
 * @param planes that get the part, of the window's size
 * @returns the bytes that were read; null, without reading, if the tile is too short for the part
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
  const [offset] = stored.offsets;
  if (first + length > stored.byteCounts[0]) return null;
  await reads.run(async () => {
    const memory = takeMemory(length);
    const rows = memory.subarray(0, length);
    await source.readInto(rows, offset + first, { signal });
    const left = (part.x - block.x) * pixelBytes;
    const width = part.width * pixelBytes;
    for (const { buffer, byteOffset, byteLength } of planes) {
      const target = new Uint8Array(buffer, byteOffset, byteLength);
      let to = ((part.y - window.y) * window.width + part.x - window.x) * pixelBytes;
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
