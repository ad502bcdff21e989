import type { MosaicMethod } from '../../kernels/index.js';

/** What becomes of several rows over a pixel of a chip. */
export const CHIP_METHODS = [
  'first',
  'last',
  'min',
  'max',
  'mean',
  'median',
] as const satisfies readonly MosaicMethod[];
/** How the rows of a catalog under a chip become one image. */
export type ChipMethod = (typeof CHIP_METHODS)[number];
