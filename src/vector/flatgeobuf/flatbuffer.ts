/** Tables of FlatBuffers. Every offset is checked: a hostile file must not cause reads past its end or endless lists. */
import { invalidInput } from '../../errors.js';

const BYTES = { Uint8: 1, Uint16: 2, Int32: 4 };

export class FlatTable {
  readonly #view: DataView;
  readonly #start: number;
  readonly #fields: number;
  readonly #fieldBytes: number;
  readonly #name: string;

  private constructor(view: DataView, start: number, name: string) {
    this.#view = view;
    this.#start = start;
    this.#name = name;
    this.#require(start, 4);
    this.#fields = start - view.getInt32(start, true);
    this.#require(this.#fields, 4);
    this.#fieldBytes = view.getUint16(this.#fields, true);
    this.#require(this.#fields, this.#fieldBytes);
  }

  /** The root table of a buffer. @throws {TerrachipError} INVALID_INPUT, as all methods do for damaged bytes */
  static root(bytes: Uint8Array, name: string): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.byteLength < 4) throw damaged(name);
    return new FlatTable(view, view.getUint32(0, true), name);
  }

  /** A number; `otherwise` if the field is absent. */
  number(field: number, type: keyof typeof BYTES, otherwise = 0): number {
    const at = this.#at(field, BYTES[type]);
    return at === null ? otherwise : this.#view[`get${type}`](at, true);
  }

  uint64(field: number): bigint {
    const at = this.#at(field, 8);
    return at === null ? 0n : this.#view.getBigUint64(at, true);
  }

  text(field: number): string | null {
    const bytes = this.bytes(field);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  }

  /** A vector of bytes, as a view. */
  bytes(field: number): Uint8Array | null {
    const vector = this.#vector(field, 1);
    if (vector === null) return null;
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + vector.start, vector.length);
  }

  uint32s(field: number): number[] {
    const vector = this.#vector(field, 4);
    if (vector === null) return [];
    return Array.from({ length: vector.length }, (_, k) => this.#view.getUint32(vector.start + 4 * k, true));
  }

  /** A vector of float64: the count, and each value by its index. */
  float64s(field: number): { length: number; at: (index: number) => number } {
    const vector = this.#vector(field, 8);
    if (vector === null) return { length: 0, at: () => Number.NaN };
    return { length: vector.length, at: (k) => this.#view.getFloat64(vector.start + 8 * k, true) };
  }

  table(field: number): FlatTable | null {
    const at = this.#at(field, 4);
    return at === null ? null : this.#follow(at);
  }

  /** A vector of tables, one at a time. */
  *tables(field: number): Generator<FlatTable> {
    const vector = this.#vector(field, 4);
    for (let k = 0; k < (vector?.length ?? 0); k++) yield this.#follow((vector?.start ?? 0) + 4 * k);
  }

  #follow(at: number): FlatTable {
    return new FlatTable(this.#view, at + this.#view.getUint32(at, true), this.#name);
  }

  #vector(field: number, size: number): { start: number; length: number } | null {
    const at = this.#at(field, 4);
    if (at === null) return null;
    const start = at + this.#view.getUint32(at, true);
    this.#require(start, 4);
    const length = this.#view.getUint32(start, true);
    this.#require(start + 4, length * size);
    return { start: start + 4, length };
  }

  /** The position of a field; null if it is absent. */
  #at(field: number, size: number): number | null {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.#fieldBytes) return null;
    const offset = this.#view.getUint16(this.#fields + slot, true);
    if (offset === 0) return null;
    this.#require(this.#start + offset, size);
    return this.#start + offset;
  }

  #require(start: number, length: number): void {
    if (start < 0 || start + length > this.#view.byteLength) throw damaged(this.#name);
  }
}

function damaged(name: string): Error {
  return invalidInput(name, 'is damaged: an offset leads out of it', 'get the file again');
}
