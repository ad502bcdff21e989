/** Stores of cut and compressed tiles: a temporary file, or memory. */
import { BLOCK_LEADER_BYTES, BLOCK_TRAILER_BYTES } from './directory.js';

/** Limits of tiles in flight, to bound the memory. */
export const UNDER_WAY_BYTES = 32 * 2 ** 20;

type Bytes = Uint8Array<ArrayBuffer>;

/** The tiles of a level, with their leaders and trailers. */
export interface TileStore {
  /** Stored bytes of each tile of `add` so far, 0 for a sparse one. */
  readonly byteCounts: readonly number[];
  /** Adds the next tile, null for a sparse one; waits only if too many are in flight. */
  add(tile: Promise<Bytes | null>): Promise<void>;
  /**
   * Writes tiles of the same size at a place.
   * @param cut writes the bytes of tile `k`
   */
  addEqual(
    count: number,
    tileBytes: number,
    position: number,
    cut: (k: number, tile: Bytes) => void,
  ): Promise<void>;
  /** Resolves when all tiles are stored. */
  flush(): Promise<void>;
}

/** Bytes of a tile with its leader and trailer; 0 for a sparse one. */
export function framedBytes(tileBytes: number): number {
  return tileBytes === 0 ? 0 : BLOCK_LEADER_BYTES + tileBytes + BLOCK_TRAILER_BYTES;
}

/** Writes leader and trailer around the bytes of a tile. */
export function writeFrame(frame: Bytes, tileBytes: number): void {
  const end = BLOCK_LEADER_BYTES + tileBytes;
  new DataView(frame.buffer, frame.byteOffset).setUint32(0, tileBytes, true);
  frame.copyWithin(end, end - BLOCK_TRAILER_BYTES, end);
}

/** A tile with its leader and trailer, in the memory around the tile if there is room. */
export function frameOf(tile: Bytes): Bytes {
  // Memory from `TileMemory.take` has room around the tile; memory of a tile that compression enlarged has none.
  const size = framedBytes(tile.byteLength);
  const start = tile.byteOffset - BLOCK_LEADER_BYTES;
  const hasRoom = start >= 0 && start + size <= tile.buffer.byteLength;
  const frame = hasRoom ? new Uint8Array(tile.buffer, start, size) : new Uint8Array(size);
  if (!hasRoom) frame.set(tile, BLOCK_LEADER_BYTES);
  writeFrame(frame, tile.byteLength);
  return frame;
}

/** Reusable memory of tiles: fresh memory costs as much as a copy. */
export class TileMemory {
  readonly #spare: ArrayBuffer[] = [];
  #bytes = 0;

  /** Memory of a tile, with room for leader and trailer around it and with values of earlier tiles. */
  take(tileBytes: number): Bytes {
    const size = framedBytes(tileBytes);
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

/** Tiles in memory. */
export class MemoryTiles implements TileStore {
  readonly byteCounts: number[] = [];
  /** The tiles with their leaders and trailers, and their positions among those of the level. */
  readonly #pieces: { readonly position: number; readonly frame: Bytes }[] = [];
  #end = 0;

  /** @param memory gets back the memory of tiles that are stored */
  constructor(private readonly memory: TileMemory) {}

  async add(tile: Promise<Bytes | null>): Promise<void> {
    const bytes = await tile;
    this.byteCounts.push(bytes?.byteLength ?? 0);
    if (bytes === null) return;
    // A copy, since a compressed tile is in the memory of a whole one.
    this.#pieces.push({ position: this.#end, frame: frameOf(bytes).slice() });
    this.#end += framedBytes(bytes.byteLength);
    this.memory.give(bytes.buffer);
  }

  async addEqual(
    count: number,
    tileBytes: number,
    position: number,
    cut: (k: number, tile: Bytes) => void,
  ): Promise<void> {
    const size = framedBytes(tileBytes);
    for (let k = 0; k < count; k++) {
      const frame = new Uint8Array(size);
      cut(k, frame.subarray(BLOCK_LEADER_BYTES, -BLOCK_TRAILER_BYTES));
      writeFrame(frame, tileBytes);
      this.#pieces.push({ position: position + k * size, frame });
    }
  }

  async flush(): Promise<void> {
    this.#pieces.sort((a, b) => a.position - b.position);
  }

  /** The tiles from one position to another, after `flush`. */
  framesOf(start: number, end: number): Bytes[] {
    return this.#pieces
      .filter(({ position }) => position >= start && position < end)
      .map(({ frame }) => frame);
  }
}
