/**
 * The index beside a catalog's file: a packed R-tree over the rows in the order of the file, with times. It is read
 * in blocks, so that a query over HTTP fetches a few of them.
 *
 * ```
 * header    4 KiB: magic, version, counts, fingerprint of its file, a checksum of itself and of the table
 * checksums CRC-32C of each block, uint32
 * levels    from the root to the rows; an entry is 6 float64: xmin, ymin, xmax, ymax, start, end (degrees, UTC ms)
 * ```
 *
 * All numbers are little-endian. An entry of a level covers 16 of the level below. The lowest level holds the first
 * box of each row, then the second boxes of the rows at the end that lie on both sides of the antimeridian.
 */

import type { Bounds } from '../../geo/index.js';
import { crc32c } from '../../io/crc32c.js';

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

/** Offsets in the header. */
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
  /** The bytes of all levels. */
  readonly bytes: number;
}

/** The layout of the levels over some entries. */
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

/** The fingerprint of a Parquet file, which differs between versions of the file. */
export interface Fingerprint {
  readonly fileSize: number;
  readonly digest: Uint8Array;
}

export async function fingerprintOf(footer: Uint8Array<ArrayBuffer>, fileSize: number): Promise<Fingerprint> {
  return { fileSize, digest: new Uint8Array(await crypto.subtle.digest('SHA-256', footer)) };
}

/** The entry of a row without a place, which no query finds. */
const NOWHERE = [Infinity, Infinity, -Infinity, -Infinity] as const;

export class IndexBuilder {
  readonly #rows: number;
  readonly #crossing: number;
  /** All levels in the order of the file; the rows last. */
  readonly #entries: Float64Array<ArrayBuffer>;
  readonly #levels;

  /** @param crossing how many rows at the end have two boxes */
  constructor(rows: number, crossing: number) {
    this.#rows = rows;
    this.#crossing = crossing;
    this.#levels = indexLevels(rows + crossing);
    this.#entries = new Float64Array(this.#levels.bytes / 8);
  }

  /** @param boxes none, one or two; times in UTC milliseconds, infinite where open */
  add(row: number, [first, second]: readonly Bounds[], start: number, end: number): void {
    this.#set(0, row, first ?? NOWHERE, start, end);
    if (second === undefined) return;
    this.#set(0, row + this.#crossing, second, start, end);
  }

  #set(level: number, entry: number, box: readonly number[], start: number, end: number): void {
    const at = this.#levels.offsets[level] / 8 + ENTRY * entry;
    this.#entries.set(box, at);
    this.#entries[at + 4] = start;
    this.#entries[at + 5] = end;
  }

  /** The parts of the file, in order. */
  finish({ fileSize, digest }: Fingerprint): Uint8Array[] {
    this.#sumUp();
    const body = new Uint8Array(this.#entries.buffer);
    const blocks = Math.ceil(body.length / BLOCK_BYTES);
    const checksums = new Uint8Array(4 * blocks);
    const table = new DataView(checksums.buffer);
    for (let k = 0; k < blocks; k++) {
      table.setUint32(4 * k, crc32c(body.subarray(k * BLOCK_BYTES, (k + 1) * BLOCK_BYTES)), true);
    }
    const header = new Uint8Array(HEADER_BYTES);
    const view = new DataView(header.buffer);
    view.setUint32(HEADER.magic, MAGIC, true);
    view.setUint32(HEADER.version, INDEX_VERSION, true);
    view.setUint32(HEADER.blocks, blocks, true);
    view.setFloat64(HEADER.rows, this.#rows, true);
    view.setFloat64(HEADER.crossing, this.#crossing, true);
    view.setFloat64(HEADER.fileSize, fileSize, true);
    header.set(digest, HEADER.digest);
    view.setUint32(HEADER.checksum, crc32c(checksums, crc32c(header)), true);
    return [header, checksums, body];
  }

  /** Fills the levels above the rows. */
  #sumUp(): void {
    const { counts, offsets } = this.#levels;
    const e = this.#entries;
    for (let level = 1; level < counts.length; level++) {
      const below = offsets[level - 1] / 8;
      for (let entry = 0; entry < counts[level]; entry++) {
        let [x0, y0, x1, y1] = NOWHERE as readonly number[];
        let [start, end] = [Infinity, -Infinity];
        const last = Math.min(counts[level - 1], NODE_SIZE * (entry + 1));
        for (let child = NODE_SIZE * entry; child < last; child++) {
          const at = below + ENTRY * child;
          x0 = Math.min(x0, e[at]);
          y0 = Math.min(y0, e[at + 1]);
          x1 = Math.max(x1, e[at + 2]);
          y1 = Math.max(y1, e[at + 3]);
          start = Math.min(start, e[at + 4]);
          end = Math.max(end, e[at + 5]);
        }
        this.#set(level, entry, [x0, y0, x1, y1], start, end);
      }
    }
  }
}
