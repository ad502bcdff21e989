/** Arrays of any rank, from any store. */
export {
  type ArrayGroup,
  type Attributes,
  type AxisRange,
  checkChunk,
  checkShape,
  extentOf,
  MAX_CHUNK_BYTES,
  type NdArray,
  type ReadArrayOptions,
  resolveSelection,
  type Selection,
  type StoredArray,
  unreadableType,
} from './array.js';
export { type ContiguousLayout, readContiguous } from './contiguous.js';
export { bytesToValues, integersToFloat64, NUMERIC_TYPES, numbersFrom } from './convert.js';
export { chunksUnder, copyBox, copyChunk, type Layout, stridesOf } from './copy.js';
export { float32ToHalves, halfToNumber, halvesToFloat32, numberToHalf } from './half.js';
