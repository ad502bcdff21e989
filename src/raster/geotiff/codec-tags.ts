import { TAG, type TagReader } from './directory.js';

/** What some codecs keep beside the blocks of an image. */
export interface CodecTags {
  /** The tables that its JPEG streams share, or null. */
  readonly jpegTables: Uint8Array<ArrayBuffer> | null;
  /** What its LERC blobs are compressed by: 0 nothing, 1 deflate, 2 zstd. */
  readonly lercCompression: number;
}

export async function readCodecTags(tags: TagReader): Promise<CodecTags> {
  const tables = await tags.numbers(TAG.JpegTables);
  const lerc = await tags.numbers(TAG.LercParameters);
  return {
    jpegTables: tables === null ? null : Uint8Array.from(tables),
    lercCompression: lerc?.[1] ?? 0,
  };
}
