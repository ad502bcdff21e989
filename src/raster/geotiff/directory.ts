import { GeoTIFF, type ImageFileDirectory } from 'geotiff';
import { invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { type ByteSource, withBlockCache } from '../../io/index.js';

/**
 * The image file directories of a TIFF, parsed by geotiff.js: the only file that touches it. What it hands on are
 * plain tags, with every declared length checked against the file's size before anything is allocated for it.
 */

/** No real file chains this many images; a crafted one may chain them in a circle. */
const MAX_DIRECTORIES = 4096;

/** What a directory costs in memory is counted with so many bytes an entry, besides the entry's values. */
const ENTRY_COST = 64;

/** Entries and values may take as much as the file, and so much more: a few writers let directories share values. */
const SHARED_BYTES = 2 ** 25;

/** Numbers of one tag that is not read by parts; the longest are ground control points. */
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

/** Bytes of a value of each TIFF field type. */
const FIELD_BYTES: Readonly<Record<number, number>> = {
  1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}; // biome-ignore format: a table

/** Many numbers of one tag. They stay in the file, apart from a bounded cache. */
export interface TagArray {
  readonly length: number;
  /** `count` of them from `first` on, which must be there. */
  read(first: number, count: number, signal?: AbortSignal): Promise<readonly number[]>;
}

/** The tags of one image. */
export interface TagReader {
  has(tag: number): boolean;
  /** All numbers of a tag, or null when it is absent. */
  numbers(tag: number): Promise<number[] | null>;
  /** The numbers of a tag that may be many, to be read by part; null when it is absent. */
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

/** @throws {TerrachipError} INVALID_INPUT for anything that is not a whole TIFF */
export async function readDirectories(source: ByteSource, signal?: AbortSignal): Promise<TiffFile> {
  const cached = withBlockCache(source);
  const adapter = sourceAdapter(cached, signal);
  try {
    const tiff = await GeoTIFF.fromSource(adapter);
    const directories: TagReader[] = [];
    const seen = new Set<number>();
    let cost = 0;
    let offset: number = tiff.firstIFDOffset;
    while (offset !== 0) {
      signal?.throwIfAborted();
      if (seen.has(offset) || seen.size >= MAX_DIRECTORIES) {
        throw damaged(source.name, 'its chain of images has a loop');
      }
      seen.add(offset);
      const { misread, bytes } = await checkDirectory(cached, offset, tiff.littleEndian, tiff.bigTiff);
      cost += bytes;
      // Values and directories that overlap would take many times the file's size.
      if (cost > source.size + SHARED_BYTES)
        throw damaged(source.name, 'its tags take more than the file has');
      const directory: ImageFileDirectory = await tiff.parser.parseFileDirectoryAt(offset);
      directories.push(tagReader(directory, misread, cached, tiff.littleEndian, signal));
      offset = directory.nextIFDByteOffset;
    }
    if (directories.length === 0) throw damaged(source.name, 'it holds no image');
    return { littleEndian: tiff.littleEndian, bigTiff: tiff.bigTiff, directories };
  } catch (error) {
    if (error instanceof TerrachipError) throw error;
    signal?.throwIfAborted();
    throw damaged(source.name, messageOf(error).replace(/\.$/, ''), error);
  }
}

export function damaged(name: string, problem: string, cause?: unknown): TerrachipError {
  return invalidInput(name, `is not a readable TIFF (${problem})`, 'check the file, or get it again', cause);
}

/** geotiff.js asks for more than a short file has, and expects what there is. */
function sourceAdapter(source: ByteSource, signal?: AbortSignal): Parameters<typeof GeoTIFF.fromSource>[0] {
  const read = async (offset: number, length: number): Promise<ArrayBuffer> => {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset >= source.size) {
      throw damaged(source.name, `it points to byte ${offset} of ${source.size}`);
    }
    const available = Math.min(length, source.size - offset);
    const bytes = await source.read(offset, available, signal === undefined ? {} : { signal });
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + available);
  };
  return {
    fetch: (slices) => Promise.all(slices.map(({ offset, length }) => read(offset, length))),
    fetchSlice: async ({ offset, length }) => ({ offset, length, data: await read(offset, length) }),
    get fileSize() {
      return source.size;
    },
    close: async () => undefined,
  };
}

/** Where the values of a tag lie. */
interface Entry {
  readonly fieldType: number;
  readonly count: number;
  readonly offset: number;
}

/** Rationals, and signed integers of 64 bits, which geotiff.js looks for in the wrong place. */
const MISREAD_TYPES = [5, 10, 17];

/**
 * Checks every entry of a directory against the size of the file, before geotiff.js allocates what they declare.
 * Returns those that it reads wrongly (of rationals every other value), and what all take in memory.
 */
