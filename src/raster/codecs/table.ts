import type { OptionalPackage } from '../../errors.js';
import { inflateUpTo } from '../../io/inflate.js';
import type { BlockCoding, Decode } from './codec.js';
import type * as Decoders from './wasm-decoders.js';

/** Tag 259 of a TIFF, or JPEG 2000 outside TIFF. */
export type Compression = number | 'jpeg2000';

/** A codec of blocks. */
export interface Codec {
  readonly load: () => Promise<{ readonly decode: Decode }>;
  /** The optional package that it needs. */
  readonly requirement?: OptionalPackage;
  /** `here` for codecs with little work, or whose library has its own threads. */
  readonly runs: 'worker' | 'here';
  /** Whether a predictor may be combined with it; `undone` if `decode` undoes it, and the byte order. */
  readonly predictors: boolean | 'undone';
  /** The most decoded bytes per stored byte: shorter streams are rejected before memory is allocated. */
  readonly expansion: number;
}

export type CodecTable = ReadonlyMap<Compression, Codec>;

/** A codec of bytes, with predictors. */
export function codecOfBytes(load: Codec['load'], expansion = Number.POSITIVE_INFINITY): Codec {
  return { load, runs: 'worker', predictors: true, expansion };
}

/** A codec of bytes in WebAssembly. */
function wasmCodec(choose: (decoders: typeof Decoders) => Decode, expansion?: number): Codec {
  const load: Codec['load'] = async () => ({ decode: choose(await import('./wasm-decoders.js')) });
  return { ...codecOfBytes(load, expansion), predictors: 'undone' };
}

/**
 * Deflate.
 * @param fallback reads streams that are cut short or lack a checksum
 */
export function deflateCodec(fallback: Parameters<typeof Decoders.deflateDecoder>[0]): Codec {
  // 258 bytes per two bits.
  return wasmCodec(({ deflateDecoder }) => deflateDecoder(fallback), 1032);
}

/** By the platform's streams; reads no more than `size`. */
const deflate = deflateCodec((stored, { size }) => inflateUpTo(stored, size, 'deflate'));

/** Copies, because predictors and byte order are undone in place. */
const copy: Decode = (stored, { size }) => stored.slice(0, size);

/** Codecs for any runtime, loaded on first use. */
export const PORTABLE_CODECS: CodecTable = new Map<Compression, Codec>([
  [1, { ...codecOfBytes(async () => ({ decode: copy }), 1), runs: 'here' }],
  // The longest string, 3837 bytes, per 12 bits.
  [5, wasmCodec(({ decodeLzw }) => decodeLzw, 2558)],
  [7, { ...codecOfBytes(() => import('./jpeg.js')), predictors: false }],
  [8, deflate],
  [32773, codecOfBytes(() => import('./packbits.js'), 64)],
  [32946, deflate],
  [50000, wasmCodec(({ decodeZstd }) => decodeZstd)],
]);

export const LERC = 34887;

/** The key of a block's codec. */
export function compressionOf({ compression, jpeg2000 }: BlockCoding): Compression {
  return jpeg2000 === null ? compression : 'jpeg2000';
}

/** GDAL's names of compressions, in lower case. */
const NAMES: Readonly<Record<Compression, string>> = {
  1: 'none',
  2: 'ccittrle',
  3: 'ccittfax3',
  4: 'ccittfax4',
  5: 'lzw',
  6: 'old-style jpeg',
  7: 'jpeg',
  8: 'deflate',
  32773: 'packbits',
  32946: 'deflate',
  34887: 'lerc',
  34925: 'lzma',
  50000: 'zstd',
  50001: 'webp',
  50002: 'jxl',
  52546: 'jxl',
  jpeg2000: 'jpeg2000',
};

export function compressionName(compression: Compression): string {
  return NAMES[compression] ?? `compression ${compression}`;
}
