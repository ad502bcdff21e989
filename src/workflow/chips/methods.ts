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
export type ChipMethod = (typeof CHIP_METHODS)[number];
