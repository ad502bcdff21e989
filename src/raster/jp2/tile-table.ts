import { viewOf } from '../../io/bytes.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import { damagedJp2 } from './boxes.js';
import { type Codestream, MARKER } from './codestream.js';

/** A run of bytes of one tile. */
export interface TilePart {
  readonly offset: number;
  readonly length: number;
}

const SOT_BYTES = 12;

/** Most files have one part a tile; a crafted one may have one every fourteen bytes. */
const MAX_PARTS = 2 ** 18;

/**
 * Locates the parts of tiles. The header's table (TLM) lists all. Without it, each part gives the start of the next, so
 * locating a tile takes one small read per earlier part, once.
 */
export class TileTable {
  readonly #source: ByteSource;
  readonly #codestream: Codestream;
  readonly #parts = new Map<number, TilePart[]>();
  /** Tiles with all of their declared parts located. */
  readonly #complete = new Set<number>();
  #next: number;
  #count = 0;
  #walking: Promise<void> = Promise.resolve();

  constructor(source: ByteSource, codestream: Codestream) {
    this.#source = source;
    this.#codestream = codestream;
    this.#next = codestream.tilesStart;
    if (codestream.tileParts !== null) this.#takeTable(codestream.tileParts);
  }

  /** The parts of a tile, in order; empty for a missing tile. */
  async locate(tile: number, options: ReadOptions): Promise<readonly TilePart[]> {
    // One walk at a time; after a failure or an abort the next walk continues from the same position.
    const walk = this.#walking.catch(() => undefined).then(() => this.#walkTo(tile, options));
    this.#walking = walk;
    await walk;
    return this.#parts.get(tile) ?? [];
  }

  #takeTable(parts: NonNullable<Codestream['tileParts']>): void {
    const { end } = this.#codestream;
    for (const { tile, length } of parts) {
      if (length < SOT_BYTES + 2 || this.#next + length > end || parts.length > MAX_PARTS) {
        throw damagedJp2(this.#source.name, 'its table of tiles points beyond its end');
      }
      this.#add(tile, { offset: this.#next, length });
      this.#next += length;
    }
    this.#next = end;
  }

  async #walkTo(tile: number, options: ReadOptions): Promise<void> {
    const { end, tilesStart } = this.#codestream;
    const { name } = this.#source;
    while (!this.#complete.has(tile) && this.#next + 2 <= end) {
      options.signal?.throwIfAborted();
      const at = this.#next;
      const head = viewOf(await this.#source.read(at, Math.min(SOT_BYTES, end - at), options));
      const marker = head.getUint16(0);
      if (marker === MARKER.EOC && at > tilesStart) {
        this.#next = end;
        return;
      }
      if (marker !== MARKER.SOT || head.byteLength < SOT_BYTES || head.getUint16(2) !== 10) {
        throw damagedJp2(name, `no tile starts at byte ${at}`);
      }
      // Length 0: to the end marker.
      const length = head.getUint32(6) || Math.max(0, end - 2 - at);
      if (length < SOT_BYTES + 2 || at + length > end) {
        throw damagedJp2(name, `a tile at byte ${at} declares ${length} bytes of ${end - at}`);
      }
      if (++this.#count > MAX_PARTS) throw damagedJp2(name, `it has more than ${MAX_PARTS} parts of tiles`);
      const number = head.getUint16(4);
      this.#add(number, { offset: at, length });
      this.#next = at + length;
      const declared = head.getUint8(11);
      if (declared > 0 && this.#parts.get(number)?.length === declared) this.#complete.add(number);
    }
  }

  #add(tile: number, part: TilePart): void {
    const parts = this.#parts.get(tile);
    if (parts === undefined) this.#parts.set(tile, [part]);
    else parts.push(part);
  }
}
