import { join } from 'node:path';
import { internalError } from '../../errors.js';
import { allocateArray, type TypedArray } from '../../geo/index.js';
import { makeFolder, writeFileAtomically, writeJson } from '../../io/node/index.js';
import { type ZarrArrayOptions, zarrArrayMetadata, zarrGroupMetadata } from '../zarr/metadata.js';
import { encodeShard } from '../zarr/shard.js';

/** Writes a group's metadata. */
export async function createZarrGroup(
  folder: string,
  attributes: Readonly<Record<string, unknown>>,
): Promise<void> {
  await makeFolder(folder);
  await writeJson(join(folder, 'zarr.json'), zarrGroupMetadata(attributes));
}

/**
 * A Zarr v3 array that is written by whole shards, each in one atomic step: workers that own different shards need
 * not know of one another.
 */
export class ZarrShardWriter {
  readonly folder: string;
  readonly #options: ZarrArrayOptions;

  constructor(folder: string, options: ZarrArrayOptions) {
    const { shape, shardShape, chunkShape } = options;
    const fits = shape.every((_, axis) => shardShape[axis] % chunkShape[axis] === 0);
    if (!fits || shardShape.length !== shape.length || chunkShape.length !== shape.length) {
      throw internalError(
        'ZarrShardWriter',
        `shards of ${shardShape} are not made of chunks of ${chunkShape}`,
      );
    }
    this.folder = folder;
    this.#options = options;
  }

  /** Writes the array's metadata: once, before any worker starts. */
  async create(): Promise<void> {
    await makeFolder(this.folder);
    await writeJson(join(this.folder, 'zarr.json'), zarrArrayMetadata(this.#options));
  }

  /** The file of a shard, by its index along each axis. */
  shardPath(index: readonly number[]): string {
    return join(this.folder, 'c', ...index.map(String));
  }

  /**
   * Writes one shard.
   * @param data its values in C order; a shard at the array's edge has only those inside the array
   * @returns the bytes written
   */
  async writeShard(index: readonly number[], data: TypedArray): Promise<Uint8Array<ArrayBuffer>> {
    const { shape, shardShape } = this.#options;
    const extent = shardShape.map((size, axis) => Math.min(size, shape[axis] - index[axis] * size));
    if (extent.some((n) => n < 1) || data.length !== extent.reduce((product, n) => product * n, 1)) {
      throw internalError('ZarrShardWriter', `shard ${index} has ${extent} values, not ${data.length}`);
    }
    const shard = encodeShard(this.#chunks(data, extent));
    const path = this.shardPath(index);
    await makeFolder(join(path, '..'));
    await writeFileAtomically(path, shard);
    return shard;
  }

  #chunks(data: TypedArray, extent: readonly number[]): (Uint8Array | null)[] {
    const { shardShape, chunkShape } = this.#options;
    const counts = shardShape.map((size, axis) => size / chunkShape[axis]);
    const total = counts.reduce((product, n) => product * n, 1);
    return Array.from({ length: total }, (_, k) => {
      const origin: number[] = [];
      let rest = k;
      for (let axis = counts.length - 1; axis >= 0; axis--) {
        origin[axis] = (rest % counts[axis]) * chunkShape[axis];
        rest = Math.floor(rest / counts[axis]);
      }
      return this.#chunk(data, extent, origin);
    });
  }

  /** The bytes of one inner chunk, padded with the fill value; null when it holds nothing else. */
  #chunk(data: TypedArray, extent: readonly number[], origin: readonly number[]): Uint8Array | null {
    const { chunkShape, dtype, fillValue } = this.#options;
    const chunk: TypedArray = allocateArray(
      dtype,
      chunkShape.reduce((product, n) => product * n, 1),
    );
    chunk.fill(fillValue);
    const copy = (axis: number, from: number, to: number): void => {
      const count = Math.min(chunkShape[axis], extent[axis] - origin[axis]);
      if (count <= 0) return;
      if (axis === extent.length - 1) {
        const start = from + origin[axis];
        chunk.set(data.subarray(start, start + count), to);
        return;
      }
      const inner = extent.slice(axis + 1).reduce((product, n) => product * n, 1);
      const innerChunk = chunkShape.slice(axis + 1).reduce((product, n) => product * n, 1);
      for (let i = 0; i < count; i++) copy(axis + 1, from + (origin[axis] + i) * inner, to + i * innerChunk);
    };
    copy(0, 0, 0);
    const filled = chunk.every((value: number) => Object.is(value, fillValue) || value === fillValue);
    return filled ? null : new Uint8Array(chunk.buffer as ArrayBuffer);
  }
}
