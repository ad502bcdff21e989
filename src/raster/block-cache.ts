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

/**
 * Decoded blocks, shared by the rasters of a job under one limit; the least recently used are dropped first. Its counters
 * say how many were decoded, and how many more than once.
 */
export class BlockCache {
  #counters = noBlocks();
  #blocks: ByteLru<string, TypedArray>;
  #decoded = new Map<string, NumberSet>();

  /** @param maxBytes the most bytes of decoded blocks */
  constructor(maxBytes: number) {
    this.#blocks = lruOf(maxBytes);
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
    this.#blocks = lruOf(maxBytes);
    this.#counters = noBlocks();
    this.#decoded = new Map();
  }

  /**
   * A block, decoded if it is not held.
   * @param image identifies the image among all that use the cache
   * @param index identifies the block in the image: a whole number from 0
   * @param signal what `decode` listens to; whoever waits for a block that another decodes gives up by his own
   */
  get(
    image: string,
    index: number,
    decode: () => Promise<TypedArray>,
    signal?: AbortSignal,
  ): Promise<TypedArray> {
    const counted = async (): Promise<TypedArray> => {
      const block = await decode();
      const known = this.#decoded.get(image) ?? new NumberSet();
      this.#decoded.set(image, known);
      this.#counters.blocksDecoded++;
      if (!known.add(index)) this.#counters.blocksDecodedAgain++;
      return block;
    };
    return this.#blocks.get(`${image}:${index}`, counted, signal);
  }
}

const lruOf = (maxBytes: number): ByteLru<string, TypedArray> =>
  new ByteLru(maxBytes, (block) => block.byteLength);

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
