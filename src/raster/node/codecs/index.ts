/** Decompression of TIFF blocks: one file a codec, and the threads that they run on. */
import { messageOf, TerrachipError } from '../../../errors.js';
import { damaged } from '../../geotiff/directory.js';
import { damagedJp2 } from '../../jp2/boxes.js';
import { problemOf } from '../optional-package.js';
import { bytesOfRows, type DecodeRequest, decodePieces } from './decode.js';
import { decodingPool } from './pool.js';
import { CODECS, type Codec, codecOf, compressionName, JPEG2000 } from './table.js';

export type { BlockCoding, Jpeg2000Coding } from './codec.js';
export type { DecodeRequest, Piece } from './decode.js';

export { ALL_CODECS, compressionName } from './table.js';

/**
 * Below this many decoded bytes a block is decoded at once on the calling thread: handing it over takes longer. Not
 * so a tile of JPEG 2000, of which few pixels cost as much as many.
 */
const INLINE_BYTES = 32 * 1024;

/** @throws {TerrachipError} UNSUPPORTED, before any pixel is read, that names the package that is missing if one is */
export async function requireCodec(name: string, compression: number): Promise<void> {
  const codec = CODECS.get(compression);
  if (codec === undefined) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} is compressed by ${compressionName(compression)}, which is not supported`,
      'rewrite it with deflate (gdal_translate -co COMPRESS=DEFLATE)',
      { feature: compressionName(compression) },
    );
  }
  await requirePackage(name, codec);
}

/** @throws {TerrachipError} UNSUPPORTED that names the package for JPEG 2000 where it is missing */
export function requireJpeg2000(name: string): Promise<void> {
  return requirePackage(name, JPEG2000);
}

async function requirePackage(file: string, codec: Codec): Promise<void> {
  const found = codec.requirement === undefined ? null : await problemOf(codec.requirement);
  if (found === null) return;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${file} is compressed by ${codec.name}, and ${found.problem}`,
    found.remedy,
    { feature: codec.name },
    { cause: found.cause },
  );
}

/**
 * Decompresses the stored pieces of a block and undoes their predictor and byte order: little-endian samples, row by
 * row. Many blocks at a time use all cores. Bytes of pieces that are not stored are zero.
 * @throws {TerrachipError} INVALID_INPUT for a damaged block
 */
export async function decodeBlock(
  name: string,
  request: DecodeRequest,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { coding, pieces } = request;
  const size = pieces.reduce((sum, { rows }) => sum + bytesOfRows(coding, rows), 0);
  const inline = codecOf(coding)?.runs !== 'worker' || (size <= INLINE_BYTES && coding.jpeg2000 === null);
  try {
    return await (inline || decodingPool === null
      ? decodePieces(request)
      : decodingPool.run(request, signal));
  } catch (error) {
    if (error instanceof TerrachipError) throw error;
    signal?.throwIfAborted();
    const problem = messageOf(error).replace(/\.$/, '');
    if (coding.jpeg2000 !== null) throw damagedJp2(name, `a tile cannot be decoded: ${problem}`, error);
    throw damaged(name, `a block cannot be decompressed: ${problem}`, error);
  }
}
