import { type FileHandle, open } from 'node:fs/promises';
import { writeFully } from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import { BLOCK_LEADER_BYTES, BLOCK_TRAILER_BYTES } from '../cog/directory.js';

/** Limits of tiles in flight, to bound the memory. */
const UNDER_WAY_BYTES = 32 * 2 ** 20;
const UNDER_WAY_TILES = 32;

type Bytes = Uint8Array<ArrayBuffer>;

/** Memory of tiles, used again: fresh memory costs as much as a copy. */
export class TileMemory {
  readonly #spare: ArrayBuffer[] = [];
  #bytes = 0;

  /** Memory of a tile, with room for leader and trailer around it and with values of earlier tiles. */
  take(tileBytes: number): Bytes {
    const size = TileFile.framed(tileBytes);
    const known = this.#spare.findIndex(({ byteLength }) => byteLength === size);
    const memory = known < 0 ? new ArrayBuffer(size) : this.#spare.splice(known, 1)[0];
    if (known >= 0) this.#bytes -= size;
    return new Uint8Array(memory, BLOCK_LEADER_BYTES, tileBytes);
  }

  /** Takes back the memory of a tile. */
  give(memory: ArrayBuffer): void {
    if (this.#bytes + memory.byteLength > UNDER_WAY_BYTES) return;
    this.#spare.push(memory);
    this.#bytes += memory.byteLength;
  }
}

/**
 * A temporary file of tiles with their leaders and trailers. Tiles to compress are compressed concurrently, and written in
 * the order of `add`.
 */
export class TileFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Stored bytes of each tile of `add` so far, 0 for a sparse one. */
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

  /** Bytes of a tile with its leader and trailer. */
  static framed(tileBytes: number): number {
    return tileBytes === 0 ? 0 : BLOCK_LEADER_BYTES + tileBytes + BLOCK_TRAILER_BYTES;
  }

  /** Adds the next tile, null for a sparse one; waits only if too many are in flight. */
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

  /**
   * Writes tiles of the same size at a place.
   * @param cut writes the bytes of tile `k`
   */
  async addEqual(
    count: number,
    tileBytes: number,
    position: number,
    cut: (k: number, tile: Bytes) => void,
  ): Promise<void> {
    const before = this.#last;
    const size = TileFile.framed(tileBytes);
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

  async #write(tile: Bytes | null): Promise<void> {
    this.byteCounts.push(tile?.byteLength ?? 0);
    if (tile === null) return;
    // The memory of `take` has room around the tile; that of one that compression enlarged has none.
    const size = TileFile.framed(tile.byteLength);
    const start = tile.byteOffset - BLOCK_LEADER_BYTES;
    const hasRoom = start >= 0 && start + size <= tile.buffer.byteLength;
    const frame = hasRoom ? new Uint8Array(tile.buffer, start, size) : new Uint8Array(size);
    if (!hasRoom) frame.set(tile, BLOCK_LEADER_BYTES);
    writeFrame(frame, tile.byteLength);
    await writeFully(this.handle, frame, this.#end);
    this.#end += size;
    if (hasRoom) this.#memory.give(tile.buffer);
  }
}

/** Writes leader and trailer around the bytes of a tile. */
function writeFrame(frame: Bytes, tileBytes: number): void {
  const end = BLOCK_LEADER_BYTES + tileBytes;
  new DataView(frame.buffer, frame.byteOffset).setUint32(0, tileBytes, true);
  frame.copyWithin(end, end - BLOCK_TRAILER_BYTES, end);
}
