import type { TensorDtype } from '../gpu/index.js';

/** The types that `functions/stored.wgsl` reads, by their numbers there. */
export const STORED_TYPES: readonly TensorDtype[] = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
];
