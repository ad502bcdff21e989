import type { Random } from '../src/workflow/model/random.js';

/** A field over `width × height` pixels, in C order. */
export type Field = Float64Array;

/**
 * Value noise: octaves of random lattices, each twice as fine and half as high as the previous one, interpolated by a
 * smoothstep. Mean 0, standard deviation about 1.
 */
export function randomHills(
  random: Random,
  width: number,
  height: number,
  coarsest: number,
  octaves: number,
): Field {
  const field = new Float64Array(width * height);
  let scale = coarsest;
  let amplitude = 1;
  for (let octave = 0; octave < octaves; octave++) {
    const columns = Math.ceil(width / scale) + 2;
    const rows = Math.ceil(height / scale) + 2;
    const lattice = Float64Array.from({ length: columns * rows }, () => random.normal());
    for (let y = 0; y < height; y++) {
      const j = Math.floor(y / scale);
      const wy = smoothstep(y / scale - j);
      for (let x = 0; x < width; x++) {
        const i = Math.floor(x / scale);
        const wx = smoothstep(x / scale - i);
        const k = j * columns + i;
        const top = lattice[k] + (lattice[k + 1] - lattice[k]) * wx;
        const bottom = lattice[k + columns] + (lattice[k + columns + 1] - lattice[k + columns]) * wx;
        field[y * width + x] += amplitude * (top + (bottom - top) * wy);
      }
    }
    scale = Math.max(1, scale / 2);
    amplitude /= 2;
  }
  return field;
}

function smoothstep(t: number): number {
  return t * t * (3 - 2 * t);
}

/** The quantile `share` of a field. */
export function quantile(field: Field, share: number): number {
  const sorted = Float64Array.from(field).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
