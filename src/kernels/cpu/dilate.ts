import type { CpuTensors, KernelParameters } from '../../gpu/index.js';

export const module = import.meta.url;

/** A row is one of the image: every row that the structure touches in turn, which the cache likes. */
export function run(
  { distances, reaches, mask }: CpuTensors<'distances' | 'reaches' | 'mask'>,
  { width, height, reach }: KernelParameters<'width' | 'height' | 'reach'>,
  start: number,
  end: number,
): void {
  for (let row = start; row < end; row++) {
    const first = row * width;
    mask.fill(0, first, first + width);
    const bottom = Math.min(height - 1, row + reach);
    for (let other = Math.max(0, row - reach); other <= bottom; other++) {
      const columns = reaches[Math.abs(other - row)];
      const at = other * width;
      for (let x = 0; x < width; x++) if (distances[at + x] <= columns) mask[first + x] = 1;
    }
  }
}
