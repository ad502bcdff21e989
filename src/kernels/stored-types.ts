import type { TensorDtype } from '../gpu/index.js';

/** The types in `functions/stored.wgsl`, in the order of their numbers. */
export const STORED_TYPES: readonly TensorDtype[] = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
];
