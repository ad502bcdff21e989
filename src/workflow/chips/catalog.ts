/** Chips of catalogs, at the places and times of a sampler. */

import { createHash } from 'node:crypto';
import { rowsOn } from '../../catalog/loaders/rows.js';
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
import { orDispose, Resource } from '../../resource.js';
import { InputVersions, UsedFiles } from '../input-versions.js';
import {
  type CatalogInput,
  checkPixels,
  chooseRows,
  identityOfInput,
  type OpenInput,
  unitOptions,
} from './catalog-input.js';
import { type ChipSource, type ChipValues, chipValues, digits, type ModelChip } from './source.js';

/** A chip in memory. */
export type LoadedChip = ModelChip & { readonly inputs: ChipValues };

/** Options of `CatalogChips`. */
export interface CatalogChipsOptions {
  spec: ModelSpec;
  /** The chips of any sampler, in the model's chip size. Rows whose time intersects the chip's are read. */
  chips: ItemSource<Place>;
  /** A catalog for each of the model's inputs, by input name. */
  inputs: Readonly<Record<string, CatalogInput>>;
  /** The time of each phase, in place of the chips' times. Required for a model with several phases. */
  phases?: readonly TimeInterval[];
  backend: Backend;
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
  signal?: AbortSignal;
}

interface OpenCatalogs extends CatalogChipsOptions {
  readonly open: readonly OpenInput[];
  readonly pool: RasterPool;
  readonly cache: BlockCache;
  readonly files: UsedFiles;
}

/** Files that stay open between chips. */
const OPEN_FILES = 64;

/** Chips that are read ahead while the model runs. */
const READ_AHEAD = 2;

/** A source of chips from catalogs. Dispose it when done. */
export class CatalogChips extends Resource implements ChipSource {
  readonly count: number;
  readonly identity: unknown;
  readonly #options: OpenCatalogs;

  private constructor(options: OpenCatalogs, identity: unknown) {
    super();
    this.count = options.chips.length;
    this.identity = identity;
    this.#options = options;
  }

  /**
   * Checks catalogs and chips against the model, and some pixels against their units.
   * @throws {TerrachipError} INVALID_OPTION for inputs or phases that do not fit; INVALID_INPUT for a catalog without
   * the model's bands, for units that are unknown, cannot be converted or do not fit the pixels, or for a chip of another
   * size; NOT_FOUND for a missing file
   */
  static async open(options: CatalogChipsOptions): Promise<CatalogChips> {
    const { spec, signal } = options;
    requirePhases(options);
    const inputs = chooseRows(spec, options.inputs);
    const cache = createBlockCache(options.cacheBytes);
    const pool = createRasterPool({ files: OPEN_FILES, cache });
    const versions = new InputVersions();
    return orDispose(pool, async () => {
      const hash = createHash('sha256').update(JSON.stringify(options.phases ?? null));
      for (const input of inputs) {
        hash.update(JSON.stringify(await identityOfInput(input, versions, signal)));
        await checkPixels(input, pool, signal);
      }
      for (let k = 0; k < options.chips.length; k++) {
        signal?.throwIfAborted();
        const { geobox, slice, row } = requireSize(await options.chips.at(k, signal), spec.chip.size);
        hash.update(JSON.stringify([geobox, slice.interval, row?.collection, row?.id]));
      }
      return new CatalogChips(
        { ...options, open: inputs, pool, cache, files: new UsedFiles(pool, versions) },
        { catalog: hash.digest('hex') },
      );
    });
  }

  async *chips(start: number, end: number, signal?: AbortSignal): AsyncGenerator<LoadedChip> {
    const ahead: Promise<LoadedChip>[] = [];
    try {
      for (let k = start, next = start; k < end; k++) {
        signal?.throwIfAborted();
        for (; next < end && ahead.length <= READ_AHEAD; next++) {
          const loading = this.#load(next, signal);
          // Not an unhandled rejection: the error is thrown when the chip is awaited, in order.
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

  /** Checks the versions of the files that were read since the last call: a catalog may have very many. */
  requireUnchanged(signal?: AbortSignal): Promise<void> {
    return this.#options.files.requireUnchanged(signal);
  }

  async dispose(): Promise<void> {
    await this.#options.pool.dispose();
  }

  async #load(index: number, signal: AbortSignal | undefined): Promise<LoadedChip> {
    const { spec, chips, phases } = this.#options;
    const place = await chips.at(index, signal);
    const { geobox } = place;
    const inputs = new Map<string, Float32Array>();
    const times: TimeInterval[] = [];
    for (const open of this.#options.open) {
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

  /** The times of the rows that intersect a chip, without rows that have no date. */
  #timesOf({ catalog }: OpenInput, { geobox }: Place, interval: TimeInterval): TimeInterval[] {
    const rows = catalog.query({ geometry: geobox.bounds, crs: geobox.crs, interval });
    return Array.from(rows, (row) => row.interval).filter((time) => !time.equals(TimeInterval.always));
  }

  /** Reads an input at one time, (band, y, x); null if no row intersects the chip. */
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
    const { backend, cache, files } = this.#options;
    const isOwn = (row: CatalogRow): boolean => row.id === own?.id && row.collection === own.collection;
    const { data } = await loadRaster(rows, geobox, {
      bands,
      method,
      ...unitOptions(input, open),
      resampling,
      mask,
      order: (a, b) => Number(isOwn(b)) - Number(isOwn(a)) || compareDistance(a.interval, b.interval, time),
      backend,
      cache,
      allowEmpty: true,
      open: files.open,
      signal,
    });
    return data as Float32Array;
  }
}

/** @throws {TerrachipError} INVALID_OPTION unless each phase of the model has a time */
function requirePhases({ spec, phases }: CatalogChipsOptions): void {
  const names = spec.phases;
  if (phases === undefined) {
    if (names.length === 1 || spec.inputs.every(({ kind }) => kind === 'static')) return;
    throw invalidOption(
      'phases',
      `are missing, and ${spec.name} needs images of ${names.length} times: ${names.join(', ')}`,
      'give a time for each',
    );
  }
  if (phases.length === names.length) return;
  throw invalidOption(
    'phases',
    `are ${phases.length} times, but ${spec.name} has ${names.length} phases: ${names.join(', ')}`,
    'give a time for each, in this order',
  );
}

function requireSize(place: Place, size: number): Place {
  const { width, height } = place.geobox;
  if (width === size && height === size) return place;
  throw invalidInput(
    `chip ${place.index} at [${place.geobox.bounds.join(', ')}]`,
    `has ${width} × ${height} pixels, but the model needs ${size} × ${size}`,
    'sample chips of that size, with another `policy` than clip',
  );
}
