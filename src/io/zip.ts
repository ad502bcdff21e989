/** Zip files, ZIP64 included, by random access. */
import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import { type ByteSource, checkRange } from './byte-source.js';
import { inflateExactly } from './inflate.js';
import { leavesStore } from './key.js';

export interface ZipEntry {
  /** Bytes, decompressed. */
  readonly size: number;
  /** Whether its bytes lie in the file as they are, so that a part is read without the rest. */
  readonly stored: boolean;
  /** Whether it is a symbolic link, whose bytes are the path that it leads to. */
  readonly isLink: boolean;
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
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof TerrachipError) throw cause;
      throw invalidInput(source.name, `is no readable zip file (${messageOf(cause)})`, 'get it again', cause);
    }
  };
  const limit = options.maxDirectoryBytes ?? MAX_DIRECTORY_BYTES;
  const entries = await guarded(() => readDirectory(source, limit));
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

/**
 * Checks the names of an archive that is unpacked, or read as if it were.
 * @param name of the archive, for messages
 * @throws {TerrachipError} INVALID_INPUT for one with a name that leaves its folder (`../`, an absolute path), or a link
 */
export function requireSafeNames(archive: ZipArchive, name: string): void {
  for (const [key, { isLink }] of archive.entries) {
    if (!isLink && !leavesStore(key)) continue;
    const problem = isLink ? 'is a link' : 'leads out of the folder of the archive';
    throw invalidInput(
      name,
      `holds ${JSON.stringify(key.slice(0, 100))}, which ${problem}`,
      'do not trust it',
    );
  }
}

/** Bytes of the record that ends a file, before its comment, and the longest comment. */
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;

/** Bytes of the record that says where the end of a ZIP64 file is. */
const LOCATOR_BYTES = 20;

/** Bytes of an entry in the directory, before its name, its extra field and its comment. */
const ENTRY_BYTES = 46;

/** A number of 32 bits that stands in a ZIP64 field instead. */
const ELSEWHERE = 0xffffffff;

async function viewOf(source: ByteSource, offset: number, length: number): Promise<DataView<ArrayBuffer>> {
  const bytes = await source.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A number of 64 bits, as long as it is exact. */
function longAt(view: DataView, offset: number): number {
  const value = Number(view.getBigUint64(offset, true));
  if (!Number.isSafeInteger(value)) throw new Error('it holds a number that is too large');
  return value;
}

async function readDirectory(source: ByteSource, limit: number): Promise<Map<string, StoredEntry>> {
  const { offset, length } = await findDirectory(source);
  if (length > limit) {
    throw new TerrachipError(
      'TOO_LARGE',
      `${source.name} has a directory of ${length} bytes, more than the ${limit} that it may have`,
      'check the file',
      { size: length, limit },
    );
  }
  checkRange({ name: 'its directory', size: source.size }, offset, length);
  const view = await viewOf(source, offset, length);
  const decoder = new TextDecoder();
  const entries = new Map<string, StoredEntry>();
  let at = 0;
  while (at + ENTRY_BYTES <= length) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error('its directory is damaged');
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const end = at + ENTRY_BYTES + nameLength + extraLength + view.getUint16(at + 32, true);
    if (end > length) throw new Error('its directory is damaged');
    const extra = at + ENTRY_BYTES + nameLength;
    const numbers = sizesOf(view, at, extra, extra + extraLength);
    const name = decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + ENTRY_BYTES, nameLength));
    const method = view.getUint16(at + 10, true);
    const encrypted = (view.getUint16(at + 8, true) & 1) === 1;
    // The upper half of the attributes is the mode of Unix, whose upper four bits are 10 for a link.
    const isLink = view.getUint16(at + 40, true) >> 12 === 10;
    if (!name.endsWith('/')) {
      entries.set(name, { ...numbers, method, encrypted, isLink, stored: method === 0 && !encrypted });
    }
    at = end;
  }
  return entries;
}

/** Where the directory lies, by the record at the end of the file. */
async function findDirectory(source: ByteSource): Promise<{ offset: number; length: number }> {
  const from = Math.max(0, source.size - END_BYTES - MAX_COMMENT - LOCATOR_BYTES);
  const view = await viewOf(source, from, source.size - from);
  let end = view.byteLength - END_BYTES;
  // The comment of the record ends with the file; a comment may contain the signature of a record.
  const isEnd = (at: number): boolean =>
    view.getUint32(at, true) === 0x06054b50 &&
    at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength;
  while (end >= 0 && !isEnd(end)) end--;
  if (end < 0) throw new Error('it has no end of a directory');
  const length = view.getUint32(end + 12, true);
  const offset = view.getUint32(end + 16, true);
  const locator = end - LOCATOR_BYTES;
  const isLong = locator >= 0 && view.getUint32(locator, true) === 0x07064b50;
  if (!isLong || (length !== ELSEWHERE && offset !== ELSEWHERE)) return { offset, length };
  const long = await viewOf(source, longAt(view, locator + 8), 56);
  if (long.getUint32(0, true) !== 0x06064b50) throw new Error('the end of its directory is damaged');
  return { length: longAt(long, 40), offset: longAt(long, 48) };
}

/** The sizes and the place of an entry; those that do not fit 32 bits stand in its extra field, in this order. */
function sizesOf(
  view: DataView,
  entry: number,
  extraStart: number,
  extraEnd: number,
): Pick<StoredEntry, 'size' | 'compressedSize' | 'header'> {
  let long = extraStart;
  while (long + 4 <= extraEnd && view.getUint16(long, true) !== 1) long += 4 + view.getUint16(long + 2, true);
  let next = long + 4;
  const number = (at: number): number => {
    const short = view.getUint32(entry + at, true);
    if (short !== ELSEWHERE) return short;
    if (next + 8 > extraEnd) throw new Error('its directory lacks the size of an entry');
    next += 8;
    return longAt(view, next - 8);
  };
  const size = number(24);
  const compressedSize = number(20);
  return { size, compressedSize, header: number(42) };
}

/** Bytes of an entry's own header before its name and its extra field. */
const HEADER_BYTES = 30;

/** The place of an entry's bytes. */
async function dataOf(source: ByteSource, { header }: StoredEntry): Promise<number> {
  const view = await viewOf(source, header, HEADER_BYTES);
  if (view.getUint32(0, true) !== 0x04034b50) throw new Error('an entry has no header');
  return header + HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
}
