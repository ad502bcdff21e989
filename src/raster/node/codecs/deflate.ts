import { constants, inflateSync } from 'node:zlib';
import type { Decode } from '../../codecs/codec.js';

/** Deflate in a zlib wrapper, by Node's zlib. A stream may lack its checksum, and must not hold more than it says. */
export const decode: Decode = (stored, { size, most }) => inflate(stored, size, most);

/** Inflates to at most `most` bytes and a kilobyte; `size` is the likely length. */
export function inflate(
  stored: Uint8Array<ArrayBuffer>,
  size: number,
  most: number,
): Uint8Array<ArrayBuffer> {
  return inflateSync(stored, {
    // A block that claims to be larger than its pixels is damaged or hostile.
    maxOutputLength: most + 1024,
    finishFlush: constants.Z_SYNC_FLUSH,
    // One piece of output, with a little room: zlib asks for another piece once the first is full.
    chunkSize: Math.max(1024, size + 64),
  });
}
