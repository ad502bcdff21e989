/**
 * Stored values to float32, with NaN in the place of no data.
 *
 * Definition: `NaN` where the stored value is the nodata value (or NaN), else `stored · scale + offset`. Integers
 * are compared exactly; float32 as GDAL's `ARE_REAL_EQUAL` does: `a = b` or `|a − b| < 2⁻²² · |a + b|`
 * (gdal_priv.h), which takes −9999.004 for −9999.
 *
 * Shapes: any; source of any tensor dtype, result float32 of the same shape.
 * Error: 2 ulp of the result. NaN exactly where the CPU has NaN.
 * Bytes a value: its stored size + 4.
 */
import { invalidInput } from '../errors.js';
import { rangeOf } from '../geo/index.js';
import { type Backend, type DeviceTensor, defineKernel, type TensorDtype } from '../gpu/index.js';
import { compose, nodataShader } from '../shaders/index.js';
import { module, run } from './cpu/nodata.js';
import { flatGrid, flatRows } from './grid.js';
import { STORED_TYPES } from './stored-types.js';

export const nodataKernel = defineKernel({
  name: 'nodata',
  code: compose(nodataShader, ['missing', 'flat-index', 'stored']),
  workgroupSize: [256, 1, 1],
  bindings: [
    { name: 'source', access: 'read' },
    { name: 'destination', access: 'write' },
  ],
  parameters: [
    { name: 'count', type: 'u32' },
    { name: 'nodata_kind', type: 'u32' },
    { name: 'nodata_bits', type: 'u32' },
    { name: 'scale', type: 'f32' },
    { name: 'offset', type: 'f32' },
  ],
  constants: ['stored_type'],
  grid: ({ count }) => flatGrid(count),
  cpu: { module, run, rows: ({ count }) => flatRows(count) },
});

export interface NodataOptions {
  /** The nodata value in stored units; null or undefined for none. NaN is always no data. */
  nodata?: number | null;
  /** Physical value = stored · scale + offset (defaults 1 and 0). */
  scale?: number;
  offset?: number;
}

/**
 * Converts stored values to float32 with NaN for no data. The result is the caller's.
 * @throws {TerrachipError} INVALID_INPUT when scale or offset is not finite
 */
export function nodataToNaN(
  backend: Backend,
  source: DeviceTensor,
  options: NodataOptions = {},
): DeviceTensor {
  const { scale = 1, offset = 0 } = options;
  if (!Number.isFinite(scale) || !Number.isFinite(offset)) {
    throw invalidInput(
      `a scale of ${scale} and an offset of ${offset}`,
      'are impossible',
      'give finite numbers',
    );
  }
  const destination = backend.allocate(source.shape, 'float32', {
    ...(source.dimensions === null ? {} : { dimensions: source.dimensions }),
    ...(source.geobox === null ? {} : { geobox: source.geobox }),
    nodata: Number.NaN,
  });
  const bits = nodataBits(options.nodata ?? null, source.dtype);
  backend.run(nodataKernel, {
    tensors: { source, destination },
    parameters: {
      count: source.length,
      nodata_kind: bits === null ? 0 : 1,
      nodata_bits: bits ?? 0,
      scale,
      offset,
      stored_type: STORED_TYPES.indexOf(source.dtype),
    },
  });
  return destination;
}

/** The word that the shader compares with, or null where no stored value can be the nodata value. */
function nodataBits(nodata: number | null, dtype: TensorDtype): number | null {
  if (nodata === null || Number.isNaN(nodata)) return null;
  if (dtype === 'float32') {
    const word = new DataView(new ArrayBuffer(4));
    word.setFloat32(0, nodata);
    return word.getUint32(0);
  }
  const { min, max } = rangeOf(dtype);
  if (!Number.isInteger(nodata) || nodata < min || nodata > max) return null;
  return nodata >>> 0;
}
