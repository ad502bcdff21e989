/**
 * Replaces masked values by NaN, in place.
 *
 * Definition: NaN where the mask is set (`maskOut`) or not set (`keepWhere`); other values are unchanged.
 *
 * Shapes: values float32 (…bands, …pixels), mask uint8 (…pixels), used for each plane. Error: none.
 * Bytes per value: 1, and 4 where it is replaced.
 */
import { invalidInput } from '../errors.js';
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { maskValuesShader } from '../shaders/index.js';
import * as cpu from './cpu/mask-values.js';
import { perValue } from './grid.js';

export const MASK_VALUES = {
  bindings: {
    values: { access: 'read_write', dtype: 'float32' },
    mask: { access: 'read', dtype: 'uint8' },
  },
  parameters: { count: 'u32', pixels: 'u32' },
  constants: { where_set: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `maskOut` and `keepWhere`. */
export const maskValuesKernel = perValue('mask-values', MASK_VALUES, maskValuesShader, ['missing'], cpu);

/**
 * Replaces values by NaN where `mask` is not 0, such as clouds and shadows.
 * @throws {TerrachipError} INVALID_INPUT unless the values are whole planes of as many pixels as the mask
 */
export function maskOut(backend: Backend, values: DeviceTensor, mask: DeviceTensor): void {
  maskValues(backend, values, mask, 1);
}

/**
 * Replaces values by NaN where `mask` is 0, such as outside an area or where another band has no data.
 * @throws {TerrachipError} INVALID_INPUT unless the values are whole planes of as many pixels as the mask
 */
export function keepWhere(backend: Backend, values: DeviceTensor, mask: DeviceTensor): void {
  maskValues(backend, values, mask, 0);
}

function maskValues(backend: Backend, values: DeviceTensor, mask: DeviceTensor, where_set: 0 | 1): void {
  if (values.length % mask.length !== 0) {
    const remedy = 'give values of whole planes of as many pixels';
    throw invalidInput(`a mask of ${mask.length} pixels`, `does not fit ${values.length} values`, remedy);
  }
  backend.run(maskValuesKernel, {
    tensors: { values, mask },
    parameters: { count: values.length, pixels: mask.length, where_set },
  });
}
