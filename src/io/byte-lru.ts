import { untilAborted } from './abort.js';

/** The limit of all values larger than the bound, as a multiple of the bound; a single one may have any size. */
const LARGE_BOUNDS = 4;

interface Pending<Value> {
  readonly promise: Promise<Value>;
  readonly signal: AbortSignal | undefined;
}

/**
 * A cache with a bound in bytes that drops the least recently used values. Values that are being made are shared: two
 * requests for one key make it once. A value that fails is forgotten.
 *
 * A value larger than the bound is kept too, or it would be made again at each request: the newest of them, and older
 * ones as long as they take no more than `LARGE_BOUNDS` bounds together. A bound of 0 keeps nothing.
 */
export class ByteLru<Key, Value> {
  readonly #maxBytes: number;
  readonly #sizeOf: (value: Value) => number;
  readonly #onDrop: (key: Key, value: Value) => void;
  readonly #values = new Map<Key, Value>();
  readonly #large = new Map<Key, Value>();
  readonly #pending = new Map<Key, Pending<Value>>();
  #bytes = 0;
  #largeBytes = 0;

  /** @param onDrop is called with each value that is dropped, or never held */
  constructor(
    maxBytes: number,
    sizeOf: (value: Value) => number,
    onDrop: (key: Key, value: Value) => void = () => undefined,
  ) {
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
    this.#onDrop = onDrop;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes + this.#largeBytes;
  }

  /** @param signal aborts `make`; a caller that waits for the value of another aborts by its own signal */
  async get(key: Key, make: () => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    for (;;) {
      const known = this.#known(key);
      if (known !== undefined) return known;
      const pending = this.#pending.get(key);
      if (pending === undefined) return this.#make(key, make, signal);
      try {
        return await untilAborted(pending.promise, signal);
      } catch (error) {
        // The abort of its maker does not abort this caller.
        if (signal?.aborted || !pending.signal?.aborted) throw error;
      }
    }
  }

  clear(): void {
    for (const values of [this.#values, this.#large]) {
      for (const [key, value] of values) this.#onDrop(key, value);
      values.clear();
    }
    this.#bytes = 0;
    this.#largeBytes = 0;
  }

  #known(key: Key): Value | undefined {
    for (const values of [this.#values, this.#large]) {
      const known = values.get(key);
      if (known === undefined) continue;
      // A map keeps its insertion order: taken out and put back, the value is the newest.
      values.delete(key);
      values.set(key, known);
      return known;
    }
    return undefined;
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
    if (this.#maxBytes === 0) {
      this.#onDrop(key, value);
      return;
    }
    if (size > this.#maxBytes) {
      this.#large.set(key, value);
      this.#largeBytes += size;
      for (const [oldest, old] of this.#large) {
        if (this.#largeBytes <= LARGE_BOUNDS * this.#maxBytes || this.#large.size === 1) break;
        this.#large.delete(oldest);
        this.#largeBytes -= this.#sizeOf(old);
        this.#onDrop(oldest, old);
      }
      return;
    }
    this.#values.set(key, value);
    this.#bytes += size;
    for (const [oldest, old] of this.#values) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#values.delete(oldest);
      this.#bytes -= this.#sizeOf(old);
      this.#onDrop(oldest, old);
    }
  }
}
