/**
 * Resampling filters: a weight by distance, in pixels. The formulas are GDAL's (gdalwarpkernel.cpp, `GWKBilinear`,
 * `GWKCubic`, `GWKBSpline`, `GWKLanczosSinc`). Kernels read them from a table made here in float64, since shaders'
 * sines differ.
 *
 * Widened `lanczos` is not GDAL 3.6.2's, which takes weights at whole pixels' distances and so ignores the part of a
 * pixel that a position lies beyond one, and which cuts the filter off. All others agree.
 */
import type { PixelMapping } from '../geo/index.js';
import { pixelScale } from '../geo/pixel-scale.js';
import { type Antialias, type Interpolation, requireScale } from './resampling.js';

/** Table entries for a distance of one: linear interpolation between them is off by less than 4e-7. */
const STEPS = 2048;

interface Filter {
  /** Distance from which on weights are zero. */
  readonly radius: number;
  weight(distance: number): number;
}

const FILTERS: Readonly<Record<Exclude<Interpolation, 'nearest'>, Filter>> = {
  bilinear: { radius: 1, weight: (d) => 1 - d },
  // Keys 1981, a = -1/2.
  cubic: {
    radius: 2,
    weight: (d) => (d <= 1 ? 1 + d * d * (1.5 * d - 2.5) : 2 + d * (-4 + d * (2.5 - 0.5 * d))),
  },
  // The cubic B-spline, which smooths: it does not pass through the pixels' values.
  cubicspline: {
    radius: 2,
    weight: (d) => (d <= 1 ? 2 / 3 + d * d * (0.5 * d - 1) : (2 - d) ** 3 / 6),
  },
  lanczos: { radius: 3, weight: (d) => sinc(d) * sinc(d / 3) },
};

function sinc(x: number): number {
  if (x === 0) return 1;
  // Exactly 0 at whole distances, so that pixels there count for nothing even where they are infinite.
  return Number.isInteger(x) ? 0 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** From here on GDAL takes a source and a destination pixel for equally large. */
const FULL_SCALE = 0.95;

/** Destination pixels per source pixel along x and y: GDAL's XSCALE and YSCALE. */
export type FilterScale = readonly [number, number];

/**
 * The scale that a kernel's filters get: 1 for `off`, what `pixelScale` finds for `gdal`, or a number for both axes.
 * @throws {TerrachipError} INVALID_OPTION for a number that is not above 0
 */
export function filterScale(antialias: Antialias, mapping: PixelMapping): FilterScale {
  if (antialias === 'off') return [1, 1];
  if (antialias === 'gdal') return pixelScale(mapping);
  return [requireScale(antialias), antialias];
}

/** How an interpolation reads the source. */
export interface FilterPlan {
  /** 0 nearest, 1 bilinear and 2 cubic of whole pixels, 3 a filter from a table. */
  readonly method: 0 | 1 | 2 | 3;
  /** Pixels on either side of a position, along x and y. */
  readonly taps: readonly [number, number];
  /** Weights by distance, and how many entries make a distance of one source pixel along x and y. */
  readonly weights: Float32Array;
  readonly stepsPerPixel: readonly [number, number];
}

const NO_WEIGHTS = new Float32Array(0);

/**
 * What a resampling reads at a scale: below 1 filters widen by 1 / scale, so that no source pixel falls between two
 * destination pixels; 1 and more leave them as they are.
 * @throws {TerrachipError} INVALID_OPTION for a scale that is not a positive number
 */
export function planFilter(resampling: Interpolation, scale: FilterScale = [1, 1]): FilterPlan {
  for (const axis of scale) requireScale(axis, 'scale');
  const stepsPerPixel = [STEPS, STEPS] as const;
  if (resampling === 'nearest') return { method: 0, taps: [1, 1], weights: NO_WEIGHTS, stepsPerPixel };
  const { radius } = FILTERS[resampling];
  const whole = resampling === 'bilinear' ? 1 : resampling === 'cubic' ? 2 : null;
  const [x, y] = scale;
  if (x >= FULL_SCALE && y >= FULL_SCALE && whole !== null) {
    return { method: whole, taps: [radius, radius], weights: NO_WEIGHTS, stepsPerPixel };
  }
  const [stretchX, stretchY] = [Math.min(1, x), Math.min(1, y)];
  return {
    method: 3,
    taps: [Math.ceil(radius / stretchX), Math.ceil(radius / stretchY)],
    weights: filterTable(resampling),
    stepsPerPixel: [STEPS * stretchX, STEPS * stretchY],
  };
}

const TABLES = new Map<Interpolation, Float32Array>();

/** A filter's weights from 0 to its radius. */
function filterTable(resampling: Exclude<Interpolation, 'nearest'>): Float32Array {
  const known = TABLES.get(resampling);
  if (known !== undefined) return known;
  const { radius, weight } = FILTERS[resampling];
  const table = Float32Array.from({ length: radius * STEPS + 1 }, (_, i) => weight(i / STEPS));
  TABLES.set(resampling, table);
  return table;
}
