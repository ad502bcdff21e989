import { invalidInput, type TerrachipError } from '../../errors.js';
import { isTiff, startsWith, viewOf } from '../../io/bytes.js';
import { type ByteSource, withBlockCache } from '../../io/index.js';

/**
 * The image file directories (IFDs) of a TIFF or BigTIFF (TIFF 6.0, section 2). Declared lengths are checked against the
 * file size before memory is allocated. Values are read on demand.
 */

/** More than in any real file; a crafted one may have a loop. */
const MAX_DIRECTORIES = 4096;

/** Estimated memory of a directory entry in bytes, without its values. */
const ENTRY_COST = 64;

/** Entries and values may exceed the file size by this: a few writers share values among directories. */
const SHARED_BYTES = 2 ** 25;

/** The most numbers of one tag read at once; the longest are ground control points. */
const MAX_NUMBERS = 2 ** 22;

/** TIFF tag numbers (TIFF 6.0; GeoTIFF 1.1; GDAL). */
export const TAG = {
  NewSubfileType: 254,
  ImageWidth: 256,
  ImageLength: 257,
  BitsPerSample: 258,
  Compression: 259,
  Photometric: 262,
  FillOrder: 266,
  StripOffsets: 273,
  SamplesPerPixel: 277,
  RowsPerStrip: 278,
  StripByteCounts: 279,
  PlanarConfiguration: 284,
  Predictor: 317,
  ColorMap: 320,
  TileWidth: 322,
  TileLength: 323,
  TileOffsets: 324,
  TileByteCounts: 325,
  ExtraSamples: 338,
  SampleFormat: 339,
  YcbcrCoefficients: 529,
  YcbcrSubsampling: 530,
  ReferenceBlackWhite: 532,
  JpegTables: 347,
  ModelPixelScale: 33550,
  ModelTiepoint: 33922,
  ModelTransformation: 34264,
  GeoKeyDirectory: 34735,
  GeoDoubleParams: 34736,
  GeoAsciiParams: 34737,
  RpcCoefficients: 50844,
  GdalMetadata: 42112,
  GdalNodata: 42113,
  LercParameters: 50674,
} as const;

/** A long tag, read by parts through a bounded cache. */
export interface TagArray {
  readonly length: number;
  /** `count` numbers from index `first` on, inside the tag. */
  read(first: number, count: number, signal?: AbortSignal): Promise<readonly number[]>;
}

/** The tags of one image. */
export interface TagReader {
  has(tag: number): boolean;
  /** All numbers of a tag; null if absent. */
  numbers(tag: number): Promise<number[] | null>;
  /** A long tag, to be read by parts; null if absent. */
  array(tag: number): Promise<TagArray | null>;
  /** The first number of a tag, or a default. */
  number(tag: number, fallback: number): Promise<number>;
  /** The text of a tag up to its first NUL, or null. */
  text(tag: number): Promise<string | null>;
}

export interface TiffFile {
  readonly littleEndian: boolean;
  readonly bigTiff: boolean;
  readonly directories: readonly TagReader[];
}

/** Bytes of a value of each TIFF field type, and how one is read. */
const FIELDS: ReadonlyMap<number, { bytes: number; read: (view: DataView, at: number, little: boolean) => number }> =
  new Map([
    [1, { bytes: 1, read: (view, at) => view.getUint8(at) }],
    [2, { bytes: 1, read: (view, at) => view.getUint8(at) }],
    [3, { bytes: 2, read: (view, at, little) => view.getUint16(at, little) }],
    [4, { bytes: 4, read: (view, at, little) => view.getUint32(at, little) }],
    [5, { bytes: 8, read: (view, at, little) => view.getUint32(at, little) / view.getUint32(at + 4, little) }],
    [6, { bytes: 1, read: (view, at) => view.getInt8(at) }],
    [7, { bytes: 1, read: (view, at) => view.getUint8(at) }],
    [8, { bytes: 2, read: (view, at, little) => view.getInt16(at, little) }],
    [9, { bytes: 4, read: (view, at, little) => view.getInt32(at, little) }],
    [10, { bytes: 8, read: (view, at, little) => view.getInt32(at, little) / view.getInt32(at + 4, little) }],
    [11, { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) }],
    [12, { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) }],
    [13, { bytes: 4, read: (view, at, little) => view.getUint32(at, little) }],
    [16, { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) }],
    [17, { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) }],
    [18, { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) }],
  ]); // biome-ignore format: a table

const ASCII = 2;
const BIG_TIFF = 43;

/** Parameters common to a file's directories. */
interface TiffLayout {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly bigTiff: boolean;
}

/** Type, count and offset of a tag's values. */
interface Entry {
  readonly fieldType: number;
  readonly count: number;
  readonly offset: number;
}

/**
 * Reads the directories of a TIFF.
 * @throws {TerrachipError} INVALID_INPUT for a damaged file or another format
 */
export async function readDirectories(source: ByteSource, signal?: AbortSignal): Promise<TiffFile> {
  const cached = withBlockCache(source);
  const { first, ...layout } = await readHeader(cached, signal);
  const directories: TagReader[] = [];
  const seen = new Set<number>();
  let cost = 0;
  for (let offset = first; offset !== 0; ) {
    signal?.throwIfAborted();
    if (seen.has(offset) || seen.size >= MAX_DIRECTORIES) {
      throw damaged(source.name, 'its chain of images has a loop');
    }
    seen.add(offset);
    const { entries, bytes, next } = await readDirectory(layout, offset, signal);
    cost += bytes;
    // Overlapping values and directories could take many times the file size.
    if (cost > source.size + SHARED_BYTES) {
      throw damaged(source.name, 'its tags take more than the file has');
    }
    directories.push(tagReader(layout, entries, signal));
    offset = next;
  }
  if (directories.length === 0) throw damaged(source.name, 'it holds no image');
  return { littleEndian: layout.littleEndian, bigTiff: layout.bigTiff, directories };
}

