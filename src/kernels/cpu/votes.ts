import type { KernelRun } from '../../gpu/index.js';
import type { VOTES } from '../vote.js';

export const module = import.meta.url;

/** A row is a scene row. */
export const run: KernelRun<typeof VOTES> = (
  { predictions, placement, slots, mask, counts },
  parameters,
  start,
  end,
) => {
  const { width, height, chip_size: n, classes, chip_columns, chip_rows } = parameters;
  const { row_start, rows, mask_row } = parameters;
  const byRow = chip_columns + chip_rows + 2 * width;
  const step = rows * width;

  /** The class of the largest value (ties: the lowest); −1 where a value is not finite. */
  const mostLikely = (first: number): number => {
    let best = 0;
    for (let c = 0; c < classes; c++) {
      const value = predictions[first + c * n * n];
      if (!Number.isFinite(value)) return -1;
      if (value > predictions[first + best * n * n]) best = c;
    }
    return best;
  };

  const votes = new Int32Array(width);
  for (let local = start; local < end; local++) {
    const row = row_start + local;
    const maskRow = (row - mask_row) * width;
    for (let c = 0; c < classes; c++)
      counts.fill(0, c * step + local * width, c * step + (local + 1) * width);
    votes.fill(0);
    for (let j = placement[byRow + row]; j <= placement[byRow + height + row]; j++) {
      const dy = row - placement[chip_columns + j];
      for (let i = 0; i < chip_columns; i++) {
        const slot = slots[j * chip_columns + i];
        if (slot < 0) continue;
        const left = placement[i];
        const last = Math.min(width, left + n);
        for (let x = left; x < last; x++) {
          if (mask[maskRow + x] === 0) continue;
          const winner = mostLikely((slot * classes * n + dy) * n + x - left);
          if (winner < 0) continue;
          counts[winner * step + local * width + x]++;
          votes[x]++;
        }
      }
    }
    for (let x = 0; x < width; x++) {
      if (votes[x] > 0) continue;
      for (let c = 0; c < classes; c++) counts[c * step + local * width + x] = Number.NaN;
    }
  }
};
