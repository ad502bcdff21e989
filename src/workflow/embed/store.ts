/**
 * A store of embeddings: a Zarr v3 group with `embeddings` (chip, channel) or (chip, token, channel), and for each chip `id`,
 * `crs`, `bounds`, `time` and `valid`. It is written in units of chips.
 */
import { join } from 'node:path';
import type { Bounds, Crs, TimeInterval } from '../../geo/index.js';
import { consolidateZarr, createZarrGroup, ZarrShardWriter } from '../../raster/node/index.js';
import { ZarrTextWriter } from '../../raster/node/zarr-writer.js';

/** Chips per inner chunk. The size of a unit is a multiple of it. */
export const CHUNK_CHIPS = 16;

/** The metadata of a chip in the store. */
export interface ChipRecord {
  readonly id: string;
  readonly crs: Crs;
  readonly bounds: Bounds;
  readonly interval: TimeInterval | null;
  /** Share of pixels with data, from 0 to 1. At 0 the embedding is NaN. */
  readonly valid: number;
}

export interface EmbeddingStoreOptions {
  readonly count: number;
  readonly unitChips: number;
  /** (channel), or (token, channel). */
  readonly shape: readonly number[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

export class EmbeddingStore {
  readonly folder: string;
  readonly #options: EmbeddingStoreOptions;
  readonly #embeddings: ZarrShardWriter;
  readonly #bounds: ZarrShardWriter;
  readonly #time: ZarrShardWriter;
  readonly #valid: ZarrShardWriter;
  readonly #id: ZarrTextWriter;
  readonly #crs: ZarrTextWriter;

  constructor(folder: string, options: EmbeddingStoreOptions) {
    const { shape, unitChips } = options;
    this.folder = folder;
    this.#options = options;
    this.#embeddings = this.#array('embeddings', 'float32', shape, CHUNK_CHIPS, [
      ...(shape.length > 1 ? ['token'] : []),
      'channel',
    ]);
    this.#bounds = this.#array('bounds', 'float64', [4], unitChips, ['edge'], {
      long_name: 'minimum x, minimum y, maximum x, maximum y in the chip’s crs',
    });
    this.#time = this.#array('time', 'float64', [2], unitChips, ['end'], {
      long_name: 'first and last moment of the images; NaN where nobody says',
      units: 'milliseconds since 1970-01-01',
      calendar: 'proleptic_gregorian',
    });
    this.#valid = this.#array('valid', 'float32', [], unitChips, [], {
      long_name: 'share of the chip’s pixels that have data',
    });
    this.#id = this.#texts('id');
    this.#crs = this.#texts('crs');
  }

  /** Writes the metadata of all arrays. */
  async create(): Promise<void> {
    await createZarrGroup(this.folder, this.#options.attributes);
    const arrays = [this.#embeddings, this.#bounds, this.#time, this.#valid, this.#id, this.#crs];
    for (const array of arrays) await array.create();
    await consolidateZarr(this.folder);
  }

  /**
   * Writes a unit.
   * @param embeddings (chip, …), NaN for chips without data
   * @returns the bytes of the shard of `embeddings`
   */
  async writeUnit(unit: number, chips: readonly ChipRecord[], embeddings: Float32Array): Promise<Uint8Array> {
    const finite = (time: number | undefined): number =>
      time !== undefined && Number.isFinite(time) ? time : Number.NaN;
    await this.#id.writeChunk(
      unit,
      chips.map(({ id }) => id),
    );
    await this.#crs.writeChunk(
      unit,
      chips.map(({ crs }) => (crs.epsg === null ? (crs.wkt ?? crs.name) : crs.toString())),
    );
    const bounds = chips.flatMap((chip) => [...chip.bounds]);
    await this.#bounds.writeShard([unit, 0], Float64Array.from(bounds));
    const times = chips.flatMap(({ interval }) => [finite(interval?.start), finite(interval?.end)]);
    await this.#time.writeShard([unit, 0], Float64Array.from(times));
    await this.#valid.writeShard(
      [unit],
      Float32Array.from(chips, ({ valid }) => valid),
    );
    return this.#embeddings.writeShard([unit, ...this.#options.shape.map(() => 0)], embeddings);
  }

  #array(
    name: string,
    dtype: 'float32' | 'float64',
    shape: readonly number[],
    chunkChips: number,
    dimensions: readonly string[],
    attributes: Readonly<Record<string, unknown>> = {},
  ): ZarrShardWriter {
    const { count, unitChips } = this.#options;
    return new ZarrShardWriter(join(this.folder, name), {
      shape: [count, ...shape],
      shardShape: [unitChips, ...shape],
      chunkShape: [chunkChips, ...shape],
      dtype,
      fillValue: Number.NaN,
      dimensions: ['chip', ...dimensions],
      attributes,
    });
  }

  #texts(name: string): ZarrTextWriter {
    const { count, unitChips } = this.#options;
    return new ZarrTextWriter(join(this.folder, name), {
      length: count,
      chunkLength: unitChips,
      dimension: 'chip',
    });
  }
}
