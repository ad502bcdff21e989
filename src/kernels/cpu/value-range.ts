import type { KernelRun } from '../../gpu/index.js';
import type { VALUE_RANGE } from '../percentiles.js';

export const module = import.meta.url;

/** A row is a lane, with contiguous values. */
export const run: KernelRun<typeof VALUE_RANGE> = ({ values, shares }, { count, lanes }, start, end) => {
  const floats = new Float32Array(shares.buffer, shares.byteOffset, 3 * lanes);
  for (let lane = start; lane < end; lane++) {
    let least = Infinity;
    let greatest = -Infinity;
    let valid = 0;
    const to = Math.floor(((lane + 1) * count) / lanes);
    for (let i = Math.floor((lane * count) / lanes); i < to; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
      valid++;
    }
    floats[3 * lane] = least;
    floats[3 * lane + 1] = greatest;
    shares[3 * lane + 2] = valid;
  }
};
