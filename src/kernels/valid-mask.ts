/**
 * Where a set of planes has data.
 *
 * Definition: 1 where every plane is finite, else 0.
 *
 * Shapes: planes float32 and mask uint8 of as many values. Error: none. Bytes a pixel and plane: 5.
 */
import { invalidInput } from '../errors.js';
import { type Backend, type DeviceTensor, defineKernel } from '../gpu/index.js';
import { compose, validMaskShader } from '../shaders/index.js';
import { requireDtype, requireLength } from './check.js';
import { module, run } from './cpu/valid-mask.js';
import { flatGrid, flatRows } from './grid.js';

export const validMaskKernel = defineKernel({
  name: 'valid-mask',
  code: compose(validMaskShader, ['missing', 'flat-index']),
  workgroupSize: [256, 1, 1],
  bindings: [
    { name: 'plane', access: 'read' },
    { name: 'mask', access: 'read_write' },
  ],
  parameters: [
    { name: 'count', type: 'u32' },
    { name: 'first', type: 'u32' },
  ],
  grid: ({ count }) => flatGrid(Math.ceil(count / 4)),
  cpu: { module, run, rows: ({ count }) => flatRows(count) },
});

/**
 * Writes into `mask` (uint8) where all `planes` have data.
 * @throws {TerrachipError} INVALID_INPUT without planes, or when one is shorter than the mask
 */
export function validMask(backend: Backend, planes: readonly DeviceTensor[], mask: DeviceTensor): void {
  if (planes.length === 0)
    throw invalidInput('a valid mask of no planes', 'is undefined', 'give at least one plane');
  requireDtype('valid mask', mask, 'uint8');
  for (const [i, plane] of planes.entries()) {
    requireDtype('valid mask', plane, 'float32');
    requireLength('valid mask', plane, mask.length);
    backend.run(validMaskKernel, {
      tensors: { plane, mask },
      parameters: { count: mask.length, first: i === 0 ? 1 : 0 },
    });
  }
}
