/**
 * Logits to probabilities, in place.
 *
 * Definition: `p_c = exp(z_c − max z) / Σ exp(z_k − max z)` over the classes of a pixel; NaN for all of them where
 * one logit is not finite.
 *
 * Shapes: float32 (item, class, …pixels). Error: 1e-5. Bytes a value: 8.
 */
import { type Backend, type DeviceTensor, defineKernel } from '../gpu/index.js';
import { compose, softmaxShader } from '../shaders/index.js';
import { requireDtype } from './check.js';
import { module, run } from './cpu/softmax.js';
import { flatRows } from './grid.js';

export const softmaxKernel = defineKernel({
  name: 'softmax',
  code: compose(softmaxShader, ['missing']),
  workgroupSize: [64, 1, 1],
  bindings: [{ name: 'values', access: 'read_write' }],
  parameters: [
    { name: 'items', type: 'u32' },
    { name: 'classes', type: 'u32' },
    { name: 'pixels', type: 'u32' },
  ],
  grid: ({ items, pixels }) => [pixels, items, 1],
  cpu: { module, run, rows: ({ items, pixels }) => items * flatRows(pixels) },
});

/**
 * Turns logits into probabilities, in place.
 * @param shape (item, class, …pixels), where it is not the tensor's own
 */
export function softmax(
  backend: Backend,
  values: DeviceTensor,
  shape: readonly number[] = values.shape,
): void {
  requireDtype('softmax', values, 'float32');
  const [items, classes] = shape;
  const pixels = values.length / (items * classes);
  backend.run(softmaxKernel, { tensors: { values }, parameters: { items, classes, pixels } });
}
