import type { Grid } from '../gpu/index.js';

/** Invocations of a flat array are laid out in rows of this many, since one axis of a dispatch is not enough. */
const FLAT_ROW = 65536;

/** The dispatch of `count` invocations whose index the shader finds with `flat_index`. */
export function flatGrid(count: number): Grid {
  return [Math.min(count, FLAT_ROW), Math.ceil(count / FLAT_ROW), 1];
}

/** Values that a CPU thread takes at a time. */
const FLAT_PIECE = 16384;

interface Count {
  readonly count: number;
}

/**
 * How a kernel over `count` values is shared out: an invocation of `each` neighbouring ones on a GPU, and the CPU
 * function gets the first value and the one after the last.
 * @param each 4 for a shader that writes words of four bytes
 */
export function perValue<Run>(cpu: { readonly module: string; readonly run: Run }, each: 1 | 4 = 1) {
  return {
    grid: ({ count }: Count): Grid => flatGrid(Math.ceil(count / each)),
    cpu: { ...cpu, rows: ({ count }: Count): number => count, rowStep: FLAT_PIECE },
  };
}
