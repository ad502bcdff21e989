/** Zip files, ZIP64 included, by random access. */
import ZipFileStore from '@zarrita/storage/zip';
import { internalError, invalidInput, messageOf, TerrachipError } from '../errors.js';
import { type ByteSource, checkRange } from './byte-source.js';
import { inflateExactly } from './inflate.js';

export interface ZipEntry {
  /** Bytes, decompressed. */
  readonly size: number;
  /** Whether its bytes lie in the file as they are, so that a part is read without the rest. */
  readonly stored: boolean;
}

export interface ZipArchive {
  /** By name, without folders. Names are as stored: `checkKey` says which leave the archive. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * Bytes of an entry. A compressed entry is decompressed whole, to no more than the size that it declares, which
   * callers bound.
   * @throws {TerrachipError} NOT_FOUND for an entry that is not there; INVALID_INPUT for a damaged one
   */
  read(key: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ZipOptions {
  /** Bytes that the archive's directory may have, which costs about twenty times as much memory. Default: 64 MiB. */
  maxDirectoryBytes?: number;
}

const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;

const DEFLATED = 8;

/** An entry with the place of its header, and how its bytes are stored. */
interface StoredEntry extends ZipEntry {
  readonly header: number;
  readonly compressedSize: number;
  readonly method: number;
  readonly encrypted: boolean;
}

/**
 * Reads the directory of a zip file. The source stays the caller's.
 * @throws {TerrachipError} INVALID_INPUT for a file that is no zip file; TOO_LARGE for a directory above the limit
 */
export async function openZip(source: ByteSource, options: ZipOptions = {}): Promise<ZipArchive> {
  const entries = new Map<string, StoredEntry>();
  const limit = options.maxDirectoryBytes ?? MAX_DIRECTORY_BYTES;
  const zip = new ZipFileStore(
    {
      getLength: async () => source.size,
      async read(offset: number, length: number) {
        if (length > limit) {
          throw new TerrachipError(
            'TOO_LARGE',
            `${source.name} has a directory of ${length} bytes, more than the ${limit} that it may have`,
            'check the file',
            { size: length, limit },
          );
        }
        return source.read(offset, length);
      },
    },
    {
      transformEntries(all) {
        for (const [key, entry] of Object.entries(all)) {
          if (entry.isDirectory) continue;
          const stored = entry.compressionMethod === 0 && !entry.encrypted;
          entries.set(key, {
            size: entry.size,
            stored,
            header: headerOf(entry),
            compressedSize: entry.compressedSize,
            method: entry.compressionMethod,
            encrypted: entry.encrypted,
          });
        }
        return all;
      },
    },
  );
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof TerrachipError) throw cause;
      throw invalidInput(source.name, `is no readable zip file (${messageOf(cause)})`, 'get it again', cause);
    }
  };
  await guarded(() => zip.has('/'));
  return {
    entries,
    async read(key, offset, length) {
      const name = `${source.name}/${key}`;
      const entry = entries.get(key);
      if (entry === undefined) {
        throw new TerrachipError('NOT_FOUND', `${name} does not exist`, 'check the name', { source: name });
      }
      checkRange({ name, size: entry.size }, offset, length);
      return guarded(async () => {
        const data = await dataOf(source, entry);
        if (entry.stored) return source.read(data + offset, length);
        if (entry.encrypted) throw new Error(`${key} is encrypted`);
        if (entry.method !== DEFLATED) {
          throw new Error(`${key} is compressed by method ${entry.method}, where only deflate is known`);
        }
        const bytes = await inflateExactly(
          await source.read(data, entry.compressedSize),
          entry.size,
          'deflate-raw',
        );
        return length === entry.size ? bytes : bytes.slice(offset, offset + length);
      });
    },
  };
}

/** Bytes of an entry's own header before its name and its extra field. */
const HEADER_BYTES = 30;

/** The place of an entry's header, which the package keeps to itself. */
function headerOf(entry: object): number {
  const raw = '_rawEntry' in entry ? entry._rawEntry : null;
  if (typeof raw !== 'object' || raw === null || !('relativeOffsetOfLocalHeader' in raw)) {
    throw internalError('openZip', 'the places of entries are not known');
  }
  return Number(raw.relativeOffsetOfLocalHeader);
}

/** The place of an entry's bytes. */
async function dataOf(source: ByteSource, { header }: StoredEntry): Promise<number> {
  const bytes = await source.read(header, HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0x04034b50) throw new Error('an entry has no header');
  return header + HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
}
