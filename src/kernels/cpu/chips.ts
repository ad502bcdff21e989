import type { KernelRun } from '../../gpu/index.js';
import type { CHIPS } from '../chips.js';

export const module = import.meta.url;

/** Reflects an index into `[0, size)`: … 1 0 | 0 1 2 … size−1 | size−1 size−2 … (`numpy.pad`, mode `symmetric`). */
export function mirror(index: number, size: number): number {
  const period = 2 * size;
  const folded = ((index % period) + period) % period;
  return Math.min(folded, period - 1 - folded);
}

/** A row is one row of one chip. */
export const run: KernelRun<typeof CHIPS> = ({ plane, origins, chips }, parameters, start, end) => {
  const { scene_width, scene_height, first_row, chip_size: n, first_chip, channels, channel } = parameters;
  const { mean, deviation, replacement } = parameters;
  for (let index = start; index < end; index++) {
    const chip = Math.floor(index / n);
    const y = index % n;
    let output = (((first_chip + chip) * channels + channel) * n + y) * n;
    const left = origins[2 * chip];
    if (left < 0) {
      chips.fill(0, output, output + n);
      continue;
    }
    const row = mirror(origins[2 * chip + 1] + y, scene_height) - first_row;
    const first = row * scene_width;
    const last = first + Math.min(left + n, scene_width);
    for (let at = first + left; at < last; at++) {
      const stored = plane[at];
      // The difference is 0 for finite numbers only.
      chips[output++] = ((stored - stored === 0 ? stored : replacement) - mean) / deviation;
    }
    for (let x = Math.max(0, scene_width - left); x < n; x++) {
      const stored = plane[first + mirror(left + x, scene_width)];
      chips[output++] = ((Number.isFinite(stored) ? stored : replacement) - mean) / deviation;
    }
  }
};
