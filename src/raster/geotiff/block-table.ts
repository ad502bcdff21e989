import { storedByteCounts } from './byte-counts.js';
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
export interface StoredBlocks {
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

/** The declared sizes, or computed ones if they are missing or 0. */
async function completeByteCounts(
  offsets: TagArray,
  declared: TagArray | null,
  image: StoredBlocks,
): Promise<TagArray> {
  if (declared !== null && declared.length > 1) return declared;
  const known = declared === null ? null : await declared.read(0, declared.length);
  const counts = storedByteCounts(await offsets.read(0, offsets.length), known, image);
  return { length: counts.length, read: async (first, count) => counts.slice(first, first + count) };
}

/** Limits of a stored block relative to its pixels, plus headers and tables. */
const MOST_EXPANSION = 4;
const MOST_OVERHEAD = 2 ** 20;

/**
 * The offsets and sizes of an image's tiles or strips, read on demand: a million tiles have 16 MB of them.
 */
export class BlockTable {
  readonly #name: string;
  readonly #offsets: TagArray;
  readonly #byteCounts: TagArray;
  readonly #mostBytes: number;
  readonly #part: StripPart | null;

  private constructor(
    name: string,
    offsets: TagArray,
    byteCounts: TagArray,
    mostBytes: number,
    part: StripPart | null,
  ) {
    this.#part = part;
    this.#name = name;
    this.#offsets = offsets;
    this.#byteCounts = byteCounts;
    this.#mostBytes = mostBytes;
  }

  /** @throws {TerrachipError} INVALID_INPUT for fewer tiles or strips than expected */
  static async open(name: string, tags: TagReader, image: StoredBlocks): Promise<BlockTable> {
    const offsets = await tags.array(image.tiled ? TAG.TileOffsets : TAG.StripOffsets);
    const declared = await tags.array(image.tiled ? TAG.TileByteCounts : TAG.StripByteCounts);
    const listed = Math.min(offsets?.length ?? 0, declared?.length ?? image.expected);
    if (offsets === null || listed < image.expected) {
      throw damaged(name, `it lists ${listed} of ${image.expected} blocks`);
    }
    const byteCounts = await completeByteCounts(offsets, declared, image);
    const mostBytes = MOST_EXPANSION * image.mostBytes + MOST_OVERHEAD;
    return new BlockTable(name, offsets, byteCounts, mostBytes, image.part);
  }

  /**
   * Locates `count` tiles, strips or parts of one strip from `first` on.
   * @throws {TerrachipError} INVALID_INPUT for one with far more bytes than its pixels
   */
  async locate(first: number, count: number, signal?: AbortSignal): Promise<StoredPieces> {
    if (this.#part === null) return this.#locate(first, count, signal);
    const { rows, rowBytes, height } = this.#part;
    const parts = Math.ceil(height / rows);
    const strip = await this.#locate(Math.floor(first / parts), 1, signal);
    const missing = strip.bytes === 0;
    if (!missing && strip.bytes < height * rowBytes) {
      throw damaged(this.#name, `a strip holds ${strip.bytes} bytes of ${height * rowBytes}`);
    }
    const starts = Array.from({ length: count }, (_, k) => ((first % parts) + k) * rows);
    const byteCounts = starts.map((row) => (missing ? 0 : Math.min(rows, height - row) * rowBytes));
    return {
      offsets: starts.map((row) => strip.offsets[0] + row * rowBytes),
      byteCounts,
      bytes: byteCounts.reduce((sum, bytes) => sum + bytes, 0),
    };
  }

  async #locate(first: number, count: number, signal?: AbortSignal): Promise<StoredPieces> {
    const [offsets, byteCounts] = await Promise.all([
      this.#offsets.read(first, count, signal),
      this.#byteCounts.read(first, count, signal),
    ]);
    let bytes = 0;
    for (const stored of byteCounts) {
      if (stored > this.#mostBytes)
        throw damaged(this.#name, `a block takes ${stored} bytes, too many for it`);
      bytes += stored;
    }
    return { offsets, byteCounts, bytes };
  }
}
