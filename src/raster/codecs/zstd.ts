import { ZSTDDecoder } from 'zstddec';
import type { Decode } from './codec.js';

/** Zstandard, by zstd in WebAssembly. */
export const decode: Decode = (stored, { most }) => decompressZstd(stored, most);

/** Decompresses to at most `most` bytes and a kilobyte. @throws {Error} for a damaged stream */
export async function decompressZstd(
  stored: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const decoded = decoder.decode(stored, most + 1024);
  if (decoded.byteLength === 0) throw new Error('it is not a whole zstd stream of the right size');
  return new Uint8Array(decoded.buffer as ArrayBuffer, decoded.byteOffset, decoded.byteLength);
}
