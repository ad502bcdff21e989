/** Finds rows by the index beside a catalog's file. */
import { invalidInput, type TerrachipError, unsupported } from '../../errors.js';
import type { Bounds } from '../../geo/index.js';
import { ByteLru } from '../../io/byte-lru.js';
import { crc32c } from '../../io/crc32c.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import type { PlaceQuery } from '../place-query.js';
import {
  BLOCK_BYTES,
  DIGEST_BYTES,
  ENTRY,
  ENTRY_BYTES,
  type Fingerprint,
  HEADER,
  HEADER_BYTES,
  INDEX_VERSION,
  type IndexLevels,
  indexLevels,
  MAGIC,
  NODE_SIZE,
} from './index-build.js';

const MAX_ROWS = 2 ** 32;

/** Bytes of cached blocks: enough for all of an index over five million rows. */
const KEPT_BYTES = 256 * 2 ** 20;

/** A row that may match: its number, one of its boxes and its time. */
export interface IndexEntry {
  readonly row: number;
  readonly box: Bounds;
  readonly start: number;
  readonly end: number;
}

/** The query. */
export type IndexQuery = Pick<PlaceQuery, 'boxes' | 'start' | 'end'>;

/** Entries of a level, from the first up to the second. */
type Range = [from: number, to: number];

export class CatalogIndex {
  readonly rows: number;
  /** Rows at the end that have two boxes. */
  readonly crossing: number;
  readonly #source: ByteSource;
  readonly #checksums: DataView;
  readonly #levels: IndexLevels;
  readonly #start: number;
  readonly #blocks = new ByteLru<number, Float64Array>(KEPT_BYTES, (block) => block.byteLength);

  private constructor(source: ByteSource, rows: number, crossing: number, checksums: DataView) {
    this.#source = source;
    this.rows = rows;
    this.crossing = crossing;
    this.#checksums = checksums;
    this.#levels = indexLevels(rows + crossing);
    this.#start = HEADER_BYTES + checksums.byteLength;
  }

  /**
   * Reads the head of an index.
   * @param fingerprint of the Parquet file as it is now
   * @throws {TerrachipError} INVALID_INPUT for one that is damaged or belongs to another file; UNSUPPORTED for one of
   * a newer version
   */
  static async open(
    source: ByteSource,
    fingerprint: Fingerprint,
    options: ReadOptions = {},
  ): Promise<CatalogIndex> {
    const { name, size } = source;
    if (size < HEADER_BYTES) throw damaged(name);
    const header = (await source.read(0, HEADER_BYTES, options)).slice();
    const view = new DataView(header.buffer);
    if (view.getUint32(HEADER.magic, true) !== MAGIC) throw damaged(name);
    const version = view.getUint32(HEADER.version, true);
    if (version > INDEX_VERSION) {
      throw unsupported(
        `catalog index version ${version}`,
        `${name} is an index of version ${version}; this terrachip reads up to ${INDEX_VERSION}`,
        'update terrachip, or make the index again',
      );
    }
    const blocks = view.getUint32(HEADER.blocks, true);
    const rows = view.getFloat64(HEADER.rows, true);
    const crossing = view.getFloat64(HEADER.crossing, true);
    const areCounts = Number.isInteger(rows) && Number.isInteger(crossing);
    if (!areCounts || crossing < 0 || rows < crossing || rows >= MAX_ROWS) throw damaged(name);
    const { bytes } = indexLevels(rows + crossing);
    if (blocks !== Math.ceil(bytes / BLOCK_BYTES) || size !== HEADER_BYTES + 4 * blocks + bytes) {
      throw damaged(name);
    }
    const checksums = (await source.read(HEADER_BYTES, 4 * blocks, options)).slice();
    const checksum = view.getUint32(HEADER.checksum, true);
    view.setUint32(HEADER.checksum, 0, true);
    if (crc32c(checksums, crc32c(header)) !== checksum) throw damaged(name);
    const digest = header.subarray(HEADER.digest, HEADER.digest + DIGEST_BYTES);
    const isSame = digest.every((byte, k) => byte === fingerprint.digest[k]);
    if (view.getFloat64(HEADER.fileSize, true) !== fingerprint.fileSize || !isSame) {
      throw invalidInput(
        name,
        'belongs to another version of the file beside it',
        'make it again, or open the catalog without it',
      );
    }
    return new CatalogIndex(source, rows, crossing, new DataView(checksums.buffer));
  }

