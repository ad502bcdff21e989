/** A page of plainly encoded values, decoded on demand. */
import type { SchemaElement } from 'hyparquet';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { PARSERS } from './decode.js';
import type { DataPage, Leaf } from './pages.js';

/** Values of a page by row, from 0. */
export interface PageValues {
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

export class PlainPage implements PageValues {
  /** Bytes of memory. */
  readonly bytes: number;
  readonly #view: DataView;
  readonly #decode: Decode;
  /** Offsets of the values, and the end of the last one; null for integers. */
  readonly #starts: Uint32Array | null;
  /** Index of each row's value, or −1 for null; null if no row is null. */
  readonly #indices: Int32Array | null;

  private constructor(
    view: DataView,
    decode: Decode,
    starts: Uint32Array | null,
    indices: Int32Array | null,
  ) {
    this.#view = view;
    this.#decode = decode;
    this.#starts = starts;
    this.#indices = indices;
    this.bytes = view.byteLength + (starts?.byteLength ?? 0) + (indices?.byteLength ?? 0);
  }

  /**
   * Null for another encoding or column type, which hyparquet decodes.
   * @param page a checked page
   * @throws {Error} for a page that ends before its values
   */
  static of(page: DataPage, { element, maxDefinition, maxRepetition, path }: Leaf): PlainPage | null {
    const decode = decoderOf(element);
    const isFlat = path.length === 1 && maxRepetition === 0 && maxDefinition <= 1;
    if (decode === null || !isFlat || page.encoding !== 'PLAIN') return null;
    // Copied if it would keep a much larger buffer in memory.
    const isPart = page.values.buffer.byteLength > 2 * page.values.byteLength;
    const { buffer, byteOffset, byteLength } = isPart ? page.values.slice() : page.values;
    const view = new DataView(buffer, byteOffset, byteLength);
    const indices = maxDefinition === 0 ? null : indicesOf(page);
    const values =
      indices === null ? page.count : indices.reduce((count, index) => Math.max(count, index + 1), 0);
    if (element.type === 'BYTE_ARRAY') return new PlainPage(view, decode, startsOf(view, values), indices);
    if (8 * values > byteLength) throw new Error('the values of a page are cut off');
    return new PlainPage(view, decode, null, indices);
  }

  at(row: number): unknown {
    const index = this.#indices === null ? row : this.#indices[row];
    if (index < 0) return null;
    if (this.#starts === null) return this.#decode(this.#view, 8 * index, 8 * index + 8);
    // The next value's length, four bytes, is before its start.
    return this.#decode(this.#view, this.#starts[index], this.#starts[index + 1] - 4);
  }
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
