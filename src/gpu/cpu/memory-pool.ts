/**
 * Reuses memory: a warp allocates megabytes per tile, which JavaScript would clear each time and free late. Idle buffers are kept by padded size, up to a limit; the least recently used sizes are dropped first.
 */
export class MemoryPool<Buffer extends ArrayBuffer | SharedArrayBuffer> {
  readonly #free = new Map<number, Buffer[]>();
  #idleBytes = 0;

  /** @param create gives new memory */
  constructor(
    private readonly create: (bytes: number) => Buffer,
    private readonly maxIdleBytes = 512 * 2 ** 20,
  ) {}

  /** A buffer of at least `bytes`, with unspecified contents. */
  acquire(bytes: number): Buffer {
    const size = paddedSize(bytes);
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) {
      this.#idleBytes -= size;
      return free;
    }
    return this.create(size);
  }

  /** Takes back a buffer that `acquire` gave. */
  release(buffer: Buffer): void {
    const size = buffer.byteLength;
    if (size > this.maxIdleBytes) return;
    const list = this.#free.get(size) ?? [];
    list.push(buffer);
    // The map's order is that of the last use.
    this.#free.delete(size);
    this.#free.set(size, list);
    this.#idleBytes += size;
    for (const [oldSize, old] of this.#free) {
      while (this.#idleBytes > this.maxIdleBytes && old.pop() !== undefined) this.#idleBytes -= oldSize;
      if (this.#idleBytes <= this.maxIdleBytes) break;
      this.#free.delete(oldSize);
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
