/**
 * The index beside a catalog's file: a packed R-tree over the rows in the order of the file, with times. It is read
 * in blocks, so that a query over HTTP fetches a few of them.
 *
 * ```
 * header    4 KiB: magic, version, counts, what file it belongs to, a checksum of itself and of the table
 * checksums CRC-32C of each block, uint32
 * levels    from the root to the rows; an entry is 6 float64: xmin, ymin, xmax, ymax, start, end (degrees, UTC ms)
 * ```
 *
 * All numbers are little-endian. An entry of a level covers 16 of the level below. The lowest level holds the first
 * box of each row, then the second boxes of the rows at the end that lie on both sides of the antimeridian.
 */

/** `TCIX`. */
export const MAGIC = 0x58494354;
export const INDEX_VERSION = 1;
export const HEADER_BYTES = 4096;
export const BLOCK_BYTES = 64 * 1024;
export const NODE_SIZE = 16;

/** Float64 values of an entry. */
export const ENTRY = 6;
export const ENTRY_BYTES = 8 * ENTRY;

/** Bytes of a SHA-256. */
export const DIGEST_BYTES = 32;

/** Where things lie in the header. */
export const HEADER = {
  magic: 0,
  version: 4,
  /** CRC-32C of the header (with zeros here) and of the table of checksums. */
  checksum: 8,
  blocks: 12,
  rows: 16,
  crossing: 24,
  fileSize: 32,
  /** SHA-256 of the footer of the Parquet file. */
  digest: 40,
} as const;

export interface IndexLevels {
  /** Entries of each level, rows first. */
  readonly counts: readonly number[];
  /** The first byte of each level behind the table of checksums. */
  readonly offsets: readonly number[];
  /** Of all levels. */
  readonly bytes: number;
}

/** How the levels over some entries lie in the file. */
export function indexLevels(entries: number): IndexLevels {
  const counts = [entries];
  while (counts[counts.length - 1] > NODE_SIZE) {
    counts.push(Math.ceil(counts[counts.length - 1] / NODE_SIZE));
  }
  const offsets = new Array<number>(counts.length);
  let bytes = 0;
  for (let level = counts.length - 1; level >= 0; level--) {
    offsets[level] = bytes;
    bytes += counts[level] * ENTRY_BYTES;
  }
  return { counts, offsets, bytes };
}

/** What tells one writing of a Parquet file from another. */
export interface Fingerprint {
  readonly fileSize: number;
  readonly digest: Uint8Array;
}

export async function fingerprintOf(footer: Uint8Array<ArrayBuffer>, fileSize: number): Promise<Fingerprint> {
  return { fileSize, digest: new Uint8Array(await crypto.subtle.digest('SHA-256', footer)) };
}
