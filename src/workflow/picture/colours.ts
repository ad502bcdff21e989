/** Colour maps, and stretching values to them. */
import type { Colour } from './canvas.js';
import type { ColourMapName } from './names.js';

/** Colours at equal steps from 0 to 1. */
const CONTROL_POINTS: Readonly<Record<ColourMapName, readonly string[]>> = {
  grey: ['000000', 'ffffff'],
  // Nine samples of viridis (S. van der Walt and N. Smith 2015, CC0), which it is within two levels of in between.
  viridis: ['440154', '472d7b', '3b528b', '2c728e', '21918c', '28ae80', '5ec962', 'addc30', 'fde725'],
  // RdBu with nine classes (C. Brewer, colorbrewer2.org, Apache-2.0): dry red, wet blue.
  rdbu: ['b2182b', 'd6604d', 'f4a582', 'fddbc7', 'f7f7f7', 'd1e5f0', '92c5de', '4393c3', '2166ac'],
};

/** The colour of a value from 0 to 1; values beyond take the colour of the end. */
export function colourAt(map: ColourMapName, value: number): Colour {
  const points = CONTROL_POINTS[map];
  const position = Math.max(0, Math.min(1, value)) * (points.length - 1);
  const k = Math.min(points.length - 2, Math.floor(position));
  const [a, b] = [Number.parseInt(points[k], 16), Number.parseInt(points[k + 1], 16)];
  const mix = (shift: number): number => {
    const from = (a >> shift) & 255;
    return Math.round(from + (((b >> shift) & 255) - from) * (position - k));
  };
  return [mix(16), mix(8), mix(0)];
}

/** Values drawn as the two ends of a colour map. */
export type Stretch = readonly [low: number, high: number];

/** The values at two percentiles of the finite ones, over all planes; never equal. */
export function percentileStretch(
  planes: readonly ArrayLike<number>[],
  [low, high]: readonly [number, number],
): [number, number] {
  const valid = Float64Array.from(
    planes.flatMap((plane) => Array.from(plane).filter(Number.isFinite)),
  ).sort();
  if (valid.length === 0) return [0, 1];
  const at = (percent: number): number => valid[Math.round(((valid.length - 1) * percent) / 100)];
  const black = at(low);
  const white = at(high);
  return black < white ? [black, white] : [black, black + 1];
}

/** One plane through a colour map, or three as red, green and blue; transparent where a value is NaN. */
export function paint(
  planes: readonly Float32Array[],
  stretches: readonly Stretch[],
  map: ColourMapName,
): Uint8Array {
  const count = planes[0].length;
  const pixels = new Uint8Array(4 * count);
  const level = (band: number, i: number): number => {
    const [low, high] = stretches[band];
    return Math.max(0, Math.min(1, (planes[band][i] - low) / (high - low)));
  };
  for (let i = 0; i < count; i++) {
    if (planes.some((plane) => Number.isNaN(plane[i]))) continue;
    const colour =
      planes.length === 3
        ? [0, 1, 2].map((band) => Math.round(255 * level(band, i)))
        : colourAt(map, level(0, i));
    pixels.set([...colour, 255], 4 * i);
  }
  return pixels;
}
