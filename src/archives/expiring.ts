/** Tokens and other values that expire. */
import { untilAborted } from '../io/abort.js';

/** A value, and its expiry in UTC milliseconds. */
export interface Dated<T> {
  readonly value: T;
  readonly expiry: number;
}

/**
 * Caches a value until shortly before it expires. It is requested at first use, and shared by concurrent callers; failures
 * are not cached. It is requested again when it expires, or when a server refused it.
 */
export class Expiring<T> {
  readonly #ask: () => Promise<Dated<T>>;
  readonly #renewBefore: number;
  #current: Promise<Dated<T>> | null = null;

  /** @param renewBefore milliseconds before its expiry from which a value is renewed */
  constructor(ask: () => Promise<Dated<T>>, renewBefore = 60_000) {
    this.#ask = ask;
    this.#renewBefore = renewBefore;
  }

  /**
   * @param isRefused whether a server refused this value
   * @throws the error of the request; the signal's reason
   */
  async get(signal?: AbortSignal, isRefused: (value: T) => boolean = () => false): Promise<T> {
    const known = this.#current;
    if (known === null) return this.#renewed(signal);
    const { value, expiry } = await untilAborted(known, signal);
    if (Date.now() < expiry - this.#renewBefore && !isRefused(value)) return value;
    // Another caller may have requested it in the meantime.
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
