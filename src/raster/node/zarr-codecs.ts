/**
 * Zarr's compressions: decoders with a size limit, and encoders for terrachip's writer. numcodecs and zarrita are loaded
 * when they are first needed.
 */
import { promisify } from 'node:util';
import { gunzip, gzip, inflate } from 'node:zlib';
import { internalError, requireChoice } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { viewOf } from '../../io/bytes.js';
import { crc32c } from '../../io/crc32c.js';
import { MAX_CHUNK_BYTES, NUMERIC_TYPES } from '../arrays/index.js';
import { decompressZstd } from '../codecs/wasm-decoders.js';
import { BOUNDED_CODECS, type BoundedCodec, type CodecEntry, registeredName } from '../zarr/codec-names.js';
import { ZARR_COMPRESSIONS, type ZarrCompression } from '../zarr/metadata.js';
import { zstdSize } from './codecs/zstd.js';
import { createThreadedEncoder } from './encoders.js';

type Bytes = Uint8Array<ArrayBufferLike>;

/** Decodes to at most `limit` bytes. */
type Decoder = (bytes: Bytes, limit: number) => Promise<Bytes>;

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify(gzip);
const inflateAsync = promisify(inflate);

const DECODERS: Readonly<Record<BoundedCodec, Decoder>> = {
  gzip: (bytes, limit) => gunzipAsync(bytes, { maxOutputLength: limit }),
  zlib: (bytes, limit) => inflateAsync(bytes, { maxOutputLength: limit }),
  async zstd(bytes, limit) {
    const declared = zstdSize(bytes);
    checkDeclared(declared ?? 0, limit);
    return decompressZstd(new Uint8Array(bytes), declared ?? limit);
  },
  async blosc(bytes, limit) {
    if (bytes.length < 16) throw new Error('a Blosc buffer has a header of 16 bytes');
    const view = viewOf(bytes);
    checkDeclared(view.getUint32(4, true), limit);
    if (view.getUint32(12, true) !== bytes.length)
      throw new Error('the Blosc buffer has another size than it says');
    const { default: Blosc } = await import('numcodecs/blosc');
    return Blosc.fromConfig({ id: 'blosc' }).decode(bytes);
  },
  async lz4(bytes, limit) {
    if (bytes.length < 4) throw new Error('an LZ4 buffer starts with its size');
    checkDeclared(viewOf(bytes).getUint32(0, true), limit);
    const { default: Lz4 } = await import('numcodecs/lz4');
    return Lz4.fromConfig({ id: 'lz4' }).decode(bytes);
  },
  async crc32c(bytes) {
    if (bytes.length < 4) throw new Error('the checksum is missing');
    const content = bytes.subarray(0, -4);
    if (crc32c(content) !== viewOf(bytes).getUint32(content.length, true))
      throw new Error('the checksum differs');
    return content.slice();
  },
};

function checkDeclared(size: number, limit: number): void {
  if (size > limit) throw new Error(`it would expand to ${size} bytes, where its chunk has at most ${limit}`);
}

/** The most bytes of a decoded chunk: filters may widen values to 8 bytes each; text has a fixed limit. */
function limitFor(type: string, shape: readonly number[]): number {
  return Object.hasOwn(NUMERIC_TYPES, type) ? 8 * Math.max(1, sizeOf(shape)) + 64 : MAX_CHUNK_BYTES / 16;
}

/** Registers terrachip's codecs with zarrita, under separate names. */
export async function registerCodecs(): Promise<void> {
  const { registry } = await import('zarrita');
  for (const name of BOUNDED_CODECS) {
    if (registry.has(registeredName(name))) continue;
    registry.set(registeredName(name), async () => ({
      kind: 'bytes_to_bytes',
      fromConfig: (_, { dataType, shape }) => ({
        kind: 'bytes_to_bytes',
        encode: () => {
          throw internalError('registerCodecs', `zarrita was asked to encode with ${name}`);
        },
        decode: (bytes: Uint8Array) => DECODERS[name](bytes, limitFor(dataType, shape)),
        ...(name === 'crc32c' ? { computeEncodedSize: (size: number) => size + 4 } : {}),
      }),
    }));
  }
}

/** One compression: its entry in the metadata document, and its encoder. */
export interface ZarrCompressor {
  readonly codec: CodecEntry;
  encode(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * The compressor of a name; null for none.
 * @param bytesPerValue for Blosc's shuffle
 * @throws {TerrachipError} INVALID_OPTION for an unknown name
 */
export function createCompressor(compression: ZarrCompression, bytesPerValue: number): ZarrCompressor | null {
  requireChoice('the compression of a Zarr array', compression, ZARR_COMPRESSIONS);
  if (compression === 'none') return null;
  if (compression === 'zstd') {
    const level = 3;
    return {
      codec: { name: 'zstd', configuration: { level, checksum: false } },
      // A copy, since what is encoded in a thread is handed over to it.
      async encode(bytes) {
        const encoded = await createThreadedEncoder('zstd', level)(new Uint8Array(bytes), null);
        // It may be a part of the memory that was handed over.
        return encoded.slice();
      },
    };
  }
  if (compression === 'gzip') {
    const level = 5;
    return {
      codec: { name: 'gzip', configuration: { level } },
      encode: (bytes) => gzipAsync(bytes, { level }),
    };
  }
  // numcodecs always shuffles 4-byte values: useless for single bytes, good enough for the others.
  const shuffled = bytesPerValue > 1;
  const settings = { cname: 'zstd', clevel: 5, blocksize: 0 };
  const shuffle = shuffled ? 'shuffle' : 'noshuffle';
  return {
    codec: { name: 'blosc', configuration: { ...settings, shuffle, typesize: bytesPerValue } },
    async encode(bytes) {
      const { default: Blosc } = await import('numcodecs/blosc');
      return Blosc.fromConfig({ id: 'blosc', ...settings, shuffle: shuffled ? 1 : 0 }).encode(bytes);
    },
  };
}
