import type { KernelRun } from '../../gpu/index.js';
import type { EQUAL_PHASES } from '../equal-phases.js';

export const module = import.meta.url;

/** A row is one band of one pair. */
export const run: KernelRun<typeof EQUAL_PHASES> = (
  { chips, pairs, different },
  { pixels, bands, steps, phases },
  start,
  end,
) => {
  const words = new Int32Array(chips.buffer, chips.byteOffset, chips.length);
  const offsetOf = (index: number, band: number): number => {
    const step = steps === 1 ? 0 : index % phases;
    return ((Math.floor(index / phases) * bands + band) * steps + step) * pixels;
  };
  for (let row = start; row < end; row++) {
    const pair = Math.floor(row / bands);
    if (different[pair] !== 0) continue;
    const first = offsetOf(pairs[2 * pair], row % bands);
    const second = offsetOf(pairs[2 * pair + 1], row % bands);
    let k = 0;
    while (k < pixels && words[first + k] === words[second + k]) k++;
    if (k < pixels) different[pair] = 1;
  }
};
