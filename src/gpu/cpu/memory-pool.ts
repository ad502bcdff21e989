/**
 * Reuses memory: a warp allocates megabytes per tile, which JavaScript would clear each time and free late. Idle buffers are
 * kept by padded size, as long as all buffers together take little more than they did at the busiest moment, and up to a
 * limit; the least recently used sizes are dropped first.
 */
export class MemoryPool<Buffer extends ArrayBuffer | SharedArrayBuffer> {
  readonly #free = new Map<number, Buffer[]>();
  #idleBytes = 0;
  #usedBytes = 0;
  #mostUsedBytes = 0;

  /**
   * @param create gives new memory
   * @param maxIdleBytes the most idle bytes
   * @param spareBytes idle bytes beyond the most that were in use; Infinity where not all buffers come back, so that the bytes
   * in use are not known
   */
  constructor(
    private readonly create: (bytes: number) => Buffer,
    private readonly maxIdleBytes = 512 * 2 ** 20,
    private readonly spareBytes = 8 * 2 ** 20,
  ) {}

  /** A buffer of at least `bytes`, with unspecified contents. */
  acquire(bytes: number): Buffer {
    const size = paddedSize(bytes);
    this.#usedBytes += size;
    this.#mostUsedBytes = Math.max(this.#mostUsedBytes, this.#usedBytes);
    const free = this.#free.get(size)?.pop();
    if (free === undefined) {
      this.#trim();
      return this.create(size);
    }
    this.#idleBytes -= size;
    return free;
  }

  /** Takes back a buffer that `acquire` gave. */
  release(buffer: Buffer): void {
    const size = buffer.byteLength;
    this.#usedBytes -= size;
    if (size > this.maxIdleBytes) return;
    const list = this.#free.get(size) ?? [];
    list.push(buffer);
    // The map's order is that of the last use.
    this.#free.delete(size);
    this.#free.set(size, list);
    this.#idleBytes += size;
    this.#trim();
  }

  /** Drops idle buffers beyond the limit. */
  #trim(): void {
    const spare = this.#mostUsedBytes - this.#usedBytes + this.spareBytes;
    const limit = Math.min(this.maxIdleBytes, spare);
    for (const [size, idle] of this.#free) {
      while (this.#idleBytes > limit && idle.pop() !== undefined) this.#idleBytes -= size;
      if (this.#idleBytes <= limit) break;
      this.#free.delete(size);
    }
  }

  dispose(): void {
    this.#free.clear();
    this.#idleBytes = 0;
  }
}

/** Pads small buffers to 4 KiB, larger ones to a multiple of an eighth of their power of two. */
function paddedSize(bytes: number): number {
  if (bytes <= 4096) return 4096;
  const step = 2 ** Math.max(12, Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}
