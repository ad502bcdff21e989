/** TIFF files of kinds that the project does not write, made byte by byte. */

/** A value of a directory entry: one number, or where many lie. */
type Entry = readonly [tag: number, type: number, count: number, value: number];

const SHORT = 3;
const LONG = 4;
const LONG8 = 16;

/**
 * A BigTIFF of `columns × columns` tiles of 16 × 16 bytes. All tiles are the same one, full of sevens; the tables of
 * their offsets and sizes (8 bytes each) lie at the end.
 * @param tileBytes what the table of sizes says of each tile
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

/** A classic big-endian TIFF of bytes in strips of one row; pixel `k` of the image is `k mod 251`. */
export function stripedTiff(width: number, height: number): Uint8Array {
  const pixels = 200;
  const tables = pixels + width * height;
  const bytes = Buffer.alloc(tables + 8 * height);
  bytes.write('MM', 0, 'latin1');
  bytes.writeUInt16BE(42, 2);
  bytes.writeUInt32BE(8, 4);
  const entries: Entry[] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 1, 8 << 16],
    [259, SHORT, 1, 1 << 16],
    [262, SHORT, 1, 1 << 16],
    [273, LONG, height, tables],
    [277, SHORT, 1, 1 << 16],
    [278, LONG, 1, 1],
    [279, LONG, height, tables + 4 * height],
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
  for (let row = 0; row < height; row++) {
    bytes.writeUInt32BE(pixels + row * width, tables + 4 * row);
    bytes.writeUInt32BE(width, tables + 4 * height + 4 * row);
  }
  return bytes;
}
