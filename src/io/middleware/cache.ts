import { ByteLru } from '../byte-lru.js';
import { type ByteSource, checkRange, wrapSource } from '../byte-source.js';

/** Size and number of the blocks that are kept. */
export interface BlockCacheOptions {
  /** Bytes of a block (default 32 KiB, what opening a file on a server asks for). */
  blockSize?: number;
  /** Bound on the bytes kept (default 16 MiB). */
  maxBytes?: number;
}

/**
 * Keeps small reads in blocks, for headers and indexes that are read piece by piece. Reads of a block or more pass
 * through: they are data, which is cached decoded.
 */
export function withBlockCache(source: ByteSource, options: BlockCacheOptions = {}): ByteSource {
  const { blockSize = 32 * 1024, maxBytes = 16 * 2 ** 20 } = options;
  const blocks = new ByteLru<number, Uint8Array<ArrayBuffer>>(maxBytes, (block) => block.byteLength);

  const readBlock = (index: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> =>
    blocks.get(
      index,
      () => {
        const offset = index * blockSize;
        return source.read(offset, Math.min(blockSize, source.size - offset), { signal });
      },
      signal,
    );

  return wrapSource(source, async (offset, length, readOptions) => {
    checkRange(source, offset, length);
    if (length >= blockSize) return source.read(offset, length, readOptions);
    const first = Math.floor(offset / blockSize);
    const last = Math.floor((offset + Math.max(1, length) - 1) / blockSize);
    const result = new Uint8Array(length);
    const copyBlock = async (index: number): Promise<void> => {
      const block = await readBlock(index, readOptions?.signal);
      const from = Math.max(0, offset - index * blockSize);
      const part = block.subarray(from, offset + length - index * blockSize);
      result.set(part, index * blockSize + from - offset);
    };
    await Promise.all(Array.from({ length: last - first + 1 }, (_, k) => copyBlock(first + k)));
    return result;
  });
}
