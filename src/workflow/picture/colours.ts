/** Colour maps and stretches. */

import type { ColourMapName } from '../choices.js';
import { parseColour } from '../classes.js';
import type { Colour } from './canvas.js';

/** Colours at equal steps from 0 to 1. */
const CONTROL_POINTS: Readonly<Record<ColourMapName, readonly string[]>> = {
  grey: ['000000', 'ffffff'],
  // 33 samples of viridis (S. van der Walt and N. Smith 2015, CC0); in between, the error is at most two levels.
  viridis: [
    ...'440154 470d60 48186a 482374 472d7b 453681 424086 3f4989'.split(' '),
    ...'3b528b 375a8d 33638d 2f6a8e 2c728e 297a8e 26818e 23898e'.split(' '),
    ...'21908c 1f988b 1f9f88 21a685 28ae80 31b57b 3ebc74 4cc26c'.split(' '),
    ...'5dc963 6ece58 82d34c 96d83f abdc32 c0df24 d5e21a eae51a'.split(' '),
    'fde725',
  ],
  // RdBu with nine classes (C. Brewer, colorbrewer2.org, Apache-2.0): dry red, wet blue.
  rdbu: ['b2182b', 'd6604d', 'f4a582', 'fddbc7', 'f7f7f7', 'd1e5f0', '92c5de', '4393c3', '2166ac'],
};

/** The colour of a value from 0 to 1; other values are clamped. */
export function colourAt(map: ColourMapName, value: number): Colour {
  const points = CONTROL_POINTS[map];
  const position = Math.max(0, Math.min(1, value)) * (points.length - 1);
  const k = Math.min(points.length - 2, Math.floor(position));
  return mix(parseColour(`#${points[k]}`), parseColour(`#${points[k + 1]}`), position - k);
}

/** A colour between two. @param share 0 for the first, 1 for the second */
export function mix(a: Colour, b: Colour, share: number): Colour {
  const channel = (k: number): number => Math.round(a[k] + (b[k] - a[k]) * share);
  return [channel(0), channel(1), channel(2)];
}

/** The values at the two ends of a colour map. */
export type Stretch = readonly [low: number, high: number];

/**
 * Two percentiles of the finite values of all planes; never equal.
 * @param clouds of each plane, 1 in pixels that do not count; null for none
 */
export function percentileStretch(
  planes: readonly Float32Array[],
  [low, high]: readonly [number, number],
  clouds: readonly (Uint8Array | null)[] = [],
): [number, number] {
  const length = planes.reduce((sum, plane) => sum + plane.length, 0);
  const values = new Float32Array(length);
  let count = 0;
  for (const [k, plane] of planes.entries()) {
    const skip = clouds[k] ?? null;
    for (const [i, value] of plane.entries()) {
      if (Number.isFinite(value) && skip?.[i] !== 1) values[count++] = value;
    }
  }
  const valid = values.subarray(0, count).sort();
  if (valid.length === 0) return [0, 1];
  const at = (percent: number): number => valid[Math.round(((valid.length - 1) * percent) / 100)];
  const black = at(low);
  const white = at(high);
  return black < white ? [black, white] : [black, black + 1];
}

/** RGBA pixels: one plane through a colour map, or three planes as red, green and blue; transparent at NaN. */
export function paint(
  planes: readonly Float32Array[],
  stretches: readonly Stretch[],
  map: ColourMapName,
): Uint8Array {
  const count = planes[0].length;
  const pixels = new Uint8Array(4 * count);
  // A picture has 256 levels.
  const colours = Array.from({ length: 256 }, (_, level) => colourAt(map, level / 255));
  for (let i = 0; i < count; i++) {
    let visible = true;
    for (let channel = 0; channel < 3; channel++) {
      const band = planes.length === 3 ? channel : 0;
      const value = planes[band][i];
      const [low, high] = stretches[band];
      const level = Math.round(255 * Math.max(0, Math.min(1, (value - low) / (high - low))));
      if (Number.isNaN(value)) visible = false;
      else pixels[4 * i + channel] = planes.length === 3 ? level : colours[level][channel];
    }
    if (visible) pixels[4 * i + 3] = 255;
    else pixels.fill(0, 4 * i, 4 * i + 3);
  }
  return pixels;
}
