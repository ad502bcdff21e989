/** Resampling of position embeddings to other grids than the checkpoint's. */

const A = -0.75;
const TAPS = 4;

/** Keys' cubic convolution with a = −0.75, as in PyTorch's bicubic interpolation. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < 2 ? ((A * x - 5 * A) * x + 8 * A) * x - 4 * A : 0;
}

/** For each of `to` positions, four source positions, clamped to the edge, and their weights. */
function taps(from: number, to: number, alignCorners: boolean): { positions: number[]; weights: number[] }[] {
  return Array.from({ length: to }, (_, k) => {
    const corner = to === 1 ? 0 : (k * (from - 1)) / (to - 1);
    const centre = alignCorners ? corner : ((k + 0.5) * from) / to - 0.5;
    const first = Math.floor(centre) - 1;
    const all = Array.from({ length: TAPS }, (_unused, j) => first + j);
    return {
      positions: all.map((position) => Math.min(from - 1, Math.max(0, position))),
      weights: all.map((position) => cubic(centre - position)),
    };
  });
}

/**
 * Bicubic interpolation of a grid of embeddings without antialiasing, as PyTorch's `F.interpolate`; sums in float64.
 * @param values (from rows, from columns, depth)
 * @param alignCorners whether the centres of the corners stay where they are, else the outer edges do
 * @returns (to rows, to columns, depth)
 */
export function resizeBicubic(
  values: Float32Array,
  depth: number,
  from: readonly [rows: number, columns: number],
  to: readonly [rows: number, columns: number],
  alignCorners: boolean,
): Float32Array {
  const rows = taps(from[0], to[0], alignCorners);
  const columns = taps(from[1], to[1], alignCorners);
  const result = new Float32Array(to[0] * to[1] * depth);
  const sum = new Float64Array(depth);
  for (const [r, row] of rows.entries()) {
    for (const [c, column] of columns.entries()) {
      sum.fill(0);
      for (let i = 0; i < TAPS; i++) {
        for (let j = 0; j < TAPS; j++) {
          const weight = row.weights[i] * column.weights[j];
          const start = (row.positions[i] * from[1] + column.positions[j]) * depth;
          for (let d = 0; d < depth; d++) sum[d] += weight * values[start + d];
        }
      }
      result.set(sum, (r * to[1] + c) * depth);
    }
  }
  return result;
}
