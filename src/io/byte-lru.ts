/**
 * A cache with a bound in bytes that drops what was used longest ago. Values that are being made are shared: two
 * requests for one key make it once. A value that fails is forgotten.
 */
export class ByteLru<Key, Value> {
  readonly #maxBytes: number;
  readonly #sizeOf: (value: Value) => number;
  readonly #values = new Map<Key, Value>();
  readonly #pending = new Map<Key, Promise<Value>>();
  #bytes = 0;

  constructor(maxBytes: number, sizeOf: (value: Value) => number) {
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  async get(key: Key, make: () => Promise<Value>): Promise<Value> {
    const known = this.#values.get(key);
    if (known !== undefined) {
      // A map keeps its insertion order: taken out and put back, the value is the newest.
      this.#values.delete(key);
      this.#values.set(key, known);
      return known;
    }
    const waiting = this.#pending.get(key);
    if (waiting !== undefined) return waiting;
    const promise = make();
    this.#pending.set(key, promise);
    try {
      const value = await promise;
      this.#insert(key, value);
      return value;
    } finally {
      this.#pending.delete(key);
    }
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
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
