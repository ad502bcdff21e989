/**
 * Combines several layers over the same grid: dates, orbits, neighbouring scenes.
 *
 * Definition: the mean, sum, median, minimum, maximum, first, last or count of the layers with data (finite values) at a
 * pixel; NaN (0 for the count) without any. The median of an even number is the mean of the two in the middle, as in
 * `numpy.nanmedian`.
 *
 * Shapes: layers float32, any number of them; destination float32 of as many values as a layer. Error: none, except for
 * the mean (layers · 2⁻²³ · the largest magnitude) and the sum (layers times that). Bytes per pixel: 4 per layer + 4; three
 * times that for a list of layers, which are concatenated first. The median on a GPU reads each layer as often as there
 * are layers, at most 33 times, mostly from its caches.
 */
import { invalidInput } from '../errors.js';
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { mosaicShader } from '../shaders/index.js';
import * as cpu from './cpu/mosaic.js';
import { perValue } from './grid.js';
import { MOSAIC_METHODS, type MosaicMethod } from './mosaic-methods.js';
import { forEachStack, type Stack } from './stack.js';

export { MOSAIC_METHODS, type MosaicMethod } from './mosaic-methods.js';

export const MOSAIC = {
  bindings: {
    layers: { access: 'read', dtype: 'float32' },
    destination: { access: 'write', dtype: 'float32' },
  },
  // A layer has `stride` values; the first pixel goes to `first` in the destination.
  parameters: { count: 'u32', layers: 'u32', stride: 'u32', first: 'u32' },
  constants: { method: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `mosaic`. */
export const mosaicKernel = perValue('mosaic', MOSAIC, mosaicShader, ['missing'], cpu);

/** Arguments of `mosaic`. */
export interface MosaicOptions {
  /** One tensor (layer, …pixels), or a list of planes; float32, NaN for no data. */
  layers: DeviceTensor | readonly DeviceTensor[];
  method: MosaicMethod;
  /** float32; not one of the layers. */
  destination: DeviceTensor;
}

/**
 * Combines layers, ignoring gaps.
 * @throws {TerrachipError} INVALID_INPUT without layers, or if one has fewer values than the destination
 */
export function mosaic(backend: Backend, { layers, method, destination }: MosaicOptions): void {
  const combine = (layerCount: number, { planes, stride, first, count }: Stack): void =>
    backend.run(mosaicKernel, {
      tensors: { layers: planes, destination },
      parameters: { count, layers: layerCount, stride, first, method: MOSAIC_METHODS.indexOf(method) },
    });
  if (layers === destination || ('includes' in layers && layers.includes(destination))) {
    throw invalidInput('a mosaic', 'overwrites one of its layers', 'allocate a tensor for the result');
  }
  if ('shape' in layers) {
    const [layerCount] = layers.shape;
    if (layers.length !== layerCount * destination.length) {
      const problem = `do not fit a mosaic of ${destination.length} pixels`;
      throw invalidInput(`layers of shape (${layers.shape.join(', ')})`, problem, 'give (layer, …pixels)');
    }
    const stride = destination.length;
    combine(layerCount, { planes: layers, stride, first: 0, count: stride });
    return;
  }
  if (layers.length === 0)
    throw invalidInput('a mosaic of no layers', 'is undefined', 'give at least one layer');
  forEachStack(backend, 'a mosaic', layers, destination.length, (stack) => combine(layers.length, stack));
}
