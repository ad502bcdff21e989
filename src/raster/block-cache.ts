import type { TypedArray } from '../geo/index.js';
import { ByteLru } from '../io/byte-lru.js';

/** Bytes of decoded blocks in a cache. */
const DEFAULT_CACHE_BYTES = 128 * 2 ** 20;

/** What was read and decoded through a cache. */
export interface BlockCounters {
  /** Blocks that were decoded: tiles, strips, or chunks of arrays. */
  blocksDecoded: number;
  /** Of these, blocks that had been decoded before and had been dropped from the cache. */
  blocksDecodedAgain: number;
  /** Stored bytes of the blocks of GeoTIFF and JPEG 2000 files that were read. */
  bytesRead: number;
}

/** A decoded block in reusable memory. */
export interface LentBlock {
  readonly values: TypedArray;
  /** Takes the memory back; null where the block has its own. */
  readonly release: (() => void) | null;
}

/**
 * Decoded blocks, shared by the rasters of a job under one limit; the least recently used are dropped first. Its counters
 * say how many were decoded, and how many more than once.
 */
export class BlockCache {
  #counters = noBlocks();
  #blocks: ByteLru<string, LentBlock>;
  #decoded = new Map<string, NumberSet>();
  /** Uses under way of a block, and blocks that were dropped meanwhile. */
  readonly #users = new Map<string, { count: number; dropped: LentBlock[] }>();

  /** @param maxBytes the most bytes of decoded blocks */
  constructor(maxBytes: number) {
    this.#blocks = this.#lruOf(maxBytes);
  }

  /** What was read and decoded, since the last `restart`. */
  get counters(): BlockCounters {
    return this.#counters;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#blocks.bytes;
  }

  /** Drops all blocks, and counts from zero. @param maxBytes the most bytes of decoded blocks from now on */
  restart(maxBytes: number): void {
    this.clear();
    this.#blocks = this.#lruOf(maxBytes);
    this.#counters = noBlocks();
    this.#decoded = new Map();
  }

  /** Drops all blocks. @internal */
  clear(): void {
    this.#blocks.clear();
  }

  /**
   * A block, decoded if it is not held.
   * @param image identifies the image among all that use the cache
   * @param index identifies the block in the image: a whole number from 0
   * @param signal aborts `decode`; a caller that waits for the decoding of another aborts by its own signal
   */
  async get(
    image: string,
    index: number,
    decode: () => Promise<TypedArray>,
    signal?: AbortSignal,
  ): Promise<TypedArray> {
    const read = async (): Promise<LentBlock> => ({ values: await decode(), release: null });
    return (await this.#block(image, index, read, signal)).values;
  }

  /**
   * Uses a block, decoded if it is not held. Its memory is reused once the block is dropped and no use is under way.
   * @param use reads the values until it returns
   * @internal
   */
  async use(
    image: string,
    index: number,
    decode: () => Promise<LentBlock>,
    use: (values: TypedArray) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const key = keyOf(image, index);
    const users = this.#users.get(key) ?? { count: 0, dropped: [] };
    users.count++;
    this.#users.set(key, users);
    try {
      use((await this.#block(image, index, decode, signal)).values);
    } finally {
      users.count--;
      if (users.count === 0) {
        this.#users.delete(key);
        for (const { release } of users.dropped) release?.();
      }
    }
  }

  #block(
    image: string,
    index: number,
    decode: () => Promise<LentBlock>,
    signal?: AbortSignal,
  ): Promise<LentBlock> {
    const counted = async (): Promise<LentBlock> => {
      const block = await decode();
      const known = this.#decoded.get(image) ?? new NumberSet();
      this.#decoded.set(image, known);
      this.#counters.blocksDecoded++;
      if (!known.add(index)) this.#counters.blocksDecodedAgain++;
      return block;
    };
    return this.#blocks.get(keyOf(image, index), counted, signal);
  }

  #lruOf(maxBytes: number): ByteLru<string, LentBlock> {
    return new ByteLru(
      maxBytes,
      ({ values }) => values.byteLength,
      (key, block) => {
        const users = this.#users.get(key);
        if (users === undefined) block.release?.();
        else users.dropped.push(block);
      },
    );
  }
}

const keyOf = (image: string, index: number): string => `${image}:${index}`;

const noBlocks = (): BlockCounters => ({ blocksDecoded: 0, blocksDecodedAgain: 0, bytesRead: 0 });

/** Numbers on a page of a set. */
const PAGE = 4096;

/** Whole numbers from 0, a bit for each: an image may have millions of blocks. */
class NumberSet {
  readonly #pages = new Map<number, Uint8Array>();

  /** @returns whether the number is new */
  add(value: number): boolean {
    const page = Math.floor(value / PAGE);
    const bits = this.#pages.get(page) ?? new Uint8Array(PAGE / 8);
    this.#pages.set(page, bits);
    const at = value - page * PAGE;
    const mask = 1 << (at & 7);
    const isNew = (bits[at >> 3] & mask) === 0;
    bits[at >> 3] |= mask;
    return isNew;
  }
}

/**
 * A cache of decoded blocks that rasters share; the least recently used are dropped first.
 * @param maxBytes the most bytes of decoded blocks (default 128 MiB)
 */
export function createBlockCache(maxBytes = DEFAULT_CACHE_BYTES): BlockCache {
  return new BlockCache(maxBytes);
}
