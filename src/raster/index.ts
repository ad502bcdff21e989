/**
 * Rasters: opening GeoTIFF by URL, reading windows, warping onto a grid. Node's entry point adds files, more formats and
 * codecs, and writers.
 * @module
 */

export type {
  Affine,
  Bounds,
  ControlGrids,
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
export type { ByteSource, OpenOptions } from '../io/index.js';
export type { Antialias, Resampling } from '../kernels/index.js';
export type { OnProgress } from '../progress.js';
export type { Resource } from '../resource.js';
export type {
  ArrayDescription,
  ArrayGroup,
  Attributes,
  AxisRange,
  NdArray,
  ReadArrayOptions,
  Selection,
  StoredArray,
} from './arrays/index.js';
export { type BlockCache, type BlockCounters, createBlockCache } from './block-cache.js';
export { ArrayRaster, type Coordinate } from './cf/index.js';
export type { BlockCoding, Jpeg2000Coding } from './codecs/codec.js';
export type { DecodeRequest, FileRequest, Piece } from './codecs/decode.js';
export { type BlockDecoder, createPortableDecoder, type PortableDecoderOptions } from './codecs/decoder.js';
export type { Compression } from './codecs/table.js';
export { encodeCog } from './cog/encode.js';
export type { CogCompression, CogOptions } from './cog/options.js';
export type { OverviewMethod } from './cog/overview.js';
export type { Declarations, DeclaredRaster } from './declared.js';
export type { StoredPieces } from './geotiff/block-table.js';
export type { Sidecars } from './geotiff/levels.js';
export { type GeoTiffOptions, GeoTiffRaster } from './geotiff/reader.js';
export { toStoredIntegers } from './geotiff/sample-types.js';
export {
  type ExactRowSource,
  type GridStrip,
  RowReader,
  type RowSource,
  readExactStrips,
  readStrips,
  readWhole,
} from './grid-rows.js';
export { type MapTile, type MapTileOptions, MapTiles, mapTileGrid, type PixelAt } from './map-tiles.js';
export { type OpenRasterOptions, openRaster } from './open.js';
export type { Pam, PamBand } from './pam.js';
export { type Pixels, type PixelsRequest, physicalValues, type ReadBand, readPixels } from './pixels.js';
export type {
  BandInfo,
  BlockGrid,
  ColourTable,
  GroundControlPoint,
  MaskKind,
  MaskRequest,
  Metadata,
  Raster,
  ReadRequest,
  WindowRequest,
} from './raster.js';
export type { DescribedRaster, RasterInfo, RasterView } from './raster-view.js';
export { type Stored, toStored, UsedValues } from './stored-values.js';
export { checkPlausible, type UnitConversion, type UnitStep, type Units, unitConversion } from './units.js';
export { type WarpCounters, WarpedRaster, type WarpedRasterOptions } from './warped.js';
