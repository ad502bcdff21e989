import type { PixelMapping } from './pixel-mapping.js';

/** Sampled pixels along a side of the destination. */
const SAMPLES = 10;
/** Tangent (of some 20°) up to which pixel sides count as parallel to the source's axes. */
const MODEST_ANGLE = 0.35;
/** Scales below this share of the largest are ignored: they come from pixels near a pole or a cut. */
const OUTLIER = 0.1;
/** Distance to a whole number of source pixels that counts as rounding. */
const SNAP = 0.05;

/**
 * Destination pixels per source pixel along the source's x and y, for the whole grids, as in GDAL's warper from version
 * 3.13. (Earlier versions used bounding boxes of chunks, which blurred rotated images and differed between chunks.) It is
 * the mean over 10 × 10 destination pixels inside the source, from the lengths of their sides in the source, or from the
 * root of their area if they are rotated by more than some 20°. Scales close to 1/n become 1/n. (1, 1) without overlap.
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
