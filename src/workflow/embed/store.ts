/**
 * A store of embeddings: a Zarr v3 group with `embeddings` (chip, channel) or (chip, token, channel), and for each chip `id`,
 * `crs`, `bounds`, `time` and `valid`. It is written in units of chips.
 */
import { join } from 'node:path';
import type { Bounds, Crs, TimeInterval } from '../../geo/index.js';
import { consolidateZarr, createZarrGroup, ZarrShardWriter } from '../../raster/node/index.js';
import { type WrittenFile, ZarrTextWriter } from '../../raster/node/zarr-writer.js';

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
  readonly #arrays;

  constructor(
    readonly folder: string,
    private readonly options: EmbeddingStoreOptions,
  ) {
    const { shape, unitChips } = options;
    this.#arrays = {
      embeddings: this.#array(
        'embeddings',
        'float32',
        shape,
        CHUNK_CHIPS,
        ['token', 'channel'].slice(-shape.length),
      ),
      bounds: this.#array('bounds', 'float64', [4], unitChips, ['edge'], {
        long_name: 'minimum x, minimum y, maximum x, maximum y in the chip’s crs',
      }),
      time: this.#array('time', 'float64', [2], unitChips, ['end'], {
        long_name: 'first and last moment of the images; NaN if unknown',
        units: 'milliseconds since 1970-01-01',
        calendar: 'proleptic_gregorian',
      }),
      valid: this.#array('valid', 'float32', [], unitChips, [], {
        long_name: 'share of the chip’s pixels that have data',
      }),
      id: this.#texts('id'),
      crs: this.#texts('crs'),
    };
  }

  /** Writes the metadata of all arrays. */
  async create(): Promise<void> {
    await createZarrGroup(this.folder, this.options.attributes);
    for (const array of Object.values(this.#arrays)) await array.create();
    await consolidateZarr(this.folder);
  }

  /**
   * Writes a unit.
   * @param values (chip, …), NaN for chips without data
   * @returns its files
   */
  async writeUnit(unit: number, chips: readonly ChipRecord[], values: Float32Array): Promise<WrittenFile[]> {
    const { embeddings, bounds, time, valid, id, crs } = this.#arrays;
    const finite = (moment = Number.NaN): number => (Number.isFinite(moment) ? moment : Number.NaN);
    const texts = chips.map((chip) =>
      chip.crs.epsg === null ? (chip.crs.wkt ?? chip.crs.name) : chip.crs.toString(),
    );
    const times = chips.flatMap(({ interval }) => [finite(interval?.start), finite(interval?.end)]);
    const shares = Float32Array.from(chips, (chip) => chip.valid);
    return [
      await id.writeChunk(
        unit,
        chips.map((chip) => chip.id),
      ),
      await crs.writeChunk(unit, texts),
      await bounds.writeShard([unit, 0], Float64Array.from(chips.flatMap((chip) => [...chip.bounds]))),
      await time.writeShard([unit, 0], Float64Array.from(times)),
      await valid.writeShard([unit], shares),
      await embeddings.writeShard([unit, ...this.options.shape.map(() => 0)], values),
    ];
  }

  #array(
    name: string,
    dtype: 'float32' | 'float64',
    shape: readonly number[],
    chunkChips: number,
    dimensions: readonly string[],
    attributes: Readonly<Record<string, unknown>> = {},
  ): ZarrShardWriter {
    const { count, unitChips } = this.options;
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
    const { count, unitChips } = this.options;
    return new ZarrTextWriter(join(this.folder, name), {
      length: count,
      chunkLength: unitChips,
      dimension: 'chip',
    });
  }
}
