/** CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of a Zarr shard's index and of a catalog's. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** @param before the checksum of the bytes before these */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = before ^ 0xffffffff;
  for (let k = 0; k < bytes.length; k++) crc = TABLE[(crc ^ bytes[k]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