async function checkDirectory(
  source: ByteSource,
  offset: number,
  littleEndian: boolean,
  bigTiff: boolean,
): Promise<{ misread: Map<number, Entry>; bytes: number }> {
  const countBytes = bigTiff ? 8 : 2;
  const entryBytes = bigTiff ? 20 : 12;
  const head = await source.read(offset, countBytes);
  const headView = new DataView(head.buffer, head.byteOffset);
  const count = bigTiff
    ? Number(headView.getBigUint64(0, littleEndian))
    : headView.getUint16(0, littleEndian);
  if (count > 65535) throw damaged(source.name, `an image has ${count} tags`);
  const body = await source.read(offset + countBytes, count * entryBytes);
  const view = new DataView(body.buffer, body.byteOffset);
  const misread = new Map<number, Entry>();
  let total = count * ENTRY_COST;
  for (let k = 0; k < count; k++) {
    const at = k * entryBytes;
    const tag = view.getUint16(at, littleEndian);
    const type = view.getUint16(at + 2, littleEndian);
    const values = bigTiff
      ? Number(view.getBigUint64(at + 4, littleEndian))
      : view.getUint32(at + 4, littleEndian);
    const bytes = (FIELD_BYTES[type] ?? 1) * values;
    const valueAt = at + (bigTiff ? 12 : 8);
    let start = offset + countBytes + valueAt;
    if (bytes > (bigTiff ? 8 : 4)) {
      start = bigTiff
        ? Number(view.getBigUint64(valueAt, littleEndian))
        : view.getUint32(valueAt, littleEndian);
      if (start + bytes > source.size) {
        throw damaged(source.name, `tag ${tag} reaches beyond the end of the file`);
      }
      total += bytes;
    }
    if (MISREAD_TYPES.includes(type)) misread.set(tag, { fieldType: type, count: values, offset: start });
  }
  return { misread, bytes: total };
}

function tagReader(
  directory: ImageFileDirectory,
  misread: ReadonlyMap<number, Entry>,
  source: ByteSource,
  littleEndian: boolean,
  signal?: AbortSignal,
): TagReader {
  const arrays = new Map<number, TagArray>();
  for (const [tag, { arrayOffset, itemSize, length, fieldType }] of directory.deferredArrays) {
    arrays.set(Number(tag), {
      length,
      // geotiff.js reads deferred arrays as little-endian whatever the file's order is.
      async read(first, count, signal) {
        const options = signal === undefined ? {} : { signal };
        const bytes = await source.read(arrayOffset + first * itemSize, count * itemSize, options);
        return parseNumbers(bytes, fieldType, count, littleEndian);
      },
    });
  }
  // geotiff.js has already allocated them in full.
  directory.deferredArrays.clear();
  const load = async (tag: number): Promise<unknown> => {
    try {
      return await directory.loadValue(tag);
    } catch (error) {
      if (error instanceof TerrachipError) throw error;
      signal?.throwIfAborted();
      throw damaged(source.name, `tag ${tag}: ${messageOf(error).replace(/\.$/, '')}`, error);
    }
  };
  const requireFew = (tag: number, count: number): void => {
    if (count > MAX_NUMBERS) throw damaged(source.name, `tag ${tag} has ${count} values`);
  };
  const numbers = async (tag: number): Promise<number[] | null> => {
    const entry = misread.get(tag);
    if (entry !== undefined) {
      const { fieldType, count, offset } = entry;
      requireFew(tag, count);
      return parseNumbers(await source.read(offset, 8 * count), fieldType, count, littleEndian);
    }
    const array = arrays.get(tag);
    if (array !== undefined) {
      requireFew(tag, array.length);
      return [...(await array.read(0, array.length, signal))];
    }
    if (!directory.hasTag(tag)) return null;
    const value = await load(tag);
    if (typeof value === 'number' || typeof value === 'bigint') return [Number(value)];
    if (typeof value === 'string' || value === null || value === undefined) return null;
    const values = value as ArrayLike<number>;
    requireFew(tag, values.length);
    return Array.from(values, Number);
  };
  return {
    has: (tag) => arrays.has(tag) || directory.hasTag(tag),
    numbers,
    async array(tag) {
      const array = arrays.get(tag);
      if (array !== undefined) return array;
      const values = await numbers(tag);
      if (values === null) return null;
      return { length: values.length, read: async (first, count) => values.slice(first, first + count) };
    },
    async number(tag, fallback) {
      return (await numbers(tag))?.[0] ?? fallback;
    },
    async text(tag) {
      if (!directory.hasTag(tag)) return null;
      const value = await load(tag);
      return typeof value === 'string' ? value.split('\0')[0] : null;
    },
  };
}

function parseNumbers(bytes: Uint8Array, fieldType: number, count: number, littleEndian: boolean): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = FIELD_BYTES[fieldType] ?? 1;
  return Array.from({ length: count }, (_, i) => {
    const at = i * step;
    switch (fieldType) {
      case 3:
        return view.getUint16(at, littleEndian);
      case 4:
      case 13:
        return view.getUint32(at, littleEndian);
      case 5:
        return view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian);
      case 10:
        return view.getInt32(at, littleEndian) / view.getInt32(at + 4, littleEndian);
      case 8:
        return view.getInt16(at, littleEndian);
      case 9:
        return view.getInt32(at, littleEndian);
      case 11:
        return view.getFloat32(at, littleEndian);
      case 12:
        return view.getFloat64(at, littleEndian);
      case 16:
      case 18:
        return Number(view.getBigUint64(at, littleEndian));
      case 17:
        return Number(view.getBigInt64(at, littleEndian));
      default:
        return view.getUint8(at);
    }
  });
}
