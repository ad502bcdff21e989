/** Compression of tiles in WebAssembly: libdeflate, zstd and C of our own (scripts/codecs). */
import type { CogCompression } from '../cog/options.js';
import type { BlockCoding } from './codec.js';
import { bytesAt, type Memory, WasmModule } from './wasm.js';

type Compress = (level: number, input: number, size: number, output: number, capacity: number) => number;

interface Encoders extends Memory {
  readonly deflate_encode: Compress;
  readonly zstd_encode: Compress;
  differences(
    bytes: number,
    result: number,
    rows: number,
    count: number,
    samples: number,
    bytesPerSample: number,
  ): void;
  split_planes(
    bytes: number,
    result: number,
    spare: number,
    rows: number,
    count: number,
    samples: number,
    bytesPerSample: number,
  ): void;
}

const encoders = new WasmModule<Encoders>(() => import('./encoders.wasm.js'));

/** TIFF's predictor (1 none, 2, 3) and what it depends on; packed samples have none. */
export interface Prediction extends Pick<BlockCoding, 'predictor' | 'width' | 'samples' | 'bytesPerSample'> {
  readonly rows: number;
}

/** Bytes to compress. Plain data, sent to worker threads. */
export interface EncodeRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly compression: 'deflate' | 'zstd';
  /** 1 to 12 for deflate, to 22 for zstd. */
  readonly level: number;
  /** Applied to whole rows before; null for none. */
  readonly prediction: Prediction | null;
}

/** Applies a predictor and compresses, into the memory of the request if it fits. Runs on any thread. */
export function encodeBytes(request: EncodeRequest): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes, compression, level, prediction } = request;
  const { length } = bytes;
  // More than either library needs for bytes that it cannot compress.
  const capacity = length + Math.ceil(length / 128) + 1024;
  const { predictor = 1, rows = 0, width = 0, samples = 1, bytesPerSample = 1 } = prediction ?? {};
  const count = width * samples;
  if (rows * count * bytesPerSample > length) throw new Error('a tile has fewer bytes than its pixels');
  const sizes = [length, predictor === 1 ? 0 : length, count * bytesPerSample, capacity];
  return encoders.use(sizes, (module, [input, predicted, spare, output]) => {
    bytesAt(module, input, length).set(bytes);
    if (predictor === 2) module.differences(input, predicted, rows, count, samples, bytesPerSample);
    if (predictor === 3) module.split_planes(input, predicted, spare, rows, count, samples, bytesPerSample);
    const compress = compression === 'deflate' ? module.deflate_encode : module.zstd_encode;
    const size = compress(level, predictor === 1 ? input : predicted, length, output, capacity);
    if (size <= 0) throw new Error(`${length} bytes cannot be compressed by ${compression}`);
    const compressed = bytesAt(module, output, size);
    if (size > length) return compressed.slice();
    bytes.set(compressed);
    return bytes.subarray(0, size);
  });
}

/** Compresses bytes, which are handed over. @param prediction a predictor to apply before; null for none */
export type Encoder = (
  bytes: Uint8Array<ArrayBuffer>,
  prediction: Prediction | null,
) => Promise<Uint8Array<ArrayBuffer>>;

/** GDAL's defaults. */
const DEFAULT_LEVEL = { deflate: 6, zstd: 9 } as const;

/**
 * @param level null for the default: deflate 6, zstd 9
 * @param encode compresses: on this thread (default), or on others
 */
export function createEncoder(
  compression: CogCompression,
  level: number | null,
  encode: (request: EncodeRequest) => Promise<Uint8Array<ArrayBuffer>> = encodeBytes,
): Encoder {
  if (compression === 'none') return async (bytes) => bytes;
  const settings = { compression, level: level ?? DEFAULT_LEVEL[compression] };
  return (bytes, prediction) => encode({ ...settings, bytes, prediction });
}
