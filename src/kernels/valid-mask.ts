/**
 * The mask of pixels with data in all of several planes.
 *
 * Definition: 1 where every plane is finite, else 0.
 *
 * Shapes: float32 planes of as many values as the uint8 mask, or one tensor (…bands, …pixels). Error: none.
 * Bytes per pixel and plane: 4 in one tensor + 1; 6 for separate planes.
 */
import { invalidInput } from '../errors.js';
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { validMaskShader } from '../shaders/index.js';
import { requireLength } from './check.js';
import * as cpu from './cpu/valid-mask.js';
import { perValue } from './grid.js';

export const VALID_MASK = {
  bindings: {
    plane: { access: 'read', dtype: 'float32' },
    mask: { access: 'read_write', dtype: 'uint8' },
  },
  // `first` is 1 to start a mask, 0 to combine with the existing one.
  parameters: { count: 'u32', planes: 'u32', first: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `validMask`. */
export const validMaskKernel = perValue('valid-mask', VALID_MASK, validMaskShader, ['missing'], cpu, 4);

/**
 * Writes the mask (uint8) of the pixels with data in all planes: any set of bands, dates or inputs.
 * @param planes one tensor of whole planes, such as (band, y, x), or a list of planes
 * @throws {TerrachipError} INVALID_INPUT without planes, if one is shorter than the mask, or if a tensor does not consist
 *   of whole planes
 */
export function validMask(
  backend: Backend,
  planes: DeviceTensor | readonly DeviceTensor[],
  mask: DeviceTensor,
): void {
  const stacked = 'shape' in planes;
  const tensors = stacked ? [planes] : planes;
  if (tensors.length === 0)
    throw invalidInput('a valid mask of no planes', 'is undefined', 'give at least one plane');
  for (const [i, plane] of tensors.entries()) {
    requireLength('valid mask', plane, mask.length);
    const count = stacked ? plane.length / mask.length : 1;
    if (!Number.isInteger(count)) {
      const problem = `is not made of planes of ${mask.length} pixels`;
      throw invalidInput(`a tensor of ${plane.length} values`, problem, 'give (…bands, …pixels)');
    }
    backend.run(validMaskKernel, {
      tensors: { plane, mask },
      parameters: { count: mask.length, planes: count, first: i === 0 ? 1 : 0 },
    });
  }
}
