/** The rate of requests to a host that refused requests as too frequent. */

/** Requests per second below which a host is not slowed down. */
const LEAST_RATE = 2;

/** Above this rate the bound is lifted. */
const FREE_RATE = 100;

/** Milliseconds in which refusals count as one, and over which the rate of requests is taken. */
const SECOND = 1000;

/** Milliseconds without a refusal after which the bound is lifted. */
const CALM = 60_000;

/**
 * A token bucket of one token. Without refusals a host is not slowed down. A refusal (429, or 503 with a wait) halves the
 * rate at which it was asked, and each answer after that raises it by a quarter of a request per second. Times are in
 * milliseconds of one clock.
 */
export class Pace {
  #rate = Number.POSITIVE_INFINITY;
  #next = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #starts: number[] = [];

  /** Requests per second; infinite without a bound. */
  get rate(): number {
    return this.#rate;
  }

  /** Takes the next turn. @returns milliseconds to wait for it */
  reserve(now: number): number {
    if (now - this.#refusedAt > CALM) this.#rate = Number.POSITIVE_INFINITY;
    const start = Math.max(now, this.#next);
    if (this.#rate !== Number.POSITIVE_INFINITY) this.#next = start + SECOND / this.#rate;
    this.#starts = [...this.#starts.filter((at) => at > start - SECOND), start].slice(-FREE_RATE);
    return start - now;
  }

  /** @param wait that the server asks for; null if it gives none */
  refuse(now: number, wait: number | null): void {
    this.#next = Math.max(this.#next, now + (wait ?? 0));
    // A server that asks for a wait of 0 was not asked too fast.
    if (wait === 0 || now - this.#refusedAt < SECOND) return;
    this.#refusedAt = now;
    const lately = Math.min(this.#rate, this.#starts.filter((at) => at > now - SECOND).length);
    this.#rate = Math.max(LEAST_RATE, lately / 2);
  }

  answer(): void {
    this.#rate += 0.25;
    if (this.#rate > FREE_RATE) this.#rate = Number.POSITIVE_INFINITY;
  }
}
