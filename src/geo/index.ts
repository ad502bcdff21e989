/**
 * Coordinate reference systems, pixel grids, time intervals and georeferenced tensors. Portable; Node's entry point adds
 * the whole EPSG database.
 * @module
 */
export { Affine, type AffineTuple } from './affine.js';
export { geodesicLength, PixelAreas, ringArea } from './areas.js';
export {
  type Bounds,
  checkBounds,
  intersectBounds,
  nearestTurn,
  outline,
  transformBounds,
  unionBounds,
  unwrapBounds,
} from './bounds.js';
export {
  BLOCK_SIZE,
  CELL_WORDS,
  type ControlBlock,
  ControlGrid,
  type ControlWindow,
  DEFAULT_TOLERANCE,
  evaluateBlock,
  TABLE_WORDS,
  turnColumns,
} from './control/index.js';
export { Crs, type CrsLike, type CrsTransform, createTransform } from './crs.js';
export { turnOf } from './domain.js';
export {
  allocateArray,
  bytesPerElement,
  canHold,
  DTYPES,
  type Dtype,
  type DtypeOf,
  dtypeOf,
  isDtype,
  isFloat,
  rangeOf,
  sizeOf,
  type TypedArray,
  type TypedArrayByDtype,
  viewArray,
} from './dtype.js';
export { type EpsgEntry, registerEpsg, registerEpsgDatabase } from './epsg-registry.js';
export {
  GEO_KEY,
  type GeoKeys,
  type GeoKeyValue,
  parseGeoKeys,
  RASTER_PIXEL_IS_POINT,
} from './geo-keys.js';
export { crsFromGeoKeys, type GeoKeysCrs } from './geo-keys-crs.js';
export { encodeGeoKeys, type GeoKeyTags } from './geo-keys-encode.js';
export { type FromBoundsOptions, GeoBox } from './geobox.js';
export { type GeoSlice, geoBoxOfSlice } from './geoslice.js';
export { type Dimension, GeoTensor, type GeoTensorInit } from './geotensor.js';
export { gridsMeet, noOverlap, type Place, swapped, whereIs } from './overlap.js';
export { createPixelMapping, type PixelMapping } from './pixel-mapping.js';
export { pixelScale } from './pixel-scale.js';
export { suggestGrid, suggestGridWithin } from './suggested-grid.js';
export { TimeInterval } from './time-interval.js';
export {
  alignedTiles,
  type ChipCover,
  type ChipLayout,
  chipCover,
  chipStarts,
  createChipLayout,
  gridStrips,
  intersectWindows,
  type PixelWindow,
  type RowRange,
  shardUnits,
  unitRows,
} from './windows.js';
