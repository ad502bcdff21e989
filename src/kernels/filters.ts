/**
 * Resampling filters: weight by distance in pixels. The formulas are GDAL's (gdalwarpkernel.cpp, `GWKBilinear`,
 * `GWKCubic`, `GWKBSpline`, `GWKLanczosSinc`). Kernels read them from a table computed here in float64, since `sin` differs
 * between shaders.
 *
 * Widened `lanczos` differs from GDAL 3.6.2, which rounds distances to whole pixels and truncates the filter. All others
 * agree.
 */
import type { PixelMapping } from '../geo/index.js';
import { pixelScale } from '../geo/pixel-scale.js';
import { type Antialias, type Interpolation, requireScale } from './resampling.js';

/** Table entries per pixel: the error of linear interpolation is below 4e-7. */
const STEPS = 2048;

interface Filter {
  /** Weights are zero beyond this distance. */
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
  // The cubic B-spline smooths: it does not interpolate the pixels' values.
  cubicspline: {
    radius: 2,
    weight: (d) => (d <= 1 ? 2 / 3 + d * d * (0.5 * d - 1) : (2 - d) ** 3 / 6),
  },
  lanczos: { radius: 3, weight: (d) => sinc(d) * sinc(d / 3) },
};

function sinc(x: number): number {
  if (x === 0) return 1;
  // Exactly 0 at whole distances, so that pixels there are ignored even if infinite.
  return Number.isInteger(x) ? 0 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** From this scale on GDAL treats source and destination pixels as equally large. */
const FULL_SCALE = 0.95;

/** Destination pixels per source pixel along x and y: GDAL's XSCALE and YSCALE. */
export type FilterScale = readonly [number, number];

/**
 * The scale of a kernel's filters: 1 for `off`, that of `pixelScale` for `gdal`, or a number for both axes.
 * @throws {TerrachipError} INVALID_OPTION for a number that is not above 0
 */
export function filterScale(antialias: Antialias, mapping: PixelMapping): FilterScale {
  if (antialias === 'off') return [1, 1];
  if (antialias === 'gdal') return pixelScale(mapping);
  return [requireScale(antialias), antialias];
}

/** The filter of an interpolation. */
export interface FilterPlan {
  /** 0 nearest, 1 bilinear (4 pixels), 2 cubic (16 pixels), 3 a filter from a table. */
  readonly method: 0 | 1 | 2 | 3;
  /** Pixels on either side of a position, along x and y. */
  readonly taps: readonly [number, number];
  /** Weights by distance, and the entries per source pixel along x and y. */
  readonly weights: Float32Array;
  readonly stepsPerPixel: readonly [number, number];
}

const NO_WEIGHTS = new Float32Array(0);

/**
 * The filter of a resampling at a scale. Below 1, filters widen by 1 / scale, so that every source pixel contributes; from
 * 1 on they are unchanged.
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
