/** Compression of tiles on libuv's thread pool: deflate and, in newer Node, zstd. */
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { CogCompression } from '../cog/options.js';

export type Encoder = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** GDAL's defaults. */
const DEFAULT_LEVEL = { deflate: 6, zstd: 9 } as const;

type Callback = (error: Error | null, result: Uint8Array) => void;
type ZstdCompress = (
  bytes: Uint8Array,
  options: { chunkSize: number; params: Record<number, number> },
  done: Callback,
) => void;

/** ZSTD_c_compressionLevel of zstd.h. */
const ZSTD_LEVEL = 100;

/** @param level null for the default: deflate 6, zstd 9 */
export async function createEncoder(compression: CogCompression, level: number | null): Promise<Encoder> {
  if (compression === 'none') return async (bytes) => bytes;
  if (compression === 'deflate') return deflateEncoder(level ?? DEFAULT_LEVEL.deflate);
  return zstdEncoder(level ?? DEFAULT_LEVEL.zstd);
}

function deflateEncoder(level: number): Encoder {
  const deflate = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.deflate);
  return (bytes) => deflate(bytes, { level, memLevel: 9, chunkSize: maxCompressedBytes(bytes) });
}

async function zstdEncoder(level: number): Promise<Encoder> {
  // From Node 22.15 on.
  const native: unknown = Reflect.get(zlib, 'zstdCompress');
  if (isZstdCompress(native)) {
    const compress = promisify(native);
    return (bytes) =>
      compress(bytes, { chunkSize: maxCompressedBytes(bytes), params: { [ZSTD_LEVEL]: level } });
  }
  const { default: Zstd } = await import('numcodecs/zstd');
  const codec = Zstd.fromConfig({ id: 'zstd', level });
  return async (bytes) => codec.encode(bytes);
}

function isZstdCompress(value: unknown): value is ZstdCompress {
  return typeof value === 'function';
}

/**
 * The most bytes of a compressed tile, so that it comes in one piece: Node's default pieces of 16 KiB each take a round
 * trip to the thread pool.
 */
function maxCompressedBytes(bytes: Uint8Array): number {
  return Math.ceil(1.01 * bytes.byteLength) + 1024;
}
