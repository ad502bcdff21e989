/**
 * Logits to probabilities, in place.
 *
 * Definition: `p_c = exp(z_c − max z) / Σ exp(z_k − max z)` over the classes of a pixel; NaN for all classes if a logit is
 * not finite.
 *
 * Shapes: float32 (item, class, …pixels). Error: 1e-5. Bytes per value: 8.
 */
import { type Backend, type DeviceTensor, defineKernel, type KernelTable } from '../gpu/index.js';
import { compose, softmaxShader } from '../shaders/index.js';
import { module, run } from './cpu/softmax.js';

export const SOFTMAX = {
  bindings: { values: { access: 'read_write', dtype: 'float32' } },
  parameters: { items: 'u32', classes: 'u32', pixels: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `softmax`. */
export const softmaxKernel = defineKernel({
  name: 'softmax',
  ...SOFTMAX,
  shader: compose(softmaxShader, ['missing']),
  grid: ({ items, pixels }) => [pixels, items, 1],
  cpu: { module, run, rows: ({ items, pixels }) => items * pixels, rowStep: 16384 },
});

/**
 * Converts logits to probabilities, in place.
 * @param shape (item, class, …pixels) (default: the tensor's shape)
 */
export function softmax(
  backend: Backend,
  values: DeviceTensor,
  shape: readonly number[] = values.shape,
): void {
  const [items, classes] = shape;
  const pixels = values.length / (items * classes);
  backend.run(softmaxKernel, { tensors: { values }, parameters: { items, classes, pixels } });
}
