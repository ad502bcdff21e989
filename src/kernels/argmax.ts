/**
 * From scores to classes.
 *
 * Definition: the class with the largest score, the lowest among equals; nodata where a score is not finite.
 *
 * Shapes: scores (class, …) float32 and labels (…) uint8. Error: none. Bytes a pixel: 4 a class read + 1 written.
 */
import { invalidInput, invalidOption } from '../errors.js';
import { type Backend, type DeviceTensor, defineKernel, type KernelTable } from '../gpu/index.js';
import { argmaxShader, compose } from '../shaders/index.js';
import { module, run } from './cpu/argmax.js';
import { perValue } from './grid.js';

export const ARGMAX = {
  bindings: {
    scores: { access: 'read', dtype: 'float32' },
    labels: { access: 'write', dtype: 'uint8' },
  },
  parameters: { count: 'u32', classes: 'u32', nodata: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `argmax`. */
export const argmaxKernel = defineKernel({
  name: 'argmax',
  ...ARGMAX,
  shader: compose(argmaxShader, ['missing', 'flat-index']),
  ...perValue({ module, run }, 4),
});

/** What `argmax` reads and writes. */
export interface ArgmaxOptions {
  /** (class, …) float32: at most 255 classes. */
  scores: DeviceTensor;
  /** (…) uint8: as many values as the scores have pixels. */
  labels: DeviceTensor;
  /** The label where a score is not finite (default 255); no class may have it. */
  nodata?: number;
}

/**
 * Writes the class with the largest score of each pixel.
 * @throws {TerrachipError} INVALID_INPUT for tensors that do not fit together, INVALID_OPTION for a nodata that is
 * no byte or a class
 */
export function argmax(backend: Backend, { scores, labels, nodata = 255 }: ArgmaxOptions): void {
  const classes = scores.shape[0];
  if (scores.length !== classes * labels.length) {
    throw invalidInput(
      `scores of shape (${scores.shape.join(', ')}) and ${labels.length} labels for argmax`,
      'do not fit',
      'give one label a pixel',
    );
  }
  if (!Number.isInteger(nodata) || nodata < classes || nodata > 255) {
    throw invalidOption('nodata', `cannot be ${nodata}`, `give a whole number from ${classes} to 255`);
  }
  backend.run(argmaxKernel, {
    tensors: { scores, labels },
    parameters: { count: labels.length, classes, nodata },
  });
}
