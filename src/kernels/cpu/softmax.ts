import type { CpuTensors, KernelParameters } from '../../gpu/index.js';

export const module = import.meta.url;

/** A row is one item. */
export function run(
  { values }: CpuTensors<'values'>,
  { classes, pixels }: KernelParameters<'items' | 'classes' | 'pixels'>,
  start: number,
  end: number,
): void {
  for (let item = start; item < end; item++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const first = item * classes * pixels + pixel;
      const stop = first + classes * pixels;
      let finite = true;
      let largest = -Infinity;
      for (let k = first; k < stop; k += pixels) {
        finite &&= Number.isFinite(values[k]);
        largest = Math.max(largest, values[k]);
      }
      if (!finite) {
        for (let k = first; k < stop; k += pixels) values[k] = Number.NaN;
        continue;
      }
      let sum = 0;
      for (let k = first; k < stop; k += pixels) sum += Math.exp(values[k] - largest);
      for (let k = first; k < stop; k += pixels) values[k] = Math.exp(values[k] - largest) / sum;
    }
  }
}