  /** All entries that touch one of the boxes and the time; a row on both sides of the antimeridian may come twice. */
  async search(query: IndexQuery, options: ReadOptions = {}): Promise<IndexEntry[]> {
    const { counts } = this.#levels;
    const found: IndexEntry[] = [];
    let ranges: Range[] = counts[0] === 0 ? [] : [[0, counts[counts.length - 1]]];
    for (let level = counts.length - 1; level >= 0 && ranges.length > 0; level--) {
      const entries = await this.#read(level, ranges, options);
      const below: Range[] = [];
      for (const [from, to] of ranges) {
        for (let entry = from; entry < to; entry++) {
          const [values, at] = entries(entry);
          if (!meets(query, values, at)) continue;
          if (level === 0) {
            const row = entry < this.rows ? entry : entry - this.crossing;
            const box: Bounds = [values[at], values[at + 1], values[at + 2], values[at + 3]];
            found.push({ row, box, start: values[at + 4], end: values[at + 5] });
          } else addRange(below, NODE_SIZE * entry, Math.min(NODE_SIZE * (entry + 1), counts[level - 1]));
        }
      }
      ranges = below;
    }
    return found;
  }

  /** Reads the blocks of some entries. @returns where an entry's values are */
  async #read(
    level: number,
    ranges: readonly Range[],
    options: ReadOptions,
  ): Promise<(entry: number) => readonly [Float64Array, number]> {
    const offset = this.#levels.offsets[level];
    const wanted = new Set<number>();
    for (const [from, to] of ranges) {
      const last = Math.floor((offset + to * ENTRY_BYTES - 1) / BLOCK_BYTES);
      for (let k = Math.floor((offset + from * ENTRY_BYTES) / BLOCK_BYTES); k <= last; k++) wanted.add(k);
    }
    const blocks = new Map<number, Float64Array>();
    await Promise.all([...wanted].map(async (k) => blocks.set(k, await this.#block(k, options))));
    // An entry may lie across two blocks.
    const bridge = new Float64Array(ENTRY);
    const perBlock = BLOCK_BYTES / 8;
    return (entry) => {
      const place = offset / 8 + entry * ENTRY;
      const block = Math.floor(place / perBlock);
      const at = place - block * perBlock;
      const values = blocks.get(block) as Float64Array;
      if (at + ENTRY <= perBlock) return [values, at];
      const here = values.subarray(at);
      bridge.set(here);
      bridge.set((blocks.get(block + 1) as Float64Array).subarray(0, ENTRY - here.length), here.length);
      return [bridge, 0];
    };
  }

  #block(k: number, options: ReadOptions): Promise<Float64Array> {
    const make = async (): Promise<Float64Array> => {
      const offset = k * BLOCK_BYTES;
      const size = Math.min(BLOCK_BYTES, this.#levels.bytes - offset);
      const bytes = (await this.#source.read(this.#start + offset, size, options)).slice();
      if (crc32c(bytes) !== this.#checksums.getUint32(4 * k, true)) throw damaged(this.#source.name);
      return new Float64Array(bytes.buffer);
    };
    return this.#blocks.get(k, make, options.signal);
  }

  dispose(): Promise<void> {
    return this.#source.dispose();
  }
}

function meets({ boxes, start, end }: IndexQuery, values: Float64Array, at: number): boolean {
  if (values[at + 4] > end || values[at + 5] < start) return false;
  if (boxes === null) return true;
  for (const [x0, y0, x1, y1] of boxes) {
    if (values[at] <= x1 && values[at + 1] <= y1 && values[at + 2] >= x0 && values[at + 3] >= y0) return true;
  }
  return false;
}

/** Adds a range after the last one, or to it where they meet. */
function addRange(ranges: Range[], from: number, to: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last[1] === from) last[1] = to;
  else ranges.push([from, to]);
}

function damaged(name: string): TerrachipError {
  return invalidInput(name, 'is a damaged index', 'make it again, or open the catalog without it');
}
