import { onAbort } from './abort.js';
import { type ByteSource, wrapSource } from './byte-source.js';

/** Lets a number of tasks run at a time; the others wait their turn, or abort by their signal. */
export class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.enter(signal);
    try {
      return await task();
    } finally {
      leave();
    }
  }

  /** Waits for a turn. @returns ends it; to be called once */
  async enter(signal?: AbortSignal): Promise<() => void> {
    await this.#acquire(signal);
    return () => this.#release();
  }

  #acquire(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        unwatch();
        resolve();
      };
      const unwatch = onAbort(signal, () => {
        const place = this.#waiting.indexOf(enter);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(signal?.reason);
      });
      this.#waiting.push(enter);
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** Bounds how many reads are under way; sources that share a semaphore (those of one host) share the bound. */
export function withLimit(source: ByteSource, semaphore: Semaphore): ByteSource {
  return wrapSource(source, (offset, length, options) =>
    semaphore.run(() => source.read(offset, length, options), options?.signal),
  );
}

/** Runs a task for each item, `limit` at a time, and returns the results in order. A failure starts no more tasks. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T, index: number) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      signal?.throwIfAborted();
      const index = next++;
      try {
        results[index] = await task(items[index], index);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
