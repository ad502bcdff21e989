/** A page whose values lie one behind the other: only those that are asked for are decoded. */
import type { SchemaElement } from 'hyparquet';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { PARSERS } from './decode.js';
import type { DataPage, Leaf } from './pages.js';

/** Values of a page by row, from 0. */
export interface PageValues {
  at(row: number): unknown;
}

/** Takes the bytes of one value. */
type Decode = (view: DataView, start: number, end: number) => unknown;

const bytesOf = ({ buffer, byteOffset }: DataView, start: number, end: number): Uint8Array =>
  new Uint8Array(buffer, byteOffset + start, end - start);

/** A copy, since what was found must not keep the whole page. */
const decodeBytes: Decode = (view, start, end) => bytesOf(view, start, end).slice();

const decodeText: Decode = (view, start, end) => PARSERS.stringFromBytes(bytesOf(view, start, end));

const decodeTime: Decode = (view, start) => PARSERS.timestampFromMilliseconds(view.getBigInt64(start, true));

/** How the columns of a catalog are decoded; null for others. */
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
  /** Where each value starts, and where the last one ends; null for integers. */
  readonly #starts: Uint32Array | null;
  /** The value of each row, or −1; null where every row has its own. */
  readonly #places: Int32Array | null;

  private constructor(view: DataView, decode: Decode, starts: Uint32Array | null, places: Int32Array | null) {
    this.#view = view;
    this.#decode = decode;
    this.#starts = starts;
    this.#places = places;
    this.bytes = view.byteLength + (starts?.byteLength ?? 0) + (places?.byteLength ?? 0);
  }

  /**
   * Null for a page or a column of another kind, which hyparquet decodes.
   * @param page which was checked
   * @throws {Error} where the page ends before its values do
   */
  static of(page: DataPage, { element, maxDefinition, maxRepetition, path }: Leaf): PlainPage | null {
    const decode = decoderOf(element);
    const isFlat = path.length === 1 && maxRepetition === 0 && maxDefinition <= 1;
    if (decode === null || !isFlat || page.encoding !== 'PLAIN') return null;
    // What is kept must not keep all that was read with it.
    const isPart = page.values.buffer.byteLength > 2 * page.values.byteLength;
    const { buffer, byteOffset, byteLength } = isPart ? page.values.slice() : page.values;
    const view = new DataView(buffer, byteOffset, byteLength);
    const places = maxDefinition === 0 ? null : placesOf(page);
    const values =
      places === null ? page.count : places.reduce((count, place) => Math.max(count, place + 1), 0);
    if (element.type === 'BYTE_ARRAY') return new PlainPage(view, decode, startsOf(view, values), places);
    if (8 * values > byteLength) throw new Error('the values of a page are cut off');
    return new PlainPage(view, decode, null, places);
  }

  at(row: number): unknown {
    const place = this.#places === null ? row : this.#places[row];
    if (place < 0) return null;
    if (this.#starts === null) return this.#decode(this.#view, 8 * place, 8 * place + 8);
    // The length of the next value lies between the two.
    return this.#decode(this.#view, this.#starts[place], this.#starts[place + 1] - 4);
  }
}

/** Which value each row has; null where every row has one. */
function placesOf({ levels, count }: DataPage): Int32Array | null {
  const places = new Int32Array(count);
  const view = new DataView(levels.buffer, levels.byteOffset, levels.byteLength);
  readRleBitPackedHybrid({ view, offset: 0 }, 1, places, levels.byteLength);
  let values = 0;
  for (let row = 0; row < count; row++) places[row] = places[row] === 1 ? values++ : -1;
  return values === count ? null : places;
}

function startsOf(view: DataView, values: number): Uint32Array {
  // Four bytes of length each: so that a count which is too large reserves no memory.
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
