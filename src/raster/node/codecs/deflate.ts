import { constants, inflateSync } from 'node:zlib';

/**
 * Deflate in a zlib wrapper, by Node's zlib, to at most `most` bytes and a kilobyte; `size` is the likely length. A stream
 * may lack its checksum.
 */
export function inflate(
  stored: Uint8Array<ArrayBuffer>,
  size: number,
  most: number,
): Uint8Array<ArrayBuffer> {
  return inflateSync(stored, {
    // A block larger than its pixels is damaged or hostile.
    maxOutputLength: most + 1024,
    finishFlush: constants.Z_SYNC_FLUSH,
    // One piece of output, a little larger: zlib allocates another once the first is full.
    chunkSize: Math.max(1024, size + 64),
  });
}
