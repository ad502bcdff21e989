import type { Stream } from './streams.js';

/** Distance of the nearest point of a stream to each cell of a grid, and its water level. */
export interface StreamField {
  /** Metres. */
  readonly distance: Float32Array;
  /** Metres above sea level. */
  readonly level: Float32Array;
}

/**
 * Distances to a stream on a grid of `width × height` cells of `cell` metres, by Danielsson's four sweeps (1980), which
 * pass the nearest points from cell to cell.
 */
export function distanceToStream(stream: Stream, width: number, height: number, cell: number): StreamField {
  const nearest = new Int32Array(width * height).fill(-1);
  const squared = new Float64Array(width * height).fill(Number.POSITIVE_INFINITY);
  const offer = (column: number, row: number, point: number): void => {
    if (point < 0) return;
    const dx = (column + 0.5) * cell - stream.x[point];
    const dy = (row + 0.5) * cell - stream.y[point];
    const at = row * width + column;
    const d = dx * dx + dy * dy;
    if (d < squared[at]) {
      squared[at] = d;
      nearest[at] = point;
    }
  };
  const clamp = (value: number, size: number): number =>
    Math.max(0, Math.min(size - 1, Math.floor(value / cell)));
  // Points outside the grid start at the nearest edge cell.
  for (let point = 0; point < stream.x.length; point++) {
    offer(clamp(stream.x[point], width), clamp(stream.y[point], height), point);
  }
  const sweep = (row: number, from: number): void => {
    const other = row + from;
    if (other >= 0 && other < height) {
      for (let column = 0; column < width; column++) {
        const above = other * width + column;
        offer(column, row, nearest[above]);
        if (column > 0) offer(column, row, nearest[above - 1]);
        if (column < width - 1) offer(column, row, nearest[above + 1]);
      }
    }
    for (let column = 1; column < width; column++) offer(column, row, nearest[row * width + column - 1]);
    for (let column = width - 2; column >= 0; column--) offer(column, row, nearest[row * width + column + 1]);
  };
  for (let row = 0; row < height; row++) sweep(row, -1);
  for (let row = height - 1; row >= 0; row--) sweep(row, 1);
  return {
    distance: Float32Array.from(squared, Math.sqrt),
    level: Float32Array.from(nearest, (point) => stream.level[point]),
  };
}

/** Doubles the resolution of a field by bilinear interpolation between cell centres. */
export function refine(field: Float32Array, width: number, height: number): Float32Array {
  const fine = new Float32Array(4 * width * height);
  for (let row = 0; row < 2 * height; row++) {
    const near = row >> 1;
    const far = Math.max(0, Math.min(height - 1, near + (row % 2 === 0 ? -1 : 1)));
    for (let column = 0; column < 2 * width; column++) {
      const left = column >> 1;
      const right = Math.max(0, Math.min(width - 1, left + (column % 2 === 0 ? -1 : 1)));
      const a = 0.75 * field[near * width + left] + 0.25 * field[near * width + right];
      const b = 0.75 * field[far * width + left] + 0.25 * field[far * width + right];
      fine[row * 2 * width + column] = 0.75 * a + 0.25 * b;
    }
  }
  return fine;
}
