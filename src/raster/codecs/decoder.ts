/** Decompression of GeoTIFF blocks and JPEG 2000 tiles. */
import { messageOf, packageProblem, TerrachipError, unsupported } from '../../errors.js';
import { damaged } from '../geotiff/directory.js';
import { damagedJp2 } from '../jp2/boxes.js';
import type { BlockCoding } from './codec.js';
import { bytesOfPieces, type DecodeRequest, decodePieces, type FileRequest, rowsOfPieces } from './decode.js';
import { lercCodec } from './lerc.js';
import {
  type CodecTable,
  type Compression,
  compressionName,
  compressionOf,
  LERC,
  PORTABLE_CODECS,
} from './table.js';

/** Decompresses blocks and tiles. Node's decoder has more codecs and worker threads. */
export interface BlockDecoder {
  /**
   * Checks a compression before pixels are read.
   * @param name the file's, for messages
   * @param compression tag 259 of a TIFF, or `jpeg2000`
   * @throws {TerrachipError} UNSUPPORTED, with the name of a missing package
   */
  require(name: string, compression: Compression): Promise<void>;
  /**
   * Decompresses the pieces of a block and undoes predictor and byte order: little-endian samples, row by row. Sparse
   * pieces are zero.
   * @throws {TerrachipError} INVALID_INPUT for a damaged block
   */
  decode(name: string, request: DecodeRequest, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * As `decode`, of a block that the decoding thread reads; null where it is decoded on the calling thread.
   * @throws {TerrachipError} as `decode`
   */
  decodeFile?(
    name: string,
    request: FileRequest,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> | null;
  /** Takes back the memory of a result that nobody reads any more: later results use it. */
  release?(bytes: Uint8Array<ArrayBuffer>): void;
}

/** Threads that decode. */
export interface DecoderThreads {
  run(request: DecodeRequest | FileRequest, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  release(bytes: Uint8Array<ArrayBuffer>): void;
}

/**
 * Smaller decoded blocks are decoded on the calling thread: a transfer takes longer. Not JPEG 2000 tiles, whose cost does
 * not depend on the pixels read.
 */
const INLINE_BYTES = 32 * 1024;

/** @param threads decode large blocks; default: the calling thread does */
export function createDecoder(codecs: CodecTable, threads?: DecoderThreads): BlockDecoder {
  const isInline = (request: DecodeRequest | FileRequest): boolean => {
    const { coding } = request;
    const isSmall = bytesOfPieces(coding, rowsOfPieces(request)) <= INLINE_BYTES && coding.jpeg2000 === null;
    return isSmall || codecs.get(compressionOf(coding))?.runs !== 'worker';
  };
  return {
    async require(name, compression) {
      const feature = compressionName(compression);
      const codec = codecs.get(compression);
      if (codec === undefined) {
        throw unsupported(
          feature,
          `${name} is compressed by ${feature}, which is not supported`,
          'rewrite it with deflate (gdal_translate -co COMPRESS=DEFLATE)',
        );
      }
      const { requirement } = codec;
      await requirement?.load().catch((cause: unknown) => {
        const purpose = `${name} is compressed by ${feature}, and that`;
        const { problem, remedy } = packageProblem({ ...requirement, purpose }, cause);
        throw new TerrachipError('UNSUPPORTED', problem, remedy, { feature }, { cause });
      });
    },
    async decode(name, request, signal) {
      const decoded =
        threads === undefined || isInline(request)
          ? decodePieces(codecs, request)
          : threads.run(request, signal);
      return explained(name, request.coding, decoded, signal);
    },
    decodeFile(name, request, signal) {
      if (threads === undefined || isInline(request)) return null;
      return explained(name, request.coding, threads.run(request, signal), signal);
    },
    release(bytes) {
      threads?.release(bytes);
    },
  };
}

/** Decoded bytes, or an error that names the file. */
async function explained(
  name: string,
  { jpeg2000 }: BlockCoding,
  decoded: Promise<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await decoded;
  } catch (error) {
    if (error instanceof TerrachipError) throw error;
    signal?.throwIfAborted();
    const problem = messageOf(error).replace(/\.$/, '');
    if (jpeg2000 !== null) throw damagedJp2(name, `a tile cannot be decoded: ${problem}`, error);
    throw damaged(name, `a block cannot be decompressed: ${problem}`, error);
  }
}

/** Packages that a decoder for browsers may use. */
export interface PortableDecoderOptions {
  /**
   * The package lerc, for LERC blocks: `() => import('lerc')`. Not loaded by default: it needs its file `lerc-wasm.wasm`
   * beside it, and esbuild needs `external: ['module']`.
   */
  lerc?: () => Promise<typeof import('lerc')>;
}

/** A decoder for deflate, LZW, PackBits, zstd, JPEG and no compression, on the calling thread, for any runtime. */
export function createPortableDecoder({ lerc }: PortableDecoderOptions = {}): BlockDecoder {
  return createDecoder(
    lerc === undefined ? PORTABLE_CODECS : new Map([...PORTABLE_CODECS, [LERC, lercCodec(lerc)]]),
  );
}

let current = createPortableDecoder();

/** The decoder of rasters opened without one. */
export function defaultDecoder(): BlockDecoder {
  return current;
}

/** Replaces the default decoder. Node's entry does it once. */
export function registerDecoder(decoder: BlockDecoder): void {
  current = decoder;
}
