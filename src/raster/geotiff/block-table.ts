import { damaged, TAG, type TagArray, type TagReader } from './directory.js';

/** Offsets and sizes of consecutive tiles or strips. */
export interface StoredPieces {
  readonly offsets: readonly number[];
  /** 0 for a sparse one: all its pixels are nodata, or 0. */
  readonly byteCounts: readonly number[];
  /** Their sum. */
  readonly bytes: number;
}

/** An uncompressed strip, read by runs of rows. */
export interface StripPart {
  readonly rows: number;
  readonly rowBytes: number;
  /** Rows of the whole strip. */
  readonly height: number;
}

/** Strips up to this size are read whole. */
const PART_BYTES = 512 * 1024;

/** The parts of a long uncompressed strip of `height` rows; null for a short one. */
export function partOfStrip(height: number, rowBytes: number): StripPart | null {
  if (height * rowBytes <= PART_BYTES) return null;
  return { rows: Math.max(1, Math.floor(PART_BYTES / rowBytes)), rowBytes, height };
}

/** Parameters of an image's tiles or strips. */
interface StoredBlocks {
  readonly tiled: boolean;
  /** Required number. */
  readonly expected: number;
  /** The most bytes of one without compression. */
  readonly mostBytes: number;
  /** Parts of one strip, if `locate` counts parts. */
  readonly part: StripPart | null;
  readonly fileSize: number;
  readonly uncompressed: boolean;
  /** Bytes of a tile or strip without compression. */
  rawBytes(index: number): number;
}

/**
 * The stored bytes of each tile or strip. Some writers omit the tag, or write 0 for a single strip; then the sizes are
 * computed, as in libtiff.
 */
async function byteCountsOf(
  offsets: TagArray,
  declared: TagArray | null,
  { fileSize, uncompressed, rawBytes }: StoredBlocks,
): Promise<TagArray> {
  if (declared !== null) {
    const isKnown = declared.length !== 1 || offsets.length !== 1 || (await declared.read(0, 1))[0] !== 0;
    if (isKnown) return declared;
  }
  const starts = await offsets.read(0, offsets.length);
  // A compressed block ends at the latest at the start of the next one.
  const sorted = [...new Set(starts), fileSize].sort((a, b) => a - b);
  const ends = new Map(sorted.map((start, k) => [start, sorted[k + 1] ?? start]));
  const counts = starts.map((start, i) => {
    if (start === 0) return 0;
    return uncompressed ? rawBytes(i) : Math.max(0, (ends.get(start) ?? start) - start);
  });
  return { length: counts.length, read: async (first, count) => counts.slice(first, first + count) };
}

/** Limits of a stored block relative to its pixels, plus headers and tables. */
const MOST_EXPANSION = 4;
const MOST_OVERHEAD = 2 ** 20;

/**
 * Locates `count` tiles, strips or parts of one strip from `first` on. The offsets and sizes are read on demand: a million
 * tiles have 16 MB of them.
 * @throws {TerrachipError} INVALID_INPUT for one with far more bytes than its pixels
 */
export type LocateBlocks = (first: number, count: number, signal?: AbortSignal) => Promise<StoredPieces>;

/** @throws {TerrachipError} INVALID_INPUT for fewer tiles or strips than expected */
export async function openBlockTable(
  name: string,
  tags: TagReader,
  image: StoredBlocks,
): Promise<LocateBlocks> {
  const offsets = await tags.array(image.tiled ? TAG.TileOffsets : TAG.StripOffsets);
  const declared = await tags.array(image.tiled ? TAG.TileByteCounts : TAG.StripByteCounts);
  const listed = Math.min(offsets?.length ?? 0, declared?.length ?? image.expected);
  if (offsets === null || listed < image.expected) {
    throw damaged(name, `it lists ${listed} of ${image.expected} blocks`);
  }
  const byteCounts = await byteCountsOf(offsets, declared, image);
  const mostBytes = MOST_EXPANSION * image.mostBytes + MOST_OVERHEAD;
  const locate: LocateBlocks = async (first, count, signal) => {
    const [places, sizes] = await Promise.all([
      offsets.read(first, count, signal),
      byteCounts.read(first, count, signal),
    ]);
    let bytes = 0;
    for (const stored of sizes) {
      if (stored > mostBytes) throw damaged(name, `a block takes ${stored} bytes, too many for it`);
      bytes += stored;
    }
    return { offsets: places, byteCounts: sizes, bytes };
  };
  if (image.part === null) return locate;
  const { rows, rowBytes, height } = image.part;
  const parts = Math.ceil(height / rows);
  return async (first, count, signal) => {
    const strip = await locate(Math.floor(first / parts), 1, signal);
    const missing = strip.bytes === 0;
    if (!missing && strip.bytes < height * rowBytes) {
      throw damaged(name, `a strip holds ${strip.bytes} bytes of ${height * rowBytes}`);
    }
    const starts = Array.from({ length: count }, (_, k) => ((first % parts) + k) * rows);
    const sizes = starts.map((row) => (missing ? 0 : Math.min(rows, height - row) * rowBytes));
    return {
      offsets: starts.map((row) => strip.offsets[0] + row * rowBytes),
      byteCounts: sizes,
      bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    };
  };
}
