import { promisify } from 'node:util';
import { constants, inflate } from 'node:zlib';
import { messageOf, TerrachipError } from '../../errors.js';
import { damaged } from '../geotiff/directory.js';

const inflateAsync = promisify(inflate);

/** TIFF compression numbers and the names that GDAL gives them. */
const COMPRESSIONS: Readonly<Record<number, string>> = {
  1: 'none',
  5: 'lzw',
  7: 'jpeg',
  8: 'deflate',
  32773: 'packbits',
  32946: 'deflate',
  34887: 'lerc',
  34925: 'lzma',
  50000: 'zstd',
  50001: 'webp',
};

export function compressionName(compression: number): string {
  return COMPRESSIONS[compression] ?? `compression ${compression}`;
}

/** @throws {TerrachipError} UNSUPPORTED before any pixel is read */
export function requireCodec(name: string, compression: number): void {
  if (compressionName(compression) === 'none' || compressionName(compression) === 'deflate') return;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${name} is compressed by ${compressionName(compression)}, which is not supported`,
    'rewrite it with deflate (gdal_translate -co COMPRESS=DEFLATE)',
    { feature: compressionName(compression) },
  );
}

/**
 * Decompresses one block to exactly `size` bytes. Deflate runs on libuv's thread pool, so that many blocks use all
 * cores. What a stream holds beyond them is ignored, but it must not hold more than `most` bytes.
 */
export async function decompress(
  name: string,
  compression: number,
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
  most = size,
): Promise<Uint8Array<ArrayBuffer>> {
  let decoded: Uint8Array<ArrayBuffer> = bytes;
  if (compressionName(compression) === 'deflate') {
    try {
      decoded = await inflateAsync(bytes, {
        // A block that claims to be larger than its pixels is damaged or hostile.
        maxOutputLength: most + 1024,
        finishFlush: constants.Z_SYNC_FLUSH,
        chunkSize: Math.max(1024, Math.min(most, 2 ** 20)),
      });
    } catch (error) {
      throw damaged(name, `a block cannot be decompressed: ${messageOf(error)}`, error);
    }
  }
  if (decoded.byteLength < size) {
    throw damaged(name, `a block holds ${decoded.byteLength} bytes of ${size}`);
  }
  // Views as wider integers need an aligned start, which a part of a longer read may lack; a small part of a long
  // read would also keep all of it in memory.
  const { buffer, byteOffset } = decoded;
  const own = byteOffset % 8 === 0 && buffer.byteLength <= 2 * size;
  return own ? decoded.subarray(0, size) : decoded.slice(0, size);
}
