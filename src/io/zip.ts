/** Zip files, ZIP64 included, by random access. */
import ZipFileStore from '@zarrita/storage/zip';
import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import { type ByteSource, checkRange } from './byte-source.js';

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
   * Bytes of an entry. A compressed entry is decompressed whole, so callers bound its size first.
   * @throws {TerrachipError} NOT_FOUND for an entry that is not there; INVALID_INPUT for a damaged one
   */
  read(key: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ZipOptions {
  /** Bytes that the archive's directory may have, which costs about twenty times as much memory. Default: no limit. */
  maxDirectoryBytes?: number;
}

/**
 * Reads the directory of a zip file. The source stays the caller's.
 * @throws {TerrachipError} INVALID_INPUT for a file that is no zip file; TOO_LARGE for a directory above the limit
 */
export async function openZip(source: ByteSource, options: ZipOptions = {}): Promise<ZipArchive> {
  const entries = new Map<string, ZipEntry>();
  let limit = options.maxDirectoryBytes ?? Number.POSITIVE_INFINITY;
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
          entries.set(key, { size: entry.size, stored });
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
  limit = Number.POSITIVE_INFINITY;
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
        const whole = offset === 0 && length === entry.size;
        const bytes = await (whole || !entry.stored
          ? zip.get(`/${key}`)
          : zip.getRange(`/${key}`, { offset, length }));
        const wanted = whole || entry.stored ? bytes : bytes?.subarray(offset, offset + length);
        if (wanted?.length !== length) throw new Error(`an entry has ${wanted?.length} bytes of ${length}`);
        return new Uint8Array(wanted);
      });
    },
  };
}
