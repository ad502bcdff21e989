/** Pages whose values are decoded on demand: plainly encoded ones, and indices into a small dictionary. */
import type { SchemaElement } from 'hyparquet';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { PARSERS } from './decode.js';
import type { DataPage, DictionaryPage, Leaf } from './pages.js';

/** Values of a page by row, from 0. */
export interface PageValues {
  /** Bytes of memory. */
  readonly bytes: number;
  at(row: number): unknown;
}

/** Decodes the bytes of one value. */
type Decode = (view: DataView, start: number, end: number) => unknown;

const bytesOf = ({ buffer, byteOffset }: DataView, start: number, end: number): Uint8Array =>
  new Uint8Array(buffer, byteOffset + start, end - start);

/** A copy, so that a value does not keep the whole page in memory. */
const decodeBytes: Decode = (view, start, end) => bytesOf(view, start, end).slice();

const decodeText: Decode = (view, start, end) => PARSERS.stringFromBytes(bytesOf(view, start, end));

const decodeTime: Decode = (view, start) => PARSERS.timestampFromMilliseconds(view.getBigInt64(start, true));

/** The decoder of a catalog's column types; null for others. */
function decoderOf({ type, converted_type: converted, logical_type: logical }: SchemaElement): Decode | null {
  if (type === 'BYTE_ARRAY') {
    if (converted === 'UTF8' && (logical === undefined || logical.type === 'STRING')) return decodeText;
    return converted === undefined && logical === undefined ? decodeBytes : null;
  }
  const isTime = logical === undefined || (logical.type === 'TIMESTAMP' && logical.unit === 'MILLIS');
  return type === 'INT64' && converted === 'TIMESTAMP_MILLIS' && isTime ? decodeTime : null;
}

/**
 * A page of plainly encoded values. Null for another encoding or column type, which hyparquet decodes.
 * @param page a checked page
 * @throws {Error} for a page that ends before its values
 */
export function plainPage(
  page: DataPage,
  { element, maxDefinition, maxRepetition, path }: Leaf,
): PageValues | null {
  const decode = decoderOf(element);
  const isFlat = path.length === 1 && maxRepetition === 0 && maxDefinition <= 1;
  if (decode === null || !isFlat || page.encoding !== 'PLAIN') return null;
  // Copied if it would keep a much larger buffer in memory.
  const isPart = page.values.buffer.byteLength > 2 * page.values.byteLength;
  const { buffer, byteOffset, byteLength } = isPart ? page.values.slice() : page.values;
  const view = new DataView(buffer, byteOffset, byteLength);
  /** Index of each row's value, or −1 for null; null if no row is null. */
  const indices = maxDefinition === 0 ? null : indicesOf(page);
  const count = indices?.reduce((most, index) => Math.max(most, index + 1), 0) ?? page.count;
  /** Offsets of the values, and the end of the last one; null for integers. */
  const starts = element.type === 'BYTE_ARRAY' ? startsOf(view, count) : null;
  if (starts === null && 8 * count > byteLength) throw new Error('the values of a page are cut off');
  return {
    bytes: byteLength + (starts?.byteLength ?? 0) + (indices?.byteLength ?? 0),
    at(row) {
      const index = indices === null ? row : indices[row];
      if (index < 0) return null;
      if (starts === null) return decode(view, 8 * index, 8 * index + 8);
      // The next value's length, four bytes, is before its start.
      return decode(view, starts[index], starts[index + 1] - 4);
    },
  };
}

/** The largest small dictionary, with indices of one byte. */
export const MOST_TEXTS = 256;

/**
 * A page of indices into a small dictionary. Null for another encoding or column type, which hyparquet decodes.
 * @param page a checked page
 * @throws {Error} for indices beyond the dictionary
 */
export function codedPage(page: DataPage, dictionary: DictionaryPage, leaf: Leaf): PageValues | null {
  const { count, values } = dictionary;
  const width = page.values[0];
  const isCoded = page.encoding === 'RLE_DICTIONARY' || page.encoding === 'PLAIN_DICTIONARY';
  if (!isCoded || leaf.maxDefinition > 0 || count > MOST_TEXTS || width > 8) return null;
  const texts = plainPage({ encoding: 'PLAIN', count, levels: new Uint8Array(), values }, leaf);
  if (texts === null) return null;
  const indices = new Uint8Array(page.count);
  if (width > 0) {
    const view = new DataView(page.values.buffer, page.values.byteOffset, page.values.byteLength);
    readRleBitPackedHybrid({ view, offset: 1 }, width, indices, page.values.byteLength - 1);
  }
  let most = 0;
  for (const index of indices) if (index > most) most = index;
  if (page.count > 0 && most >= count) throw new Error('a page has values that its dictionary lacks');
  // Of one value, no indices are kept.
  if (most === 0) return { bytes: texts.bytes, at: () => texts.at(0) };
  return { bytes: texts.bytes + indices.byteLength, at: (row) => texts.at(indices[row]) };
}

/** Index of each row's value, −1 for null; null if no row is null. */
function indicesOf({ levels, count }: DataPage): Int32Array | null {
  const indices = new Int32Array(count);
  const view = new DataView(levels.buffer, levels.byteOffset, levels.byteLength);
  readRleBitPackedHybrid({ view, offset: 0 }, 1, indices, levels.byteLength);
  let values = 0;
  for (let row = 0; row < count; row++) indices[row] = indices[row] === 1 ? values++ : -1;
  return values === count ? null : indices;
}

function startsOf(view: DataView, values: number): Uint32Array {
  // Each value has four bytes of length; checked before memory is allocated for a wrong count.
  if (4 * values > view.byteLength) throw new Error('the values of a page are cut off');
  const starts = new Uint32Array(values + 1);
  let position = 4;
  for (let k = 0; k < values; k++) {
    starts[k] = position;
    if (position > view.byteLength) throw new Error('the values of a page are cut off');
    position += view.getUint32(position - 4, true) + 4;
  }
  starts[values] = position;
  if (position - 4 > view.byteLength) throw new Error('the values of a page are cut off');
  return starts;
}
