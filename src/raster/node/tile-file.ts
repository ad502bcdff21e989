import { type FileHandle, open } from 'node:fs/promises';
import { writeFully } from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import { BLOCK_LEADER_BYTES, BLOCK_TRAILER_BYTES } from '../cog/directory.js';
import {
  framedBytes,
  frameOf,
  type TileMemory,
  type TileStore,
  UNDER_WAY_BYTES,
  writeFrame,
} from '../cog/tile-store.js';

/** The most tiles in flight. */
const UNDER_WAY_TILES = 32;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * A temporary file of tiles with their leaders and trailers. Tiles to compress are compressed concurrently, and written in
 * the order of `add`.
 */
export class TileFile implements TileStore {
  readonly path: string;
  readonly handle: FileHandle;
  readonly byteCounts: number[] = [];
  readonly #start: number;
  readonly #limit: number;
  readonly #underWay: Promise<void>[] = [];
  /** Memory of equal tiles, in turn. */
  readonly #frames: Bytes[] = [];
  readonly #memory: TileMemory;
  #end: number;
  #last: Promise<void> = Promise.resolve();

  private constructor(
    path: string,
    handle: FileHandle,
    start: number,
    tileBytes: number,
    memory: TileMemory,
  ) {
    this.path = path;
    this.#memory = memory;
    this.handle = handle;
    this.#start = start;
    this.#end = start;
    this.#limit = Math.max(2, Math.min(UNDER_WAY_TILES, Math.floor(UNDER_WAY_BYTES / tileBytes)));
  }

  /**
   * @param target the final file; the temporary file is in the same folder
   * @param start bytes to reserve at the head
   * @param tileBytes bytes of a tile before compression
   * @param memory gets back the memory of tiles that are written
   */
  static async create(
    target: string,
    start: number,
    tileBytes: number,
    memory: TileMemory,
  ): Promise<TileFile> {
    const path = temporaryPath(target);
    return new TileFile(path, await open(path, 'wx+'), start, tileBytes, memory);
  }

  /** Bytes of all tiles of `add` so far. */
  get bytes(): number {
    return this.#end - this.#start;
  }

  async add(tile: Promise<Bytes | null>): Promise<void> {
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

  async addEqual(
    count: number,
    tileBytes: number,
    position: number,
    cut: (k: number, tile: Bytes) => void,
  ): Promise<void> {
    const before = this.#last;
    const size = framedBytes(tileBytes);
    const frames = this.#takeFrames(count * size);
    for (let k = 0; k < count; k++) {
      const frame = frames.subarray(k * size, (k + 1) * size);
      cut(k, frame.subarray(BLOCK_LEADER_BYTES, -BLOCK_TRAILER_BYTES));
      writeFrame(frame, tileBytes);
    }
    this.#last = (async () => {
      await before;
      await writeFully(this.handle, frames, position);
    })();
    this.#last.catch(() => undefined);
    await before;
  }

  /** Memory that no write uses: `addEqual` returns when the write before has ended. */
  #takeFrames(bytes: number): Bytes {
    const known = this.#frames.length < 2 ? undefined : this.#frames.shift();
    const memory = known !== undefined && known.length >= bytes ? known : new Uint8Array(bytes);
    this.#frames.push(memory);
    return memory.subarray(0, bytes);
  }

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

  async #write(tile: Bytes | null): Promise<void> {
    this.byteCounts.push(tile?.byteLength ?? 0);
    if (tile === null) return;
    const frame = frameOf(tile);
    await writeFully(this.handle, frame, this.#end);
    this.#end += frame.byteLength;
    if (frame.buffer === tile.buffer) this.#memory.give(tile.buffer);
  }
}
