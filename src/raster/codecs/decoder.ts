/** Decompression of the blocks of GeoTIFF and of the tiles of JPEG 2000. */
import { messageOf, TerrachipError } from '../../errors.js';
import { damaged } from '../geotiff/directory.js';
import { damagedJp2 } from '../jp2/boxes.js';
import { problemOf } from '../optional-package.js';
import { bytesOfRows, type DecodeRequest, decodePieces } from './decode.js';
import { lercCodec } from './lerc.js';
import {
  type CodecTable,
  type Compression,
  compressionName,
  compressionOf,
  LERC,
  PORTABLE_CODECS,
} from './table.js';

/** Decompresses what rasters store. Node's entry has one with more codecs, which run on worker threads. */
export interface BlockDecoder {
  /**
   * Checks a compression before any pixel is read.
   * @param name the file's, for messages
   * @param compression tag 259 of a TIFF, or `jpeg2000`
   * @throws {TerrachipError} UNSUPPORTED, which names the package that is missing if one is
   */
  require(name: string, compression: Compression): Promise<void>;
  /**
   * Decompresses the stored pieces of a block and undoes their predictor and byte order: little-endian samples, row by
   * row. Bytes of pieces that are not stored are zero.
   * @throws {TerrachipError} INVALID_INPUT for a damaged block
   */
  decode(name: string, request: DecodeRequest, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** Runs a request somewhere else than on the calling thread. */
export type RunElsewhere = (request: DecodeRequest, signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Below this many decoded bytes a block is decoded at once on the calling thread: handing it over takes longer. Not
 * so a tile of JPEG 2000, of which few pixels cost as much as many.
 */
const INLINE_BYTES = 32 * 1024;

/** @param elsewhere where large blocks are decoded; default: on the calling thread */
export function createDecoder(codecs: CodecTable, elsewhere?: RunElsewhere): BlockDecoder {
  return {
    async require(name, compression) {
      const feature = compressionName(compression);
      const codec = codecs.get(compression);
      if (codec === undefined) {
        throw new TerrachipError(
          'UNSUPPORTED',
          `${name} is compressed by ${feature}, which is not supported`,
          'rewrite it with deflate (gdal_translate -co COMPRESS=DEFLATE)',
          { feature },
        );
      }
      const found = codec.requirement === undefined ? null : await problemOf(codec.requirement);
      if (found === null) return;
      throw new TerrachipError(
        'UNSUPPORTED',
        `${name} is compressed by ${feature}, and ${found.problem}`,
        found.remedy,
        { feature },
        { cause: found.cause },
      );
    },
    async decode(name, request, signal) {
      const { coding, pieces } = request;
      const size = pieces.reduce((sum, { rows }) => sum + bytesOfRows(coding, rows), 0);
      const inline =
        codecs.get(compressionOf(coding))?.runs !== 'worker' ||
        (size <= INLINE_BYTES && coding.jpeg2000 === null);
      try {
        return await (inline || elsewhere === undefined
          ? decodePieces(codecs, request)
          : elsewhere(request, signal));
      } catch (error) {
        if (error instanceof TerrachipError) throw error;
        signal?.throwIfAborted();
        const problem = messageOf(error).replace(/\.$/, '');
        if (coding.jpeg2000 !== null) throw damagedJp2(name, `a tile cannot be decoded: ${problem}`, error);
        throw damaged(name, `a block cannot be decompressed: ${problem}`, error);
      }
    },
  };
}

/** Packages that a decoder for browsers may use. */
export interface PortableDecoderOptions {
  /**
   * The package lerc, for blocks in LERC: `() => import('lerc')`. It is not loaded by itself, since it wants its file
   * `lerc-wasm.wasm` beside it, and esbuild wants `external: ['module']` for it.
   */
  lerc?: () => Promise<typeof import('lerc')>;
}

/** A decoder for deflate, LZW, PackBits, zstd, JPEG and what is not compressed, anywhere, on the calling thread. */
export function createPortableDecoder({ lerc }: PortableDecoderOptions = {}): BlockDecoder {
  return createDecoder(
    lerc === undefined ? PORTABLE_CODECS : new Map([...PORTABLE_CODECS, [LERC, lercCodec(lerc)]]),
  );
}

let current = createPortableDecoder();

/** The decoder of rasters that are opened without one. */
export function defaultDecoder(): BlockDecoder {
  return current;
}

/** Sets the decoder of rasters that are opened without one from now on. Node's entry does it once. */
export function registerDecoder(decoder: BlockDecoder): void {
  current = decoder;
}
