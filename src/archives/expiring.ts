/** Tokens and other values that end. */
import { untilAborted } from '../io/abort.js';

/** A value, and when it ends in UTC milliseconds. */
export interface Dated<T> {
  readonly value: T;
  readonly expiry: number;
}

/**
 * Keeps a value until shortly before it ends. It is asked for when it is first wanted, once for all who wait, and a
 * failure is not kept. It is asked for again when it ends, or when a server refused it.
 */
export class Expiring<T> {
  readonly #ask: () => Promise<Dated<T>>;
  readonly #renewBefore: number;
  #current: Promise<Dated<T>> | null = null;

  /** @param renewBefore milliseconds before its end from which a value is asked for anew */
  constructor(ask: () => Promise<Dated<T>>, renewBefore = 60_000) {
    this.#ask = ask;
    this.#renewBefore = renewBefore;
  }

  /**
   * @param isRefused whether a server refused this value
   * @throws what asking for the value throws; the signal's reason
   */
  async get(signal?: AbortSignal, isRefused: (value: T) => boolean = () => false): Promise<T> {
    const known = this.#current;
    if (known === null) return this.#renewed(signal);
    const { value, expiry } = await untilAborted(known, signal);
    if (Date.now() < expiry - this.#renewBefore && !isRefused(value)) return value;
    // Someone else may have asked for it in the meantime.
    if (this.#current === known) this.#current = null;
    return this.#renewed(signal);
  }

  async #renewed(signal: AbortSignal | undefined): Promise<T> {
    if (this.#current === null) {
      const asked = this.#ask();
      this.#current = asked;
      asked.catch(() => {
        if (this.#current === asked) this.#current = null;
      });
    }
    return (await untilAborted(this.#current, signal)).value;
  }
}
