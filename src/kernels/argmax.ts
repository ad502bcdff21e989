/**
 * Classes from scores.
 *
 * Definition: the class with the largest score (the lowest class of equal scores); nodata where a score is not finite.
 *
 * Shapes: scores (class, …) float32 and labels (…) uint8. Error: none. Bytes per pixel: 4 per class read + 1 written.
 */
import { invalidInput, invalidOption } from '../errors.js';
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { argmaxShader } from '../shaders/index.js';
import * as cpu from './cpu/argmax.js';
import { perValue } from './grid.js';

export const ARGMAX = {
  bindings: {
    scores: { access: 'read', dtype: 'float32' },
    labels: { access: 'write', dtype: 'uint8' },
  },
  parameters: { count: 'u32', classes: 'u32', nodata: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `argmax`. */
export const argmaxKernel = perValue('argmax', ARGMAX, argmaxShader, ['missing'], cpu, 4);

/** Arguments of `argmax`. */
export interface ArgmaxOptions {
  /** (class, …) float32: at most 255 classes. */
  scores: DeviceTensor;
  /** (…) uint8: one value per pixel of the scores. */
  labels: DeviceTensor;
  /** The label where a score is not finite (default 255); not a class. */
  nodata?: number;
}

/**
 * Writes the class with the largest score of each pixel.
 * @throws {TerrachipError} INVALID_INPUT for tensors of different sizes, INVALID_OPTION for a nodata that is a class or
 *   above 255
 */
export function argmax(backend: Backend, { scores, labels, nodata = 255 }: ArgmaxOptions): void {
  const classes = scores.shape[0];
  if (scores.length !== classes * labels.length) {
    const source = `scores of shape (${scores.shape.join(', ')}) and ${labels.length} labels for argmax`;
    throw invalidInput(source, 'do not fit', 'give one label per pixel');
  }
  if (!Number.isInteger(nodata) || nodata < classes || nodata > 255) {
    throw invalidOption('nodata', `cannot be ${nodata}`, `give a whole number from ${classes} to 255`);
  }
  backend.run(argmaxKernel, {
    tensors: { scores, labels },
    parameters: { count: labels.length, classes, nodata },
  });
}
