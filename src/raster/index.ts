/**
 * Rasters: opening and reading by window, warping onto a grid, and writing COGs and Zarr shards. Runs in Node.
 * @module
 */
import '../geo/node/epsg.js';

export type {
  Affine,
  Bounds,
  Crs,
  CrsLike,
  Dtype,
  GeoBox,
  GeoTensor,
  PixelWindow,
  RowRange,
  TimeInterval,
  TypedArray,
} from '../geo/index.js';
export type { Backend, DeviceTensor } from '../gpu/index.js';
export type { ByteLru } from '../io/byte-lru.js';
export type { ByteSource, OpenOptions } from '../io/index.js';
export type { Antialias, Resampling } from '../kernels/index.js';
export type { OnProgress } from '../progress.js';
export type {
  ArrayGroup,
  Attributes,
  AxisRange,
  NdArray,
  ReadArrayOptions,
  Selection,
  StoredArray,
} from './arrays/index.js';
export { ArrayRaster, type Coordinate } from './cf/index.js';
export type { CogCompression, CogOptions } from './cog/options.js';
export type { OverviewMethod } from './cog/overview.js';
export type { Declarations, DeclaredRaster } from './declared.js';
export type { Sidecars } from './geotiff/levels.js';
export {
  type BlockCache,
  createBlockCache,
  type GeoTiffOptions,
  GeoTiffRaster,
} from './geotiff/reader.js';
export { toStoredIntegers } from './geotiff/sample-types.js';
export { type Jp2Options, Jp2Raster } from './jp2/raster.js';
export { CogWriter, type TensorCogOptions, writeCog } from './node/cog-writer.js';
export { type NpyOptions, writeNpy } from './node/npy-writer.js';
export { type OpenRasterOptions, openRaster } from './node/open.js';
export { type OpenStoreOptions, openNetcdf, openNpy, openZarr } from './node/stores.js';
export { type ZarrCubeOptions, type ZarrCubeVariable, ZarrCubeWriter } from './node/zarr-cube.js';
export type { ZarrTextOptions } from './node/zarr-text-writer.js';
export {
  consolidateZarr,
  createZarrGroup,
  writeZarrGrid,
  writeZarrTimes,
  ZarrShardWriter,
} from './node/zarr-writer.js';
export { NpyArray } from './npy/index.js';
export type { Pam, PamBand } from './pam.js';
export { type Pixels, type PixelsRequest, physicalValues, type ReadBand, readPixels } from './pixels.js';
export type {
  BandInfo,
  ColourTable,
  GroundControlPoint,
  MaskKind,
  MaskRequest,
  Metadata,
  Raster,
  ReadRequest,
  WindowRequest,
} from './raster.js';
export type { RasterView } from './raster-view.js';
export { type Stored, toStored, UsedValues } from './stored-values.js';
export { checkPlausible, type UnitConversion, type UnitStep, type Units, unitConversion } from './units.js';
export { type WarpCounters, WarpedRaster, type WarpedRasterOptions } from './warped.js';
export {
  cfAttributes,
  geoZarrAttributes,
  type ZarrArrayOptions,
  type ZarrCompression,
} from './zarr/metadata.js';
