/** CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of a Zarr shard's index and of a catalog's. */
const POLYNOMIAL = 0x82f63b78;

/** Entry `256 · n + byte`: what a byte with `n` zeros behind it adds, so that eight bytes are taken in one step. */
const TABLE = new Uint32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  TABLE[byte] = value;
}
for (let k = 256; k < TABLE.length; k++) {
  const shorter = TABLE[k - 256];
  TABLE[k] = TABLE[shorter & 0xff] ^ (shorter >>> 8);
}

/** @param before the checksum of the bytes before these */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = before ^ 0xffffffff;
  let k = 0;
  for (; k + 8 <= bytes.length; k += 8) {
    crc =
      TABLE[1792 + ((crc ^ bytes[k]) & 0xff)] ^
      TABLE[1536 + (((crc >>> 8) ^ bytes[k + 1]) & 0xff)] ^
      TABLE[1280 + (((crc >>> 16) ^ bytes[k + 2]) & 0xff)] ^
      TABLE[1024 + ((crc >>> 24) ^ bytes[k + 3])] ^
      TABLE[768 + bytes[k + 4]] ^
      TABLE[512 + bytes[k + 5]] ^
      TABLE[256 + bytes[k + 6]] ^
      TABLE[bytes[k + 7]];
  }
  for (; k < bytes.length; k++) crc = TABLE[(crc ^ bytes[k]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
