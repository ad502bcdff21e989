/**
 * Rasters: opening GeoTIFF by URL, reading windows, warping onto a grid. Node's entry point adds files, more formats and
 * codecs, and writers.
 * @module
 */

export type {
  ArrayGroup,
  Attributes,
  AxisRange,
  NdArray,
  ReadArrayOptions,
  Selection,
  StoredArray,
} from './arrays/index.js';
export { type BlockCache, createBlockCache } from './block-cache.js';
export { ArrayRaster, type Coordinate, rasterVariables } from './cf/index.js';
export type { BlockCoding, Jpeg2000Coding } from './codecs/codec.js';
export type { DecodeRequest, Piece } from './codecs/decode.js';
export { type BlockDecoder, createPortableDecoder, type PortableDecoderOptions } from './codecs/decoder.js';
export type { Compression } from './codecs/table.js';
export { type Declarations, DeclaredRaster } from './declared.js';
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
export { type OpenRasterOptions, openRaster } from './open.js';
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
export { RasterView } from './raster-view.js';
export { gridWindow, levelBox, noReference, requireReal, resolveRequest } from './request.js';
export { requireNodata, type Stored, toStored, UsedValues } from './stored-values.js';
export {
  checkPlausible,
  isCategorical,
  UNITS,
  type UnitConversion,
  type UnitStep,
  type Units,
  unitConversion,
} from './units.js';
export { type WarpCounters, WarpedRaster, type WarpedRasterOptions } from './warped.js';
