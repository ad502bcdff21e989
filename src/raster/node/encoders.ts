/** Compression of tiles in worker threads. */
import type { CogCompression } from '../cog/options.js';
import { encodeInThread } from './codecs/pool.js';
import { encodeBytes, type Prediction } from './codecs/wasm-encoders.js';

/** Compresses bytes, which are handed over. @param prediction a predictor to apply before; null for none */
export type Encoder = (
  bytes: Uint8Array<ArrayBuffer>,
  prediction: Prediction | null,
) => Promise<Uint8Array<ArrayBuffer>>;

/** GDAL's defaults. */
const DEFAULT_LEVEL = { deflate: 6, zstd: 9 } as const;

/** @param level null for the default: deflate 6, zstd 9 */
export function createEncoder(compression: CogCompression, level: number | null): Encoder {
  if (compression === 'none') return async (bytes) => bytes;
  const settings = { compression, level: level ?? DEFAULT_LEVEL[compression] };
  const encode = encodeInThread ?? encodeBytes;
  return (bytes, prediction) => encode({ ...settings, bytes, prediction });
}
