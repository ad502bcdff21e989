/** A raster inside a zip file: `product.zip#folder/band.jp2`. */
import { TerrachipError, tooLarge } from '../../errors.js';
import { type ByteSource, MemorySource } from '../../io/index.js';
import { openZip } from '../../io/zip.js';
import { disposable } from '../../resource.js';

/** The largest compressed entry, which is decompressed whole. */
const MAX_COMPRESSED_ENTRY_BYTES = 2 ** 30;

export function isRasterEntry(key: string): boolean {
  return /\.(jp2|j2k|tiff?)$/i.test(key);
}

/**
 * An entry of a zip file as a source. Disposing of it closes the file.
 * @throws {TerrachipError} NOT_FOUND for an absent entry, TOO_LARGE for a compressed one above 1 GiB
 */
export async function openZipEntry(source: ByteSource, key: string): Promise<ByteSource> {
  const archive = await openZip(source);
  const name = `${source.name}#${key}`;
  const entry = archive.entries.get(key);
  if (entry === undefined) {
    throw new TerrachipError('NOT_FOUND', `${name} does not exist`, 'check the name', { source: name });
  }
  const { size, stored } = entry;
  const entrySource = (etag: string | null, read: ByteSource['read']): ByteSource =>
    disposable({ name, size, etag, read }, () => source.dispose());
  if (stored) return entrySource(source.etag, (offset, length) => archive.read(key, offset, length));
  if (size > MAX_COMPRESSED_ENTRY_BYTES) {
    throw tooLarge(
      `${name} is compressed and has ${size} bytes, above the limit of ${MAX_COMPRESSED_ENTRY_BYTES}`,
      'unzip the product',
      { size, limit: MAX_COMPRESSED_ENTRY_BYTES },
    );
  }
  const memory = new MemorySource(await archive.read(key, 0, size), name);
  return entrySource(null, (offset, length) => memory.read(offset, length));
}
