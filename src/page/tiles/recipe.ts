/** Recipes: which values of a layer are drawn, and how they are computed. */
import type { Backend } from '../../gpu/index.js';
import {
  type Expression,
  evaluateExpression,
  type Resampling,
  uploadExpression,
} from '../../kernels/index.js';
import { percentileStretch, type Stretch } from '../../workflow/picture/colours.js';

/** The values to draw. */
export interface Recipe {
  /** Bands of the raster, from 1: those of the expression, one band, or red, green and blue. */
  readonly bands: readonly number[];
  /** An expression of the bands, in the order in which it names them; null for the bands unchanged. */
  readonly expression: Expression | null;
  /** Whether values are linear power, drawn in decibels. */
  readonly decibels: boolean;
  readonly resampling: Resampling;
}

/**
 * The planes to draw: one, or red, green and blue.
 * @param planes of the recipe's bands, NaN for no data
 */
export async function shownPlanes(
  backend: Backend,
  { expression, decibels }: Recipe,
  planes: readonly Float32Array[],
): Promise<readonly Float32Array[]> {
  if (expression !== null) return [await evaluated(backend, expression, planes)];
  return decibels ? planes.map(inDecibels) : planes;
}

/** Power in decibels; −Infinity for 0 and less, NaN for no data. */
export function inDecibels(plane: Float32Array): Float32Array {
  return plane.map((power) => 10 * Math.log10(power < 0 ? 0 : power));
}

async function evaluated(
  backend: Backend,
  expression: Expression,
  planes: readonly Float32Array[],
): Promise<Float32Array> {
  const program = uploadExpression(backend, expression);
  const bands = Object.fromEntries(
    expression.bands.map((name, k) => [name, backend.upload(planes[k])] as const),
  );
  const destination = backend.allocate([planes[0].length], 'float32');
  try {
    evaluateExpression(backend, { expression: program, bands, destination });
    return await backend.download(destination);
  } finally {
    for (const plane of [program.program, destination, ...Object.values(bands)]) plane.dispose();
  }
}

/** Limit on values per plane for percentiles. */
const MOST_VALUES = 250_000;

/**
 * The values at two percentiles of the visible pixels, for each plane.
 * @param tiles the planes of each tile
 */
export function stretchesOf(
  tiles: readonly (readonly Float32Array[])[],
  percentiles: readonly [number, number],
): Stretch[] {
  const [first = []] = tiles;
  return first.map((_, k) => {
    const all = tiles.map((planes) => planes[k]);
    const total = all.reduce((sum, { length }) => sum + length, 0);
    const step = Math.ceil(total / MOST_VALUES);
    return percentileStretch(step > 1 ? all.map((plane) => everyNth(plane, step)) : all, percentiles);
  });
}

function everyNth(plane: Float32Array, step: number): Float32Array {
  return Float32Array.from({ length: Math.ceil(plane.length / step) }, (_, i) => plane[i * step]);
}
