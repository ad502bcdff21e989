/** Deflate, LZW, Zstandard and TIFF's predictors in WebAssembly: libdeflate, zstd and C of our own (scripts/codecs). */
import type { BlockCoding, Decode, DecodeLimits } from './codec.js';
import { bytesAt, type Memory, WasmModule } from './wasm.js';

type Expand = (input: number, size: number, output: number, capacity: number) => number;

interface Decoders extends Memory {
  readonly deflate_decode: Expand;
  readonly zstd_decode: Expand;
  readonly lzw_decode: Expand;
  swap_bytes(bytes: number, size: number, word: number): void;
  undo_differences(bytes: number, rows: number, count: number, samples: number, bytesPerSample: number): void;
  join_planes(
    bytes: number,
    result: number,
    rows: number,
    count: number,
    samples: number,
    bytesPerSample: number,
  ): void;
}

const decoders = new WasmModule<Decoders>(() => import('./decoders.wasm.js'));

type Bytes = Uint8Array<ArrayBuffer>;

/** The parameters of predictors. */
export type PredictedBlock = Pick<
  BlockCoding,
  'predictor' | 'littleEndian' | 'bytesPerWord' | 'width' | 'samples' | 'bytesPerSample'
>;

/** The decoder writes them in front of its output, as strings of one byte. */
const LZW_LITERALS = 256;

/** LZW, up to the wanted size, the end code or the last byte of a truncated stream. */
export const decodeLzw: Decode = (stored, limits, coding, target) => {
  const { size } = limits;
  return decoders.use(
    [stored.length, LZW_LITERALS + size, joinedBytes(coding, size)],
    (module, [input, output, joined]) => {
      bytesAt(module, input, stored.length).set(stored);
      const length = module.lzw_decode(input, stored.length, output, size);
      if (length < 0) throw new Error(`its LZW code ${-length} has no string`);
      return finish(module, [output + LZW_LITERALS, length], joined, limits, coding, target);
    },
  );
};

/** Zstandard. */
export const decodeZstd: Decode = (stored, limits, coding, target) => {
  const capacity = limits.most + SPARE;
  return decoders.use(
    [stored.length, capacity, joinedBytes(coding, limits.size)],
    (module, [input, output, joined]) => {
      bytesAt(module, input, stored.length).set(stored);
      const length = module.zstd_decode(input, stored.length, output, capacity);
      if (length < 0) throw new Error('it is not a whole zstd stream of the right size');
      return finish(module, [output, length], joined, limits, coding, target);
    },
  );
};

/** A block may be so many bytes longer than its pixels. */
const SPARE = 1024;

/**
 * Deflate in a zlib wrapper.
 * @param fallback decodes what libdeflate refuses: a stream that is cut short, or lacks its checksum
 */
export function deflateDecoder(
  fallback: (stored: Bytes, limits: DecodeLimits) => Bytes | Promise<Bytes>,
): Decode {
  return async (stored, limits, coding, target) => {
    const capacity = limits.most + SPARE;
    const decoded = await decoders.use(
      [stored.length, capacity, joinedBytes(coding, limits.size)],
      (module, [input, output, joined]) => {
        bytesAt(module, input, stored.length).set(stored);
        const length = module.deflate_decode(input, stored.length, output, capacity);
        return length < 0 ? null : finish(module, [output, length], joined, limits, coding, target);
      },
    );
    if (decoded !== null) return decoded;
    const bytes = await fallback(stored, limits);
    return bytes.length < limits.size
      ? bytes
      : undoCoding(bytes.subarray(0, limits.size), limits.rows, coding);
  };
}

/** Decompresses Zstandard to at most `most` bytes and a kilobyte. @throws {Error} for a damaged stream */
export function decompressZstd(stored: Bytes, most: number): Promise<Bytes> {
  const capacity = most + SPARE;
  return decoders.use([stored.length, capacity], (module, [input, output]) => {
    bytesAt(module, input, stored.length).set(stored);
    const length = module.zstd_decode(input, stored.length, output, capacity);
    if (length < 0) throw new Error('it is not a whole zstd stream of the right size');
    return bytesAt(module, output, length).slice();
  });
}

/** Undoes byte order and predictor of whole rows. */
export function undoCoding(bytes: Bytes, rows: number, coding: PredictedBlock): Promise<Bytes> {
  const limits = { size: bytes.length, rows };
  return decoders.use([bytes.length, joinedBytes(coding, bytes.length)], (module, [address, joined]) => {
    bytesAt(module, address, bytes.length).set(bytes);
    return finish(module, [address, bytes.length], joined, limits, coding);
  });
}

/** Bytes of rows whose predictor 3 is undone in one step, into another array. */
const JOINED_BYTES = 2 ** 20;

/** Rows of that step, and their bytes. */
function joinedRows({ width, samples, bytesPerSample }: PredictedBlock): { rows: number; bytes: number } {
  const rowBytes = width * samples * bytesPerSample;
  const rows = Math.max(1, Math.floor(JOINED_BYTES / rowBytes));
  return { rows, bytes: rows * rowBytes };
}

function joinedBytes(coding: PredictedBlock, size: number): number {
  return coding.predictor === 3 ? Math.min(size, joinedRows(coding).bytes) : 0;
}

/** A copy of decompressed bytes with byte order and predictor undone; of too few, the bytes as they are. */
function finish(
  module: Decoders,
  [address, length]: readonly [address: number, length: number],
  joined: number,
  { size, rows }: Pick<DecodeLimits, 'size' | 'rows'>,
  coding: PredictedBlock,
  target?: Bytes,
): Bytes {
  const { predictor, littleEndian, bytesPerWord, width, samples, bytesPerSample } = coding;
  if (length < size) return bytesAt(module, address, length).slice();
  // Predictor 3 sorts bytes by significance in any byte order.
  if (!littleEndian && predictor !== 3 && bytesPerWord > 1) module.swap_bytes(address, size, bytesPerWord);
  const count = width * samples;
  // Cells of chroma have fewer bytes than their pixels.
  const whole = Math.min(rows, Math.floor(size / (count * bytesPerSample)));
  if (predictor === 2) module.undo_differences(address, whole, count, samples, bytesPerSample);
  const result = target ?? new Uint8Array(size);
  if (predictor !== 3) {
    result.set(bytesAt(module, address, size));
    return result;
  }
  const step = joinedRows(coding).rows;
  const rowBytes = count * bytesPerSample;
  for (let row = 0; row < whole; row += step) {
    const some = Math.min(step, whole - row);
    module.join_planes(address + row * rowBytes, joined, some, count, samples, bytesPerSample);
    result.set(bytesAt(module, joined, some * rowBytes), row * rowBytes);
  }
  return result;
}
