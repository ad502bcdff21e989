import type { KernelRun } from '../../gpu/index.js';
import type { DILATE } from '../dilate.js';

export const module = import.meta.url;

/** A row is an image row. The rows of the structure are visited one after the other, for the cache. */
export const run: KernelRun<typeof DILATE> = (
  { distances, mask },
  { width, height, reach, limit, square },
  start,
  end,
) => {
  for (let row = start; row < end; row++) {
    const first = row * width;
    mask.fill(0, first, first + width);
    const bottom = Math.min(height - 1, row + reach);
    for (let other = Math.max(0, row - reach); other <= bottom; other++) {
      const columns = square === 1 ? reach : Math.floor(Math.sqrt(limit - (other - row) ** 2));
      const at = other * width;
      for (let x = 0; x < width; x++) if (distances[at + x] <= columns) mask[first + x] = 1;
    }
  }
};
