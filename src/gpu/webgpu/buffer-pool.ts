/**
 * Reuses GPU buffers. A new buffer is cleared, and its memory is freed only when JavaScript collects the wrapper, so that
 * memory would grow with every tile. Idle buffers are kept by padded size.
 */

/** Buffers up to a megabyte are padded to a power of two, larger ones to a whole megabyte. */
function paddedSize(bytes: number): number {
  if (bytes <= 2 ** 20) return Math.max(256, 2 ** Math.ceil(Math.log2(bytes)));
  return Math.ceil(bytes / 2 ** 20) * 2 ** 20;
}

export class BufferPool {
  readonly #maxBytes: number;
  readonly #free = new Map<string, GPUBuffer[]>();
  /** Released, but possibly used by commands that are not submitted yet. */
  #released: GPUBuffer[] = [];
  #releasedBytes = 0;
  #idleBytes = 0;

  /** Bytes that can be reused after the next submit. */
  get releasedBytes(): number {
    return this.#releasedBytes;
  }

  constructor(
    private readonly device: GPUDevice,
    private readonly maxIdleBytes = 512 * 2 ** 20,
  ) {
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    this.#maxBytes = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4) * 4;
  }

  /** A buffer of at least `bytes`, padded up to the device's limit. */
  acquire(bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.min(paddedSize(bytes), this.#maxBytes);
    const free = this.#free.get(key(size, usage))?.pop();
    if (free !== undefined) {
      this.#idleBytes -= size;
      return free;
    }
    return this.device.createBuffer({ size, usage });
  }

  release(buffer: GPUBuffer): void {
    this.#released.push(buffer);
    this.#releasedBytes += buffer.size;
  }

  /** Makes released buffers reusable. Call it only after a submit of all recorded commands: the queue keeps the order. */
  recycle(): void {
    for (const buffer of this.#released) this.reuse(buffer);
    this.#released = [];
    this.#releasedBytes = 0;
  }

  /** Makes a buffer reusable at once. Commands that use it must be submitted. */
  reuse(buffer: GPUBuffer): void {
    if (this.#idleBytes + buffer.size > this.maxIdleBytes) {
      buffer.destroy();
      return;
    }
    const bucket = key(buffer.size, buffer.usage);
    const list = this.#free.get(bucket) ?? [];
    list.push(buffer);
    this.#free.set(bucket, list);
    this.#idleBytes += buffer.size;
  }

  dispose(): void {
    for (const list of this.#free.values()) for (const buffer of list) buffer.destroy();
    for (const buffer of this.#released) buffer.destroy();
    this.#free.clear();
    this.#released = [];
    this.#releasedBytes = 0;
    this.#idleBytes = 0;
  }
}

function key(size: number, usage: GPUBufferUsageFlags): string {
  return `${size}/${usage}`;
}
