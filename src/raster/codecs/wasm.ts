/** Modules of WebAssembly that are built from C (scripts/codecs), and their memory. */

/** The exports of each module. */
export interface Memory {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** An address, or 0 where memory ends. */
  reserve(size: number): number;
  release(address: number): void;
}

/** An instance with more memory is dropped after use: memory never shrinks, and large blocks are rare. */
const KEPT_BYTES = 64 * 2 ** 20;

/** Arrays start at multiples of it, and vector loops may write fewer bytes than it beyond the end of an array. */
const SLACK = 32;

/** A module, with one instance in a thread. */
export class WasmModule<Exports extends Memory> {
  readonly #load: () => Promise<{ readonly default: string }>;
  #module: Promise<WebAssembly.Module> | null = null;
  #instance: Promise<WebAssembly.Instance> | null = null;

  /** @param load imports the bytes, in base64 */
  constructor(load: () => Promise<{ readonly default: string }>) {
    this.#load = load;
  }

  /**
   * Calls `run` with arrays of some sizes in the memory of an instance, at addresses that hold until it returns.
   * @throws {Error} what `run` throws, or that there is not enough memory
   */
  async use<Result>(
    sizes: readonly number[],
    run: (module: Exports, addresses: readonly number[]) => Result,
  ): Promise<Result> {
    let total = SLACK;
    const starts = sizes.map((size) => {
      const start = total;
      total += Math.ceil(size / SLACK + 1) * SLACK;
      return start;
    });
    if (total >= 2 ** 32) throw new Error(`its ${total} bytes are more than WebAssembly can hold`);
    const exports = await this.#exports();
    let isHealthy = false;
    try {
      const arena = exports.reserve(total) >>> 0;
      isHealthy = true;
      if (arena === 0) throw new Error(`its ${total} bytes are more than memory can hold`);
      const first = arena - (arena % SLACK);
      try {
        return run(
          exports,
          starts.map((start) => first + start),
        );
      } catch (error) {
        // It may have stopped in the middle of a change.
        isHealthy = !(error instanceof WebAssembly.RuntimeError);
        throw error;
      } finally {
        if (isHealthy) exports.release(arena);
      }
    } finally {
      if (!isHealthy || exports.memory.buffer.byteLength > KEPT_BYTES) this.#instance = null;
    }
  }

  async #exports(): Promise<Exports> {
    for (;;) {
      this.#module ??= this.#load().then(({ default: base64 }) =>
        WebAssembly.compile(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))),
      );
      this.#instance ??= this.#module.then((module) => WebAssembly.instantiate(module));
      const instance = this.#instance;
      const { exports } = await instance;
      // A call that came first may have dropped it.
      if (this.#instance === instance) return exports as object as Exports;
    }
  }
}

/** A view of memory; memory that grows detaches it. */
export function bytesAt({ memory }: Memory, address: number, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(memory.buffer, address, length);
}
