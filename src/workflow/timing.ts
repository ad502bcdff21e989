/** Measures the time of each stage of a job. */
export class StageClock {
  readonly #milliseconds = new Map<string, number>();
  readonly #start = performance.now();

  add(stage: string, milliseconds: number): void {
    this.#milliseconds.set(stage, (this.#milliseconds.get(stage) ?? 0) + milliseconds);
  }

  async measure<T>(stage: string, task: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await task();
    } finally {
      this.add(stage, performance.now() - start);
    }
  }

  /** Seconds by stage, and in `total` since the clock was created. */
  toJSON(): Record<string, number> {
    const seconds = (ms: number): number => Number((ms / 1000).toFixed(3));
    return {
      ...Object.fromEntries([...this.#milliseconds].map(([stage, ms]) => [stage, seconds(ms)])),
      total: seconds(performance.now() - this.#start),
    };
  }
}

/** Peak memory of this process in bytes. */
export function peakMemoryBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
