import zlib from 'node:zlib';
import { ZSTDDecoder } from 'zstddec';
import type { Decode } from './codec.js';

/** Zstandard, by Node's zlib from Node 22.15 on, before that by zstd itself in WebAssembly. */
export const decode: Decode = (stored, { most }) => decompressZstd(stored, most);

/** Decompresses to at most `most` bytes and a kilobyte; nothing at all from a damaged stream. */
export async function decompressZstd(
  stored: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (hasZstd(zlib)) return zlib.zstdDecompressSync(stored, { maxOutputLength: most + 1024 });
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const decoded = decoder.decode(stored, most + 1024);
  if (decoded.byteLength === 0) throw new Error('it is not a whole zstd stream of the right size');
  return new Uint8Array(decoded.buffer as ArrayBuffer, decoded.byteOffset, decoded.byteLength);
}

interface ZstdModule {
  zstdDecompressSync(stored: Uint8Array, options: { maxOutputLength: number }): Uint8Array<ArrayBuffer>;
}

function hasZstd(module: object): module is ZstdModule {
  return 'zstdDecompressSync' in module;
}
