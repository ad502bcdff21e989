/** Compression of tiles in worker threads. */
import { createEncoder, type Encoder, encodeBytes } from '../codecs/wasm-encoders.js';
import type { CogCompression } from '../cog/options.js';
import { encodeInThread } from './codecs/pool.js';

/** @param level null for the default: deflate 6, zstd 9 */
export function createThreadedEncoder(compression: CogCompression, level: number | null): Encoder {
  return createEncoder(compression, level, encodeInThread ?? encodeBytes);
}
