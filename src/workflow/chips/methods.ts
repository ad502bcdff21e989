import type { MosaicMethod } from '../../kernels/index.js';

export const CHIP_METHODS = [
  'first',
  'last',
  'min',
  'max',
  'mean',
  'median',
] as const satisfies readonly MosaicMethod[];
/** How several rows over one pixel of a chip are combined. */
export type ChipMethod = (typeof CHIP_METHODS)[number];
