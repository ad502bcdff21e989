/**
 * `terrachip/raster` in Node: the portable part, any EPSG code, files, all formats and codecs, and writers.
 * @module terrachip/raster
 */
import '../../geo/node/epsg.js';
import './register.js';

export * from '../index.js';
export { type Jp2Options, Jp2Raster } from '../jp2/raster.js';
export { NpyArray } from '../npy/array.js';
export {
  cfAttributes,
  geoZarrAttributes,
  type ZarrArrayOptions,
  type ZarrCompression,
} from '../zarr/metadata.js';
export { CogWriter } from './cog-writer.js';
export { type NpyOptions, NpyWriter, writeNpy } from './npy-writer.js';
export { type OpenStoreOptions, openNetcdf, openNpy, openZarr } from './stores.js';
export { type TensorCogOptions, writeCog } from './write-cog.js';
export { type ZarrCubeOptions, type ZarrCubeVariable, ZarrCubeWriter } from './zarr-cube.js';
export {
  consolidateZarr,
  createZarrGroup,
  type WrittenFile,
  writeZarrGrid,
  writeZarrTimes,
  ZarrShardWriter,
  type ZarrTextOptions,
} from './zarr-writer.js';
