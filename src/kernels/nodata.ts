/**
 * Stored values to float32, with NaN for no data (definition in `stored-values.ts`).
 *
 * Shapes: any; source of any tensor dtype, result float32 of the same shape.
 * Error: 2 ulp of the result. NaN exactly where the CPU has NaN.
 * Bytes per value: its stored size + 4.
 */
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { nodataShader } from '../shaders/index.js';
import * as cpu from './cpu/nodata.js';
import { perValue } from './grid.js';
import { type NodataOptions, STORED_PARAMETERS, storedParameters } from './stored-values.js';

export const NODATA = {
  bindings: {
    source: { access: 'read', dtype: 'any' },
    destination: { access: 'write', dtype: 'float32' },
  },
  parameters: { count: 'u32', ...STORED_PARAMETERS },
  constants: { stored_type: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `nodataToNaN`. */
export const nodataKernel = perValue(
  'nodata',
  NODATA,
  nodataShader,
  ['missing', 'stored', 'stored-values'],
  cpu,
);

/**
 * Converts stored values to float32 with NaN for no data. The caller owns the result. Not needed before `warp`, which
 * converts as it reads.
 * @throws {TerrachipError} INVALID_INPUT when scale or offset is not finite
 */
export function nodataToNaN(
  backend: Backend,
  source: DeviceTensor,
  options: NodataOptions = {},
): DeviceTensor {
  const parameters = { count: source.length, ...storedParameters(source.dtype, options) };
  const destination = backend.allocate(source.shape, 'float32', {
    ...(source.dimensions === null ? {} : { dimensions: source.dimensions }),
    ...(source.geobox === null ? {} : { geobox: source.geobox }),
    nodata: Number.NaN,
  });
  backend.run(nodataKernel, { tensors: { source, destination }, parameters });
  return destination;
}
