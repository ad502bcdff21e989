import { untilAborted } from './abort.js';

interface Pending<Value> {
  readonly promise: Promise<Value>;
  readonly signal: AbortSignal | undefined;
}

/**
 * A cache with a bound in bytes that drops what was used longest ago. Values that are being made are shared: two
 * requests for one key make it once. A value that fails is forgotten.
 */
export class ByteLru<Key, Value> {
  readonly #maxBytes: number;
  readonly #sizeOf: (value: Value) => number;
  readonly #values = new Map<Key, Value>();
  readonly #pending = new Map<Key, Pending<Value>>();
  #bytes = 0;

  constructor(maxBytes: number, sizeOf: (value: Value) => number) {
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param signal what `make` listens to; whoever waits for a value that another makes gives up by his own */
  async get(key: Key, make: () => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    for (;;) {
      const known = this.#known(key);
      if (known !== undefined) return known;
      const pending = this.#pending.get(key);
      if (pending === undefined) return this.#make(key, make, signal);
      try {
        return await untilAborted(pending.promise, signal);
      } catch (error) {
        // That its maker gave up is no reason to give up here.
        if (signal?.aborted || !pending.signal?.aborted) throw error;
      }
    }
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }

  #known(key: Key): Value | undefined {
    const known = this.#values.get(key);
    if (known !== undefined) {
      // A map keeps its insertion order: taken out and put back, the value is the newest.
      this.#values.delete(key);
      this.#values.set(key, known);
    }
    return known;
  }

  #make(key: Key, make: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    const promise = make()
      .then((value) => {
        this.#insert(key, value);
        return value;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, { promise, signal });
    return promise;
  }

  #insert(key: Key, value: Value): void {
    const size = this.#sizeOf(value);
    if (size > this.#maxBytes) return;
    this.#values.set(key, value);
    this.#bytes += size;
    for (const [oldest, old] of this.#values) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#values.delete(oldest);
      this.#bytes -= this.#sizeOf(old);
    }
  }
}
