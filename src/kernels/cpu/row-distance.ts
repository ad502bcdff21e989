import type { KernelRun } from '../../gpu/index.js';
import type { ROW_DISTANCE } from '../dilate.js';

export const module = import.meta.url;

/** A row is an image row: a sweep to the right, and one back. */
export const run: KernelRun<typeof ROW_DISTANCE> = ({ mask, distances }, { width, reach }, start, end) => {
  const far = reach + 1;
  for (let row = start; row < end; row++) {
    const first = row * width;
    let distance = far;
    for (let i = first; i < first + width; i++) {
      distance = mask[i] !== 0 ? 0 : Math.min(far, distance + 1);
      distances[i] = distance;
    }
    distance = far;
    for (let i = first + width - 1; i >= first; i--) {
      distance = mask[i] !== 0 ? 0 : Math.min(far, distance + 1);
      if (distance < distances[i]) distances[i] = distance;
    }
  }
};
