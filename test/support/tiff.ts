/** Builds TIFF files of kinds that the project does not write. */

/** A value of a directory entry: one number, or the offset of several. */
type Entry = readonly [tag: number, type: number, count: number, value: number];

const SHORT = 3;
const LONG = 4;
const LONG8 = 16;

/**
 * A BigTIFF of `columns × columns` tiles of 16 × 16 bytes. All tiles share the same bytes, sevens; the tables of offsets
 * and sizes (8 bytes each) are at the end.
 * @param tileBytes the size of each tile in the table
 */
export function manyTiles(columns: number, tileBytes = 256): Uint8Array {
  const tiles = columns ** 2;
  const tile = 512;
  const tables = tile + Math.max(256, tileBytes);
  const bytes = Buffer.alloc(tables + 16 * tiles);
  bytes.write('II', 0, 'latin1');
  bytes.writeUInt16LE(43, 2);
  bytes.writeUInt16LE(8, 4);
  bytes.writeBigUInt64LE(16n, 8);
  const side = 16 * columns;
  const entries: Entry[] = [
    [256, LONG, 1, side],
    [257, LONG, 1, side],
    [258, SHORT, 1, 8],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 1],
    [277, SHORT, 1, 1],
    [322, SHORT, 1, 16],
    [323, SHORT, 1, 16],
    [324, LONG8, tiles, tables],
    [325, LONG8, tiles, tables + 8 * tiles],
  ];
  bytes.writeBigUInt64LE(BigInt(entries.length), 16);
  for (const [k, [tag, type, count, value]] of entries.entries()) {
    const at = 24 + 20 * k;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeBigUInt64LE(BigInt(count), at + 4);
    bytes.writeBigUInt64LE(BigInt(value), at + 12);
  }
  bytes.fill(7, tile, tables);
  const numbers = new BigUint64Array(tiles);
  for (const [value, at] of [
    [tile, tables],
    [tileBytes, tables + 8 * tiles],
  ] as const) {
    numbers.fill(BigInt(value));
    Buffer.from(numbers.buffer).copy(bytes, at);
  }
  return bytes;
}

/**
 * A classic big-endian uncompressed TIFF; pixel `k` of the image is `k mod 251`.
 * @param rows rows per strip
 */
export function stripedTiff(width: number, height: number, rows = 1): Uint8Array {
  const strips = Math.ceil(height / rows);
  const pixels = 200;
  const tables = pixels + width * height;
  const bytes = Buffer.alloc(tables + 8 * strips);
  bytes.write('MM', 0, 'latin1');
  bytes.writeUInt16BE(42, 2);
  bytes.writeUInt32BE(8, 4);
  const entries: Entry[] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 1, 8 << 16],
    [259, SHORT, 1, 1 << 16],
    [262, SHORT, 1, 1 << 16],
    [273, LONG, strips, strips === 1 ? pixels : tables],
    [277, SHORT, 1, 1 << 16],
    [278, LONG, 1, rows],
    [279, LONG, strips, strips === 1 ? width * height : tables + 4 * strips],
  ];
  bytes.writeUInt16BE(entries.length, 8);
  for (const [k, [tag, type, count, value]] of entries.entries()) {
    const at = 10 + 12 * k;
    bytes.writeUInt16BE(tag, at);
    bytes.writeUInt16BE(type, at + 2);
    bytes.writeUInt32BE(count, at + 4);
    bytes.writeUInt32BE(value, at + 8);
  }
  for (let k = 0; k < width * height; k++) bytes[pixels + k] = k % 251;
  for (let strip = 0; strip < strips; strip++) {
    bytes.writeUInt32BE(pixels + strip * rows * width, tables + 4 * strip);
    bytes.writeUInt32BE(Math.min(rows, height - strip * rows) * width, tables + 4 * (strips + strip));
  }
  return bytes;
}
