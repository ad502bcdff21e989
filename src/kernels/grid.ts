import type { Grid } from '../gpu/index.js';

/** Invocations per row of a flat dispatch, since one axis is too short. */
const FLAT_ROW = 65536;

/** The grid of `count` invocations; the shader gets the index from `flat_index`. */
export function flatGrid(count: number): Grid {
  return [Math.min(count, FLAT_ROW), Math.ceil(count / FLAT_ROW), 1];
}

/** Values per piece of work of a CPU thread. */
const FLAT_PIECE = 16384;

interface Count {
  readonly count: number;
}

/**
 * The grid and CPU rows of a kernel over `count` values. An invocation handles `each` neighbouring values; the CPU function
 * gets the first value and the one after the last as its rows.
 * @param each 4 for a shader that writes words of four bytes
 */
export function perValue<Run>(cpu: { readonly module: string; readonly run: Run }, each: 1 | 4 = 1) {
  return {
    grid: ({ count }: Count): Grid => flatGrid(Math.ceil(count / each)),
    cpu: { ...cpu, rows: ({ count }: Count): number => count, rowStep: FLAT_PIECE },
  };
}
