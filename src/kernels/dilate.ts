/**
 * Dilation of masks, such as a margin around clouds and their shadows.
 *
 * Definition: `scipy.ndimage.binary_dilation(mask, structure)`, where the structure is a disc, `dx² + dy² ≤ radius²`, or a
 * square, `|dx|, |dy| ≤ radius`. Pixels outside the image are not set. Two passes: the distance to the nearest set pixel
 * of the row, then over the rows of the structure.
 *
 * Shapes: mask uint8 (height, width), in place. Error: none. Bytes per pixel: 3, and 1 per row of the structure.
 */
import { invalidInput } from '../errors.js';
import { type Backend, type DeviceTensor, defineKernel, type KernelTable } from '../gpu/index.js';
import { compose, dilateShader, rowDistanceShader } from '../shaders/index.js';
import { requireDtype } from './check.js';
import * as dilateCpu from './cpu/dilate.js';
import * as rowDistanceCpu from './cpu/row-distance.js';
import { flatGrid } from './grid.js';

/** `reach`: rows and columns to either side. */
const SIZES = { width: 'i32', height: 'i32', reach: 'i32' } as const;

export const ROW_DISTANCE = {
  bindings: {
    mask: { access: 'read', dtype: 'uint8' },
    // Columns to the nearest set pixel of the row, or reach + 1 where it is farther.
    distances: { access: 'write', dtype: 'uint8' },
  },
  parameters: SIZES,
} as const satisfies KernelTable;

/** The first kernel of `dilate`: the distance along the row to the nearest set pixel. */
export const rowDistanceKernel = defineKernel({
  name: 'row-distance',
  ...ROW_DISTANCE,
  shader: compose(rowDistanceShader, ['flat-index']),
  grid: ({ width, height }) => flatGrid(Math.ceil((width * height) / 4)),
  cpu: { module: rowDistanceCpu.module, run: rowDistanceCpu.run, rows: ({ height }) => height },
});

export const DILATE = {
  bindings: {
    distances: { access: 'read', dtype: 'uint8' },
    mask: { access: 'write', dtype: 'uint8' },
  },
  // `limit` is the largest square of a distance in a disc.
  parameters: { ...SIZES, limit: 'i32' },
  constants: { square: 'u32' },
} as const satisfies KernelTable;

/** The second kernel of `dilate`: grows a mask by the distances of the first. */
export const dilateKernel = defineKernel({
  name: 'dilate',
  ...DILATE,
  shader: compose(dilateShader, ['flat-index']),
  grid: ({ width, height }) => flatGrid(Math.ceil((width * height) / 4)),
  cpu: { module: dilateCpu.module, run: dilateCpu.run, rows: ({ height }) => height },
});

/** Distances are bytes, and 255 means farther. */
const MAX_RADIUS = 254;

/** The structuring element of `dilate`. */
export interface DilateOptions {
  /** In pixels, from 0 to 254; may be fractional for discs. */
  radius: number;
  /** Default `disc`. */
  shape?: 'disc' | 'square';
}

/**
 * Dilates a mask in place. A strip of a larger image needs `radius` extra rows on both sides.
 * @param mask uint8 (height, width): anything but 0 is set; afterwards 1 or 0
 * @throws {TerrachipError} INVALID_INPUT for a mask of another shape, or a radius that is not from 0 to 254
 */
export function dilate(
  backend: Backend,
  mask: DeviceTensor,
  { radius, shape = 'disc' }: DilateOptions,
): void {
  requireDtype('dilation', mask, 'uint8');
  if (mask.shape.length !== 2)
    throw invalidInput(`a mask of shape (${mask.shape.join(', ')})`, 'has no rows', 'give (height, width)');
  if (!(radius >= 0 && radius <= MAX_RADIUS))
    throw invalidInput(`a radius of ${radius}`, 'is impossible', `give pixels from 0 to ${MAX_RADIUS}`);
  const [height, width] = mask.shape;
  const reach = Math.floor(radius);
  const distances = backend.allocate(mask.shape, 'uint8');
  const parameters = { width, height, reach };
  backend.run(rowDistanceKernel, { tensors: { mask, distances }, parameters });
  backend.run(dilateKernel, {
    tensors: { distances, mask },
    parameters: { ...parameters, limit: Math.floor(radius * radius), square: shape === 'square' ? 1 : 0 },
  });
  distances.dispose();
}
