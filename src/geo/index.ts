/**
 * Coordinate reference systems, pixel grids, time intervals and georeferenced tensors. Portable; Node's entry point adds
 * the whole EPSG database.
 * @module
 */

export type { TerrachipError } from '../errors.js';
export { Affine, type AffineTuple } from './affine.js';
export { geodesicLength, PixelAreas, ringArea } from './areas.js';
export { type Bounds, outline, transformBounds } from './bounds.js';
export { BLOCK_SIZE, CELL_WORDS, type ControlBlock, evaluateBlock, TABLE_WORDS } from './control/cells.js';
export { ControlGrid, ControlGrids, type ControlWindow, DEFAULT_TOLERANCE } from './control/grid.js';
export { Crs, type CrsLike, type CrsTransform, createTransform } from './crs.js';
export {
  allocateArray,
  canHold,
  DTYPES,
  type Dtype,
  type DtypeNamed,
  type DtypeOf,
  dtypeOf,
  isFloat,
  rangeOf,
  type TypedArray,
  type TypedArrayByDtype,
  viewArray,
} from './dtype.js';
export {
  type DatumDatabase,
  type DirectShift,
  type EpsgEntry,
  type EpsgLookup,
  registerEpsg,
} from './epsg-registry.js';
export { type GeoKeys, type GeoKeyValue, parseGeoKeys } from './geo-keys.js';
export { crsFromGeoKeys, type GeoKeysCrs } from './geo-keys-crs.js';
export { encodeGeoKeys, type GeoKeyTags } from './geo-keys-encode.js';
export { type FromBoundsOptions, GeoBox, type GeoSlice, geoBoxOfSlice } from './geobox.js';
export { type Dimension, GeoTensor, type GeoTensorInit } from './geotensor.js';
export { gridsMeet, noOverlap, type Place, swapped } from './overlap.js';
export { createPixelMapping, type PixelMapping } from './pixel-mapping.js';
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
  type PixelWindow,
  type RowRange,
  shardUnits,
  unitRows,
} from './windows.js';
