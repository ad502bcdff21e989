/**
 * Thrift's compact protocol, the format of Parquet's footers and page headers: a validator that runs before hyparquet
 * builds objects, and a writer for page headers.
 */

/** Parquet nests its structures six deep. */
const MAX_DEPTH = 16;

/** The most fields and list entries of one structure. */
const MAX_VALUES = 8_000_000;

/** A 64-bit integer takes at most ten bytes of seven bits. */
const MAX_VARINT = 10;

/** Type codes of the protocol. */
const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  struct: 12,
};

/**
 * Validates one structure.
 * @returns its end
 * @throws {Error} for a structure that is cut off, too deep, or declares more than its bytes can hold
 */
export function checkThrift(bytes: Uint8Array, start: number): number {
  let position = start;
  let values = 0;

  const need = (count: number): void => {
    if (count > bytes.length - position) throw new Error('a structure is cut off');
  };
  const byte = (): number => {
    need(1);
    return bytes[position++];
  };
  const varint = (): number => {
    let value = 0;
    for (let k = 0; k < MAX_VARINT; k++) {
      const next = byte();
      value += (next & 0x7f) * 2 ** (7 * k);
      if (next < 128) return value;
    }
    throw new Error('a number has too many bytes');
  };
  const skip = (count: number): void => {
    need(count);
    position += count;
  };
  const element = (type: number, depth: number): void => {
    if (++values > MAX_VALUES) throw new Error('a structure has too many values');
    if (type === TYPE.byte) skip(1);
    else if (type > TYPE.byte && type <= TYPE.i64) varint();
    else if (type === TYPE.double) skip(8);
    else if (type === TYPE.binary) skip(varint());
    else if (type === TYPE.list) list(depth + 1);
    else if (type === TYPE.struct) struct(depth + 1);
    else throw new Error(`a structure has a value of the unknown type ${type}`);
  };
  const list = (depth: number): void => {
    if (depth > MAX_DEPTH) throw new Error('a structure nests too deep');
    const head = byte();
    const type = head & 15;
    const size = head >> 4 === 15 ? varint() : head >> 4;
    // Every entry has at least one byte.
    need(size);
    for (let k = 0; k < size; k++)
      element(type === TYPE.true || type === TYPE.false ? TYPE.byte : type, depth);
  };
  const struct = (depth: number): void => {
    if (depth > MAX_DEPTH) throw new Error('a structure nests too deep');
    for (;;) {
      const head = byte();
      const type = head & 15;
      if (type === TYPE.stop) return;
      if (head >> 4 === 0) varint();
      if (type !== TYPE.true && type !== TYPE.false) element(type, depth);
    }
  };
  struct(0);
  return position;
}

/** Fields by their numbers, which an object keeps in ascending order: a number is an `i32`. */
export type ThriftFields = { readonly [id: number]: number | boolean | ThriftFields };

/** The bytes of a structure. */
export function encodeThrift(fields: ThriftFields): number[] {
  const bytes: number[] = [];
  let last = 0;
  for (const [key, value] of Object.entries(fields)) {
    const id = Number(key);
    const type =
      typeof value === 'number'
        ? TYPE.i32
        : value === true
          ? TYPE.true
          : value === false
            ? TYPE.false
            : TYPE.struct;
    bytes.push(((id - last) << 4) | type);
    last = id;
    if (typeof value === 'number') {
      let zigzag = value * 2;
      for (; zigzag > 127; zigzag = Math.floor(zigzag / 128)) bytes.push((zigzag % 128) | 128);
      bytes.push(zigzag);
    } else if (typeof value === 'object') {
      bytes.push(...encodeThrift(value));
    }
  }
  bytes.push(TYPE.stop);
  return bytes;
}
