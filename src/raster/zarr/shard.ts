/**
 * Shards of a Zarr v3 array (codec `sharding_indexed`, version 1.0 of the specification): inner chunks, then an index of
 * their offsets and lengths as little-endian u64, then its CRC-32C. Chunks of only the fill value are left out: both their
 * numbers are 2^64 − 1.
 */
import { crc32c } from '../../io/crc32c.js';

const ABSENT = 2n ** 64n - 1n;

/** @param chunks the encoded inner chunks in C order; null for one left out */
export function encodeShard(chunks: readonly (Uint8Array | null)[]): Uint8Array<ArrayBuffer> {
  const dataBytes = chunks.reduce((sum, chunk) => sum + (chunk?.byteLength ?? 0), 0);
  const indexBytes = 16 * chunks.length;
  const shard = new Uint8Array(dataBytes + indexBytes + 4);
  const view = new DataView(shard.buffer);
  let offset = 0;
  for (const [k, chunk] of chunks.entries()) {
    const entry = dataBytes + 16 * k;
    view.setBigUint64(entry, chunk === null ? ABSENT : BigInt(offset), true);
    view.setBigUint64(entry + 8, chunk === null ? ABSENT : BigInt(chunk.byteLength), true);
    if (chunk === null) continue;
    shard.set(chunk, offset);
    offset += chunk.byteLength;
  }
  view.setUint32(dataBytes + indexBytes, crc32c(shard.subarray(dataBytes, dataBytes + indexBytes)), true);
  return shard;
}
