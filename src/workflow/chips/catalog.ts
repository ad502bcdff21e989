/** The chips of catalogs: at the places and times of a sampler, with pixels of the rows that lie there. */

import { createHash } from 'node:crypto';
import { rowsOn } from '../../catalog/loaders/plan.js';
import {
  type CatalogRow,
  createRasterPool,
  type ItemSource,
  loadRaster,
  type Chip as Place,
  type RasterPool,
} from '../../catalog/node/index.js';
import { compareDistance } from '../../catalog/times.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import { timeSteps } from '../../inference/model-spec.js';
import type { ModelSpec } from '../../inference/node/index.js';
import { type BlockCache, createBlockCache } from '../../raster/node/index.js';
import { Resource } from '../../resource.js';
import {
  type CatalogInput,
  checkPixels,
  chooseRows,
  identityOfInput,
  type OpenInput,
  unitOptions,
} from './catalog-input.js';
import { type Chip, type ChipSource, type ChipValues, chipValues, digits } from './source.js';

/** A chip in memory. */
export type LoadedChip = Chip & { readonly inputs: ChipValues };

/** Where and when chips of a catalog are taken. */
export interface CatalogChipsOptions {
  spec: ModelSpec;
  /** Where and when: what any sampler gives. Chips have the model's size; rows count whose time meets the chip's. */
  chips: ItemSource<Place>;
  /** Where each of the model's inputs comes from, by its name. */
  inputs: Readonly<Record<string, CatalogInput>>;
  /** When each of the model's phases was, whatever the times of the chips; needed for more than one. */
  phases?: readonly TimeInterval[];
  backend: Backend;
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
  signal?: AbortSignal;
}

const DEFAULT_CACHE_BYTES = 256 * 2 ** 20;

/** Files that stay open between chips. */
const OPEN_FILES = 64;

/** Chips that are read while the model runs on those before. */
const AHEAD = 2;

/** Close it when done. */
export class CatalogChips extends Resource implements ChipSource {
  readonly count: number;
  readonly identity: unknown;
  readonly #options: CatalogChipsOptions;
  readonly #inputs: readonly OpenInput[];
  readonly #pool: RasterPool;
  readonly #cache: BlockCache;

  private constructor(
    options: CatalogChipsOptions,
    inputs: readonly OpenInput[],
    identity: unknown,
    pool: RasterPool,
    cache: BlockCache,
  ) {
    super();
    this.count = options.chips.length;
    this.identity = identity;
    this.#options = options;
    this.#inputs = inputs;
    this.#pool = pool;
    this.#cache = cache;
  }

