import { damaged, TAG, type TagArray, type TagReader } from './directory.js';

/** Where consecutive tiles or strips lie in the file. */
export interface StoredPieces {
  readonly offsets: readonly number[];
  /** 0 for one that is not stored: all its pixels are nodata, or 0. */
  readonly byteCounts: readonly number[];
  /** Their sum. */
  readonly bytes: number;
}

/** No codec makes a block this many times as large as its pixels, apart from small headers and tables. */
const MOST_EXPANSION = 4;
const MOST_OVERHEAD = 2 ** 20;

/**
 * The offsets and sizes of an image's tiles or strips. A file of a million tiles has 16 MB of them, so they are read
 * where a window needs them.
 */
export class BlockTable {
  readonly #name: string;
  readonly #offsets: TagArray;
  readonly #byteCounts: TagArray;
  readonly #mostBytes: number;

  private constructor(name: string, offsets: TagArray, byteCounts: TagArray, mostBytes: number) {
    this.#name = name;
    this.#offsets = offsets;
    this.#byteCounts = byteCounts;
    this.#mostBytes = mostBytes;
  }

  /**
   * @param image how many tiles or strips there must be, and the bytes that one has when it is decoded
   * @throws {TerrachipError} INVALID_INPUT when the file lists fewer
   */
  static async open(
    name: string,
    tags: TagReader,
    image: { tiled: boolean; expected: number; blockBytes: number },
  ): Promise<BlockTable> {
    const offsets = await tags.array(image.tiled ? TAG.TileOffsets : TAG.StripOffsets);
    const byteCounts = await tags.array(image.tiled ? TAG.TileByteCounts : TAG.StripByteCounts);
    const listed = Math.min(offsets?.length ?? 0, byteCounts?.length ?? 0);
    if (offsets === null || byteCounts === null || listed < image.expected) {
      throw damaged(name, `it lists ${listed} of ${image.expected} blocks`);
    }
    return new BlockTable(name, offsets, byteCounts, MOST_EXPANSION * image.blockBytes + MOST_OVERHEAD);
  }

  /**
   * Where `count` tiles or strips from `first` on lie.
   * @throws {TerrachipError} INVALID_INPUT for one that takes far more bytes than its pixels
   */
  async locate(first: number, count: number, signal?: AbortSignal): Promise<StoredPieces> {
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
