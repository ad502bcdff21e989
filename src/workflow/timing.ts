/** Measures the time of each stage of a job. */
export class StageClock {
  readonly #milliseconds = new Map<string, number>();
  readonly #waits = new Map<string, number>();
  readonly #start = performance.now();

  add(stage: string, milliseconds: number): void {
    this.#milliseconds.set(stage, (this.#milliseconds.get(stage) ?? 0) + milliseconds);
  }

  /** Adds time in which the job could do nothing but wait. */
  addWait(wait: string, milliseconds: number): void {
    this.#waits.set(wait, (this.#waits.get(wait) ?? 0) + milliseconds);
  }

  async measure<T>(stage: string, task: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await task();
    } finally {
      this.add(stage, performance.now() - start);
    }
  }

  /** Seconds by stage, and in `total` since the clock was created. Stages overlap: their sum may exceed the total. */
  toJSON(): Record<string, number> {
    return { ...secondsOf(this.#milliseconds), total: seconds(performance.now() - this.#start) };
  }

  /** Seconds in which the job could do nothing but wait, by what it waited for. */
  waits(): Record<string, number> {
    return secondsOf(this.#waits);
  }
}

function seconds(milliseconds: number): number {
  return Number((milliseconds / 1000).toFixed(3));
}

function secondsOf(milliseconds: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...milliseconds].map(([name, ms]) => [name, seconds(ms)]));
}

/** Peak memory of this process in bytes. */
export function peakMemoryBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