/** The error for a damaged TIFF. */
export function damaged(name: string, problem: string, cause?: unknown): TerrachipError {
  return invalidInput(name, `is not a readable TIFF (${problem})`, 'check the file, or get it again', cause);
}

/** Bytes of a file. @throws {TerrachipError} INVALID_INPUT beyond its end */
async function readBytes(
  source: ByteSource,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (!Number.isSafeInteger(offset) || offset + length > source.size) {
    throw damaged(source.name, `it points to byte ${offset} of ${source.size}`);
  }
  return source.read(offset, length, { signal });
}

async function readHeader(source: ByteSource, signal?: AbortSignal): Promise<TiffLayout & { first: number }> {
  const bytes = await readBytes(source, 0, 8, signal);
  const head = viewOf(bytes);
  const littleEndian = startsWith(bytes, 'II');
  const version = head.getUint16(2, littleEndian);
  const bigTiff = version === BIG_TIFF;
  if (!isTiff(bytes) || (version !== 42 && !bigTiff)) {
    throw damaged(source.name, 'it does not begin as a TIFF does');
  }
  if (!bigTiff) return { source, littleEndian, bigTiff, first: head.getUint32(4, littleEndian) };
  const offsetBytes = head.getUint16(4, littleEndian);
  if (offsetBytes !== 8) throw damaged(source.name, `its offsets have ${offsetBytes} bytes`);
  const offset = viewOf(await readBytes(source, 8, 8, signal));
  return { source, littleEndian, bigTiff, first: Number(offset.getBigUint64(0, littleEndian)) };
}

/** The entries of a directory, their memory in bytes, and the offset of the next directory: 0 after the last. */
async function readDirectory(
  { source, littleEndian, bigTiff }: TiffLayout,
  offset: number,
  signal?: AbortSignal,
): Promise<{ entries: ReadonlyMap<number, Entry>; bytes: number; next: number }> {
  const [countBytes, entryBytes, wordBytes] = bigTiff ? [8, 20, 8] : [2, 12, 4];
  const head = viewOf(await readBytes(source, offset, countBytes, signal));
  const word = (view: DataView, at: number): number =>
    bigTiff ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
  const count = bigTiff ? word(head, 0) : head.getUint16(0, littleEndian);
  if (count > 65535) throw damaged(source.name, `an image has ${count} tags`);
  const start = offset + countBytes;
  const view = viewOf(await readBytes(source, start, count * entryBytes + wordBytes, signal));
  const entries = new Map<number, Entry>();
  let bytes = count * ENTRY_COST;
  for (let at = 0; at < count * entryBytes; at += entryBytes) {
    const tag = view.getUint16(at, littleEndian);
    const fieldType = view.getUint16(at + 2, littleEndian);
    const values = word(view, at + 4);
    const valueBytes = values * (FIELDS.get(fieldType)?.bytes ?? 1);
    const valueAt = at + 4 + wordBytes;
    const isInline = valueBytes <= wordBytes;
    const valueOffset = isInline ? start + valueAt : word(view, valueAt);
    if (valueOffset + valueBytes > source.size) {
      throw damaged(source.name, `tag ${tag} reaches beyond the end of the file`);
    }
    bytes += isInline ? 0 : valueBytes;
    // As in libtiff: unknown field types are skipped, and the first of duplicate tags wins.
    if (FIELDS.has(fieldType) && !entries.has(tag))
      entries.set(tag, { fieldType, count: values, offset: valueOffset });
  }
  return { entries, bytes, next: word(view, count * entryBytes) };
}

function tagReader(
  { source, littleEndian }: TiffLayout,
  entries: ReadonlyMap<number, Entry>,
  opening?: AbortSignal,
): TagReader {
  const read = async (
    { fieldType, offset }: Entry,
    first: number,
    count: number,
    signal?: AbortSignal,
  ): Promise<number[]> => {
    const field = FIELDS.get(fieldType);
    if (field === undefined) return [];
    const view = viewOf(await readBytes(source, offset + first * field.bytes, count * field.bytes, signal));
    return Array.from({ length: count }, (_, i) => field.read(view, i * field.bytes, littleEndian));
  };
  const numeric = (tag: number): Entry | null => {
    const entry = entries.get(tag);
    return entry === undefined || entry.fieldType === ASCII ? null : entry;
  };
  const numbers = async (tag: number): Promise<number[] | null> => {
    const entry = numeric(tag);
    if (entry === null) return null;
    if (entry.count > MAX_NUMBERS) throw damaged(source.name, `tag ${tag} has ${entry.count} values`);
    return read(entry, 0, entry.count, opening);
  };
  return {
    has: (tag) => entries.has(tag),
    numbers,
    async array(tag) {
      const entry = numeric(tag);
      if (entry === null) return null;
      return { length: entry.count, read: (first, count, signal) => read(entry, first, count, signal) };
    },
    async number(tag, fallback) {
      return (await numbers(tag))?.[0] ?? fallback;
    },
    async text(tag) {
      const entry = entries.get(tag);
      if (entry?.fieldType !== ASCII) return null;
      const { buffer, byteOffset, byteLength } = await readBytes(source, entry.offset, entry.count, opening);
      return new TextDecoder().decode(new Uint8Array(buffer, byteOffset, byteLength)).split('\0')[0];
    },
  };
}
