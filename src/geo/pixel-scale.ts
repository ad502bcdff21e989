import type { PixelMapping } from './pixel-mapping.js';

/** Pixels that are looked at along a side of the destination. */
const SAMPLES = 10;
/** Steps whose direction is within this (the tangent of some 20°) count along the source's axes. */
const MODEST_ANGLE = 0.35;
/** Scales below this share of the largest are left out: near a pole or a cut, pixels say nothing. */
const OUTLIER = 0.1;
/** Distances to a whole number of source pixels that are taken for rounding. */
const SNAP = 0.05;

/**
 * Destination pixels per source pixel along the source's x and y, over the whole of both grids, as GDAL's warper has
 * it from version 3.13 (before, it came from bounding boxes of chunks, so that rotated images were blurred, each chunk
 * its own way): the mean over 10 × 10 destination pixels that lie in the source, by the lengths of their sides in the
 * source, or by the root of their area where they are rotated by more than some 20°. Scales close to 1/n become 1/n.
 * (1, 1) where the grids do not meet.
 */
export function pixelScale(mapping: PixelMapping): readonly [number, number] {
  const { destination, source } = mapping;
  const scales: [number, number][] = [];
  const [p, right, below] = [new Float64Array(2), new Float64Array(2), new Float64Array(2)];
  for (let j = 0; j < SAMPLES; j++) {
    for (let i = 0; i < SAMPLES; i++) {
      const x = Math.floor(((i + 0.5) * destination.width) / SAMPLES);
      const y = Math.floor(((j + 0.5) * destination.height) / SAMPLES);
      mapping.map(x, y, p);
      mapping.map(x + 1, y, right);
      mapping.map(x, y + 1, below);
      if (!(p[0] >= 0 && p[1] >= 0 && p[0] <= source.width && p[1] <= source.height)) continue;
      const [ax, ay] = [right[0] - p[0], right[1] - p[1]];
      const [bx, by] = [below[0] - p[0], below[1] - p[1]];
      const straight =
        Math.abs(ay) <= MODEST_ANGLE * Math.abs(ax) && Math.abs(bx) <= MODEST_ANGLE * Math.abs(by);
      const side = Math.sqrt(Math.abs(ax * by - ay * bx));
      const scale: [number, number] = straight
        ? [1 / Math.hypot(ax, ay), 1 / Math.hypot(bx, by)]
        : [1 / side, 1 / side];
      if (scale.every((v) => v > 0 && Number.isFinite(v))) scales.push(scale);
    }
  }
  return [snapped(meanOf(scales.map(([x]) => x))), snapped(meanOf(scales.map(([, y]) => y)))];
}

function meanOf(values: number[]): number {
  if (values.length === 0) return 1;
  const least = OUTLIER * Math.max(...values);
  const kept = values.filter((value) => value >= least);
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

function snapped(scale: number): number {
  const whole = Math.round(1 / scale);
  return whole >= 1 && Math.abs(1 / scale - whole) < SNAP ? 1 / whole : scale;
}
