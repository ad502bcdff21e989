/** Coordinates of one axis as a first value and a step, for a transform. */
import type { ArrayGroup, StoredArray } from '../arrays/index.js';
import { numberOf } from './attributes.js';
import { boundsOf } from './coordinates.js';

/** The centre of the first pixel, and the distance to the next. */
export interface Steps {
  readonly first: number;
  readonly step: number;
}

/** Largest deviation of evenly spaced coordinates, in pixels. */
const TOLERANCE = 0.02;

/** The most coordinates of one axis. */
const MAX_SIDE = 2 ** 24;

/**
 * The steps of an evenly spaced coordinate variable: from the bounds of its cells, or else from its values, at least two.
 * Longitudes may jump by 360° at the antimeridian or Greenwich.
 * @returns null for uneven coordinates
 */
export async function stepsOf(
  group: ArrayGroup,
  coordinate: StoredArray | null,
  isLongitude: boolean,
  signal?: AbortSignal,
): Promise<Steps | null> {
  if (coordinate === null || coordinate.dtype === null || coordinate.shape[0] > MAX_SIDE) return null;
  const options = { signal };
  const scale = numberOf(coordinate.attributes, 'scale_factor') ?? 1;
  const offset = numberOf(coordinate.attributes, 'add_offset') ?? 0;
  const turn = isLongitude ? 360 / Math.abs(scale) : null;
  const read = async (array: StoredArray): Promise<Float64Array> =>
    Float64Array.from((await array.read([], options)).data);
  const centres = await read(coordinate);
  const byCentres = maybeUnwrapped(centres, turn, evenSteps);
  const bounds = await boundsOf(group, coordinate);
  const byCells = bounds === null ? null : maybeUnwrapped(await read(bounds), turn, cellSteps);
  const steps = chooseSteps(byCentres, byCells, centres, turn);
  if (steps === null) return null;
  return westward(
    { first: steps.first * scale + offset, step: steps.step * scale },
    coordinate.shape[0],
    isLongitude,
  );
}

/** The steps of the values, or else of the unwrapped values. */
function maybeUnwrapped(
  values: Float64Array,
  turn: number | null,
  steps: (values: Float64Array) => Steps | null,
): Steps | null {
  return steps(values) ?? (turn === null ? null : steps(unwrapped(values, turn)));
}

/** Cells win if the coordinates are not their centres, unless they are more than a pixel away. */
function chooseSteps(
  byCentres: Steps | null,
  byCells: Steps | null,
  centres: Float64Array,
  turn: number | null,
): Steps | null {
  if (byCells === null) return byCentres;
  const distance = Math.abs(nearest(byCells.first, centres[0], turn) - centres[0]) / Math.abs(byCells.step);
  if (distance > 1) return byCentres;
  const same = byCentres !== null && Math.abs(byCentres.step / byCells.step - 1) <= TOLERANCE;
  return same && distance <= TOLERANCE ? byCentres : byCells;
}

/** The steps of cells from pairs of bounds; null for cells that are uneven or not adjacent. */
function cellSteps(pairs: Float64Array): Steps | null {
  const count = pairs.length / 2;
  // The bounds of a cell may be in the opposite order to the cells.
  const isReversed = count > 1 && (pairs[2] - pairs[0]) * (pairs[1] - pairs[0]) < 0;
  const start = (cell: number): number => pairs[2 * cell + (isReversed ? 1 : 0)];
  const end = (cell: number): number => pairs[2 * cell + (isReversed ? 0 : 1)];
  const tolerance = TOLERANCE * Math.abs(end(0) - start(0)) + roundingOf(pairs);
  for (let cell = 1; cell < count; cell++) {
    if (!(Math.abs(start(cell) - end(cell - 1)) <= tolerance)) return null;
  }
  const edges = evenSteps(
    Float64Array.from({ length: count + 1 }, (_, i) => (i < count ? start(i) : end(count - 1))),
  );
  return edges === null ? null : { first: edges.first + edges.step / 2, step: edges.step };
}

function evenSteps(values: Float64Array): Steps | null {
  if (values.length < 2) return null;
  const [first] = values;
  const step = (values[values.length - 1] - first) / (values.length - 1);
  // The value and the two ends that define the step are rounded.
  const allowed = TOLERANCE * Math.abs(step) + Math.min(2 * roundingOf(values), Math.abs(step) / 4);
  const even = values.every((value, i) => Math.abs(value - (first + i * step)) <= allowed);
  return even && step !== 0 ? { first, step } : null;
}

/** Rounding error of values that passed through float32, in any stored type. */
function roundingOf(values: Float64Array): number {
  const most = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return values.every((value) => Math.fround(value) === value) ? most * 2 ** -24 : 0;
}

function unwrapped(values: Float64Array, turn: number): Float64Array {
  const result = Float64Array.from(values);
  for (let i = 1; i < result.length; i++) result[i] = nearest(result[i], result[i - 1], turn);
  return result;
}

function nearest(value: number, to: number, turn: number | null): number {
  return turn === null ? value : value - turn * Math.round((value - to) / turn);
}

/** Moves longitudes that were unwrapped beyond 360° west by 360°. */
function westward({ first, step }: Steps, count: number, isLongitude: boolean): Steps {
  const [west, east] = [first, first + step * (count - 1)].sort((a, b) => a - b);
  return { first: isLongitude && west >= 180 && east > 360 ? first - 360 : first, step };
}
