import { TAG, type TagReader } from './directory.js';

/** Parameters of codecs in tags. */
export interface CodecTags {
  /** Shared tables of its JPEG streams, or null. */
  readonly jpegTables: Uint8Array<ArrayBuffer> | null;
  /** Compression of its LERC blobs: 0 none, 1 deflate, 2 zstd. */
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
