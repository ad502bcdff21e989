import type { ChipSource } from './source.js';

/** Concatenates the chips of several sources. */
export function joinChips(sources: readonly ChipSource[]): ChipSource {
  return {
    count: sources.reduce((sum, { count }) => sum + count, 0),
    identity: sources.map(({ identity }) => identity),
    async *chips(start, end, signal) {
      let before = 0;
      for (const source of sources) {
        const [from, to] = [Math.max(start - before, 0), Math.min(end - before, source.count)];
        if (from < to) yield* source.chips(from, to, signal);
        before += source.count;
      }
    },
  };
}
