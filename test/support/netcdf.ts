/** netCDF-4 files in the form of netCDF's library: HDF5 with dimension scales. */
import h5wasm from 'h5wasm/node';
import type { TypedArray } from '../../src/geo/index.js';

export interface NetcdfVariable {
  /** Strings are stored as single characters. */
  readonly data: TypedArray | BigInt64Array | string[];
  /** Names of coordinate variables; none for a scalar. */
  readonly dimensions: readonly string[];
  readonly shape: readonly number[];
  /** Chunk shape; if given, values are deflated. */
  readonly chunks?: readonly number[];
  /** Numbers are stored as float64, typed arrays with their dtype. */
  readonly attributes?: Readonly<Record<string, string | number | TypedArray | BigInt64Array>>;
}

export async function writeNetcdf4(
  path: string,
  variables: Readonly<Record<string, NetcdfVariable>>,
): Promise<string> {
  await h5wasm.ready;
  const file = new h5wasm.File(path, 'w');
  try {
    file.create_attribute('_NCProperties', 'version=2,netcdf=4.9.2,hdf5=1.14.3');
    for (const [name, { data, shape, chunks, attributes = {} }] of Object.entries(variables)) {
      const dataset = file.create_dataset({
        name,
        data,
        shape: [...shape],
        ...(Array.isArray(data) ? { dtype: 'S1' } : {}),
        ...(chunks === undefined ? {} : { chunks: [...chunks], compression: 4 }),
      });
      for (const [key, value] of Object.entries(attributes)) dataset.create_attribute(key, value);
    }
    for (const [name, { dimensions }] of Object.entries(variables)) {
      if (dimensions[0] === name) {
        const scale = file.get(name);
        if (scale instanceof h5wasm.Dataset) scale.make_scale(name);
      }
    }
    for (const [name, { dimensions }] of Object.entries(variables)) {
      const dataset = file.get(name);
      if (!(dataset instanceof h5wasm.Dataset) || dimensions[0] === name) continue;
      for (const [axis, dimension] of dimensions.entries()) dataset.attach_scale(axis, dimension);
    }
  } finally {
    file.close();
  }
  return path;
}
