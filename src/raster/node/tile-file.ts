import { type FileHandle, open } from 'node:fs/promises';
import { writeFully } from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import { BLOCK_LEADER_BYTES, BLOCK_TRAILER_BYTES } from '../cog/directory.js';

/** Limits of tiles in flight, to bound the memory. */
const UNDER_WAY_BYTES = 32 * 2 ** 20;
const UNDER_WAY_TILES = 32;

/**
 * A temporary file of compressed tiles with their leaders and trailers, in the order of `add`. Tiles are compressed
 * concurrently.
 */
export class TileFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Stored bytes of each tile so far, 0 for a sparse one. */
  readonly byteCounts: number[] = [];
  readonly #start: number;
  readonly #limit: number;
  readonly #underWay: Promise<void>[] = [];
  #end: number;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, handle: FileHandle, start: number, tileBytes: number) {
    this.path = path;
    this.handle = handle;
    this.#start = start;
    this.#end = start;
    this.#limit = Math.max(2, Math.min(UNDER_WAY_TILES, Math.floor(UNDER_WAY_BYTES / tileBytes)));
  }

  /**
   * @param target the final file; the temporary file is in the same folder
   * @param start bytes to reserve at the head
   * @param tileBytes bytes of a tile before compression
   */
  static async create(target: string, start: number, tileBytes: number): Promise<TileFile> {
    const path = temporaryPath(target);
    return new TileFile(path, await open(path, 'wx+'), start, tileBytes);
  }

  /** Bytes of all tiles so far. */
  get bytes(): number {
    return this.#end - this.#start;
  }

  /** Bytes of a tile with its leader and trailer. */
  static framed(tileBytes: number): number {
    return tileBytes === 0 ? 0 : BLOCK_LEADER_BYTES + tileBytes + BLOCK_TRAILER_BYTES;
  }

  /** Adds the next tile, null for a sparse one; waits only if too many are in flight. */
  async add(tile: Promise<Uint8Array | null>): Promise<void> {
    const before = this.#last;
    this.#last = (async () => {
      const bytes = await tile;
      await before;
      await this.#write(bytes);
    })();
    // A failure is reported where it is awaited.
    this.#last.catch(() => undefined);
    this.#underWay.push(this.#last);
    if (this.#underWay.length >= this.#limit) await this.#underWay.shift();
  }

  /**
   * Adds the next tiles with their leaders and trailers. Their memory may be used again when the next call returns.
   * @param count tiles, which have the same size
   * @param place the position of the first, in tiles from the first of the file; null: after the last
   */
  async addFrames(frames: Uint8Array, count: number, place: number | null): Promise<void> {
    const before = this.#last;
    const frameBytes = frames.byteLength / count;
    const position = place === null ? this.#end : this.#start + place * frameBytes;
    this.#end += frames.byteLength;
    const tileBytes = frameBytes - BLOCK_LEADER_BYTES - BLOCK_TRAILER_BYTES;
    for (let k = 0; k < count; k++) this.byteCounts.push(tileBytes);
    this.#last = (async () => {
      await before;
      await writeFully(this.handle, frames, position);
    })();
    this.#last.catch(() => undefined);
    await before;
  }

  /** Resolves when all tiles are in the file. */
  async flush(): Promise<void> {
    await this.#last;
    this.#underWay.length = 0;
  }

  /** Closes and removes the file after pending writes. */
  async discard(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.handle.close().catch(() => undefined);
    await removeTemporary(this.path);
  }

  async #write(tile: Uint8Array | null): Promise<void> {
    this.byteCounts.push(tile?.byteLength ?? 0);
    if (tile === null) return;
    const leader = new Uint8Array(BLOCK_LEADER_BYTES);
    new DataView(leader.buffer).setUint32(0, tile.byteLength, true);
    const frame = Buffer.concat([leader, tile, tile.subarray(-BLOCK_TRAILER_BYTES)]);
    await writeFully(this.handle, frame, this.#end);
    this.#end += frame.byteLength;
  }
}