  /**
   * Checks catalogs and chips against the model; looks at some pixels of each kind of row.
   * @throws {TerrachipError} INVALID_OPTION for inputs or phases that do not fit; INVALID_INPUT for a catalog without
   * the model's bands, units that are not known, cannot be converted or that pixels contradict, or a chip of another
   * size; NOT_FOUND for a file that is not there
   */
  static async open(options: CatalogChipsOptions): Promise<CatalogChips> {
    const { spec, signal } = options;
    requirePhases(options);
    const inputs = chooseRows(spec, options.inputs);
    const cache = createBlockCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
    const pool = createRasterPool({ files: OPEN_FILES, cache });
    try {
      const hash = createHash('sha256').update(JSON.stringify(options.phases ?? null));
      for (const input of inputs) {
        await checkPixels(input, pool, signal);
        hash.update(JSON.stringify(await identityOfInput(input, signal)));
      }
      for (let k = 0; k < options.chips.length; k++) {
        signal?.throwIfAborted();
        const { geobox, slice, row } = requireSize(await options.chips.at(k, signal), spec.chip.size);
        hash.update(JSON.stringify([geobox, slice.interval, row?.collection, row?.id]));
      }
      return new CatalogChips(options, inputs, { catalog: hash.digest('hex') }, pool, cache);
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  async *chips(start: number, end: number, signal?: AbortSignal): AsyncGenerator<LoadedChip> {
    const ahead: Promise<LoadedChip>[] = [];
    try {
      for (let k = start, next = start; k < end; k++) {
        signal?.throwIfAborted();
        for (; next < end && ahead.length <= AHEAD; next++) {
          const loading = this.#load(next, signal);
          // Reported where it is awaited, in order.
          loading.catch(() => undefined);
          ahead.push(loading);
        }
        const [first] = ahead.splice(0, 1);
        yield await first;
      }
    } finally {
      await Promise.allSettled(ahead);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #load(index: number, signal: AbortSignal | undefined): Promise<LoadedChip> {
    const { spec, chips, phases } = this.#options;
    const place = await chips.at(index, signal);
    const { geobox } = place;
    const inputs = new Map<string, Float32Array>();
    const times: TimeInterval[] = [];
    for (const open of this.#inputs) {
      const { input } = open;
      const values = new Float32Array(chipValues(spec, input)).fill(Number.NaN);
      const steps = timeSteps(spec, input);
      for (let step = 0; step < steps; step++) {
        const time = phases?.[step] ?? place.slice.interval;
        const wanted = input.kind === 'static' ? TimeInterval.always : time.pad(open.pad ?? 0);
        const loaded = await this.#read(open, place, time, wanted, signal);
        if (loaded === null) continue;
        const pixels = geobox.pixelCount;
        for (let band = 0; band < open.bands.length; band++) {
          const plane = loaded.subarray(band * pixels, (band + 1) * pixels);
          values.set(plane, (band * steps + step) * pixels);
        }
        if (input.kind === 'temporal') times.push(...this.#timesOf(open, place, wanted));
      }
      inputs.set(input.name, values);
    }
    const corner = geobox.transform.apply(0, 0).map((coordinate) => Number(coordinate.toFixed(6)));
    return {
      id: [digits(index), ...corner].join('_'),
      crs: geobox.crs,
      bounds: geobox.bounds,
      interval: times.length === 0 ? null : times.reduce((all, time) => all.union(time)),
      inputs,
    };
  }

  /** When rows that lie in a chip were taken; rows without a date say nothing. */
  #timesOf({ catalog }: OpenInput, { geobox }: Place, interval: TimeInterval): TimeInterval[] {
    const rows = catalog.query({ geometry: geobox.bounds, crs: geobox.crs, interval });
    return Array.from(rows, (row) => row.interval).filter((time) => !time.equals(TimeInterval.always));
  }

  /** (band, y, x) of an input at one time; null where no row lies. */
  async #read(
    open: OpenInput,
    { geobox, row: own }: Place,
    time: TimeInterval,
    wanted: TimeInterval,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array | null> {
    const rows = rowsOn(open.catalog, geobox, wanted);
    if (rows.length === 0) return null;
    const { input, bands, resampling, method = 'first', mask } = open;
    const isOwn = (row: CatalogRow): boolean => row.id === own?.id && row.collection === own.collection;
    const { data } = await loadRaster(rows, geobox, {
      bands,
      method,
      ...unitOptions(input, open),
      resampling,
      mask,
      order: (a, b) => Number(isOwn(b)) - Number(isOwn(a)) || compareDistance(a.interval, b.interval, time),
      backend: this.#options.backend,
      cache: this.#cache,
      allowEmpty: true,
      open: this.#pool.open,
      signal,
    });
    return data as Float32Array;
  }
}

/** @throws {TerrachipError} INVALID_OPTION unless each phase of the model has its time */
function requirePhases({ spec, phases }: CatalogChipsOptions): void {
  const wanted = spec.phases;
  if (phases === undefined) {
    if (wanted.length === 1 || spec.inputs.every(({ kind }) => kind === 'static')) return;
    throw invalidOption(
      'phases',
      `are missing, and ${spec.name} sees each place at ${wanted.length} times: ${wanted.join(', ')}`,
      'say when each of them was',
    );
  }
  if (phases.length === wanted.length) return;
  throw invalidOption(
    'phases',
    `are ${phases.length} times, but ${spec.name} has ${wanted.length} phases: ${wanted.join(', ')}`,
    'give a time for each of them, in this order',
  );
}

function requireSize(place: Place, size: number): Place {
  const { width, height } = place.geobox;
  if (width === size && height === size) return place;
  throw invalidInput(
    `chip ${place.index} at [${place.geobox.bounds.join(', ')}]`,
    `has ${width} × ${height} pixels, but the model wants ${size} × ${size}`,
    'sample chips of that size, with a policy other than clip',
  );
}
