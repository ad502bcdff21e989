/** netCDF-3, whose values are uncompressed. netCDF-4 is HDF5, which needs a library: `node/hdf5.ts`. */
export { missingPackage } from './missing.js';
export { openNetcdf3 } from './netcdf3.js';
