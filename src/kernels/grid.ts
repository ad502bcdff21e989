import type { Grid } from '../gpu/index.js';

/** Invocations of a flat array are laid out in rows of this many, since one axis of a dispatch is not enough. */
const FLAT_ROW = 65536;

/** The dispatch of `count` invocations whose index the shader finds with `flat_index`. */
export function flatGrid(count: number): Grid {
  return [Math.min(count, FLAT_ROW), Math.ceil(count / FLAT_ROW), 1];
}

/** Elements that a CPU thread takes at a time where rows mean nothing. */
export const FLAT_PIECE = 16384;

/** The number of pieces of a flat array, for kernels that share out elements and not rows. */
export function flatRows(count: number): number {
  return Math.ceil(count / FLAT_PIECE);
}
