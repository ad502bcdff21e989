/** Decompression of Parquet's pages, limited to the declared size. */
import { type CompressionCodec, snappyUncompress } from 'hyparquet';
import { ZSTDDecoder } from 'zstddec';
import { inflateExactly } from '../io/inflate.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** @throws {Error} for a damaged page, or another size than declared */
export async function decompressPage(codec: CompressionCodec, stored: Bytes, size: number): Promise<Bytes> {
  if (size === 0 && stored.length === 0) return stored;
  const bytes = await decoded(codec, stored, size);
  if (bytes.length !== size) throw new Error(`a page has ${bytes.length} bytes and declares ${size}`);
  return bytes;
}

async function decoded(codec: CompressionCodec, stored: Bytes, size: number): Promise<Bytes> {
  if (codec === 'UNCOMPRESSED') return stored;
  if (codec === 'SNAPPY') {
    const bytes = new Uint8Array(size);
    snappyUncompress(stored, bytes);
    return bytes;
  }
  if (codec === 'ZSTD') {
    zstd ??= startZstd();
    return new Uint8Array((await zstd).decode(stored, size));
  }
  if (codec === 'GZIP') return inflateExactly(stored, size, 'gzip');
  // Loaded on demand: it includes Brotli's dictionary.
  const { compressors } = await import('hyparquet-compressors');
  const decompress = compressors[codec];
  if (decompress === undefined)
    throw new Error(`its pages are compressed by ${codec}, which is not supported`);
  return new Uint8Array(decompress(stored, size));
}

let zstd: Promise<ZSTDDecoder> | undefined;

async function startZstd(): Promise<ZSTDDecoder> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return decoder;
}
