/** The extent of one grid in pixels of another, in any two CRSs. */
import { invalidInput } from '../errors.js';
import { createPixelMapping, createTransform, type GeoBox, type PixelWindow } from '../geo/index.js';

/** Samples along each side of a box, less one; the bulge between two samples is estimated and added. */
const STEPS = 32;

export interface ProjectedBox {
  /** The box's extent in pixels of the grid, not rounded. */
  readonly area: PixelWindow;
  /** Width and height of the box's smallest pixels, in pixels of the grid. */
  readonly scale: readonly [number, number];
}

/** The extent and the finest pixel size of a box on another grid. @throws {TerrachipError} INVALID_INPUT outside its CRS */
export function projectBox(box: GeoBox, grid: GeoBox): ProjectedBox {
  const mapping = createPixelMapping(box, grid);
  const side = STEPS + 1;
  const axes = [new Float64Array(side * side), new Float64Array(side * side)] as const;
  const point = new Float64Array(2);
  for (let j = 0; j < side; j++) {
    for (let i = 0; i < side; i++) {
      mapping.map((i * box.width) / STEPS, (j * box.height) / STEPS, point);
      axes[0][j * side + i] = point[0];
      axes[1][j * side + i] = point[1];
    }
  }
  const [x, y] = axes.map((values) => extentOf(values, side));
  for (const [column, row] of polesIn(box, grid)) {
    [x.low, x.high] = [Math.min(x.low, column), Math.max(x.high, column)];
    [y.low, y.high] = [Math.min(y.low, row), Math.max(y.high, row)];
  }
  if (!(x.low <= x.high && y.low <= y.high)) {
    throw invalidInput(
      `the area (${box.bounds.join(', ')}) in ${box.crs}`,
      `lies outside the domain of ${grid.crs}`,
      'give one that the coordinate reference system covers',
    );
  }
  const scales = axes.map((values) => finestStep(values, side, STEPS / box.width, STEPS / box.height));
  return {
    area: { x: x.low, y: y.low, width: x.high - x.low, height: y.high - y.low },
    scale: [scales[0], scales[1]],
  };
}

/**
 * Poles inside a box, as pixel positions on a grid in degrees: samples may miss them. A pole has all longitudes, so each
 * gives a position at both sides of the grid.
 */
function polesIn(box: GeoBox, grid: GeoBox): [number, number][] {
  if (box.crs.isGeographic || !grid.crs.isGeographic) return [];
  const toBox = createTransform(grid.crs, box.crs);
  const toColumn = box.transform.inverse();
  const toPixel = grid.transform.inverse();
  const [west, , east] = grid.bounds;
  return [-90, 90].flatMap((latitude) => {
    const [x, y] = toColumn.apply(...toBox.forward(0, latitude));
    // NaN, outside the projection's domain, fails.
    if (!(x >= 0 && y >= 0 && x <= box.width && y <= box.height)) return [];
    return [toPixel.apply(west, latitude), toPixel.apply(east, latitude)];
  });
}

/** The range of one coordinate over a lattice, with a margin for extremes between samples. */
function extentOf(values: Float64Array, side: number): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  let bulge = 0;
  let step = 0;
  let hasGaps = false;
  for (const [k, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      hasGaps = true;
      continue;
    }
    low = Math.min(low, value);
    high = Math.max(high, value);
    const [i, j] = [k % side, Math.floor(k / side)];
    for (const [isInner, stride] of [
      [i > 0 && i + 1 < side, 1],
      [j > 0 && j + 1 < side, side],
    ] as const) {
      if (!isInner) continue;
      const [before, after] = [values[k - stride], values[k + stride]];
      if (Number.isFinite(before)) step = Math.max(step, Math.abs(value - before));
      // A parabola through three samples deviates from its chords by 1/8 of the second difference.
      const bend = Math.abs(before - 2 * value + after) / 8;
      if (bend > bulge) bulge = bend;
    }
  }
  // Where the projection's domain ends between two samples, the area may reach to the second.
  const margin = bulge + (hasGaps ? step : 0);
  return { low: low - margin, high: high + margin };
}

/** The smallest length that a pixel of the box spans along one axis of the grid. */
function finestStep(values: Float64Array, side: number, perColumn: number, perRow: number): number {
  let finest = Infinity;
  for (let j = 0; j + 1 < side; j++) {
    for (let i = 0; i + 1 < side; i++) {
      const k = j * side + i;
      const across = (values[k + 1] - values[k]) * perColumn;
      const down = (values[k + side] - values[k]) * perRow;
      const length = Math.hypot(across, down);
      if (length < finest) finest = length;
    }
  }
  return finest;
}
