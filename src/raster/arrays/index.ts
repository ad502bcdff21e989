/** Arrays of any rank, from any store. */
export {
  type ArrayDescription,
  type ArrayGroup,
  type Attributes,
  type AxisRange,
  checkChunk,
  checkShape,
  extentOf,
  MAX_CHUNK_BYTES,
  type NdArray,
  nextArrayId,
  piecesOf,
  type ReadArrayOptions,
  resolveSelection,
  rowsOf,
  type Selection,
  type StoredArray,
  storedArray,
  unreadableType,
  wholeOf,
} from './array.js';
export { type ContiguousLayout, readContiguous } from './contiguous.js';
export { bytesToValues, NOT_FINITE, NUMERIC_TYPES, numbersFrom } from './convert.js';
export { chunkIndex, copyBox, inCOrder, indexAt, readChunks, stridesOf } from './copy.js';
export { float32ToHalves, halvesToFloat32, numberToHalf } from './half.js';
