/** Opens the sources of a load and chooses their bands. */
import { invalidOption, isTerrachipError, TerrachipError } from '../../errors.js';
import type { PixelWindow } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { createBlockCache, type Raster } from '../../raster/index.js';
import { GeoCatalog } from '../geo-catalog.js';
import { type CatalogRow, mainAsset, rowName } from '../row.js';
import { requireBand } from './bands.js';
import { type BandChoice, createLoadCounters, DEFAULT_MAX_BYTES, type SourceOptions } from './options.js';
import { checkMask } from './quality.js';
import { type LoadTarget, nothingThere, rowsOn, sortRows, targetGrid, targetTime } from './rows.js';
import { type OpenedBand, openAsset, Source, type SourceContext } from './source.js';

/** Files whose headers are read concurrently. */
const OPENING = 8;

/** Greatest number of sources with open files. */
const OPEN_SOURCES = 64;

/** A source and the pixels of the grid that it may touch. */
export interface PlacedSource {
  readonly source: Source;
  readonly window: PixelWindow;
}

/** The rows and bands to load. Dispose it when done. */
export class LoadPlan {
  readonly context: SourceContext;
  /** In the order of the reduction. */
  readonly sources: readonly PlacedSource[];
  readonly bandNames: readonly string[];
  /** The bands of the first source; null without sources. */
  readonly bands: readonly OpenedBand[] | null;
  readonly #open: Set<Source>;

  private constructor(
    context: SourceContext,
    sources: readonly PlacedSource[],
    bandNames: readonly string[],
    bands: readonly OpenedBand[] | null,
    open: Set<Source>,
  ) {
    this.context = context;
    this.sources = sources;
    this.bandNames = bandNames;
    this.bands = bands;
    this.#open = open;
  }

  /**
   * Chooses rows and bands. Reads no pixels.
   * @param byBand whether bands are read one by one
   * @throws {TerrachipError} INVALID_INPUT or INVALID_OPTION for invalid bands, masks or resamplings
   */
  static async make(
    catalog: Iterable<CatalogRow>,
    target: LoadTarget,
    options: SourceOptions,
    byBand: boolean,
  ): Promise<LoadPlan> {
    if (typeof options.mask === 'object') checkMask(options.mask);
    if (options.bands?.length === 0) throw invalidOption('bands', 'names none', 'give at least one');
    const grid = targetGrid(target);
    const interval = targetTime(target);
    const rows = sortRows(rowsOn(catalog, grid, interval), options.order ?? 'time');
    if (
      rows.length === 0 &&
      options.allowEmpty !== true &&
      catalog instanceof GeoCatalog &&
      catalog.length > 0
    )
      throw nothingThere(catalog, grid, interval);
    const backend = options.backend ?? new CpuBackend();
    const context: SourceContext = {
      backend,
      grid,
      cache: options.cache ?? createBlockCache(),
      counters: options.counters ?? createLoadCounters(),
      options,
      byBand,
    };
    const opened = new Set<Source>();
    try {
      const choices = options.bands ?? (await defaultBands(context, rows));
      requireKnownNames(choices, rows, options);
      const { signal } = options;
      const skipped = context.counters.skippedRows;
      const placedRows = await mapConcurrently(
        rows,
        OPENING,
        async (row, position) => {
          const placed = await place(context, row, position, choices, opened);
          if (opened.size > OPEN_SOURCES) await closeAll(opened);
          return placed;
        },
        signal,
      );
      const sources = placedRows.filter((placed) => placed !== null);
      if (sources.length === 0 && options.allowEmpty !== true && context.counters.skippedRows === skipped)
        throw nothingThere(catalog, grid, interval);
      context.counters.rows += sources.length;
      const first = sources.at(0);
      const bands = first === undefined ? null : (await first.source.open(signal)).bands;
      if (first !== undefined) opened.add(first.source);
      const names = first === undefined ? choices.map(String) : namesOf(first.source.row, choices, bands);
      return new LoadPlan(context, sources, names, bands, opened);
    } catch (error) {
      await closeAll(opened);
      if (options.backend === undefined) backend.dispose();
      throw error;
    }
  }

  /** Marks sources as used, and closes the least recently used ones above the limit. */
  async keepOpen(sources: readonly Source[]): Promise<void> {
    for (const source of sources) {
      this.#open.delete(source);
      this.#open.add(source);
    }
    for (const source of this.#open) {
      if (this.#open.size <= OPEN_SOURCES || sources.includes(source)) break;
      this.#open.delete(source);
      await source.dispose();
    }
  }

  /** @throws {TerrachipError} TOO_LARGE if a result of so many bytes exceeds `maxBytes` */
  requireSize(size: number): void {
    const { grid, options } = this.context;
    const { maxBytes: limit = DEFAULT_MAX_BYTES } = options;
    if (size <= limit) return;
    throw new TerrachipError(
      'TOO_LARGE',
      `a result of ${size} bytes (${grid.width} × ${grid.height} pixels) is above the limit of ${limit}`,
      'load a smaller slice or larger pixels, take the rows from streamRaster, or raise `maxBytes`',
      { size, limit },
    );
  }

  async dispose(): Promise<void> {
    await closeAll(this.#open);
    if (this.context.options.backend === undefined) this.context.backend.dispose();
  }
}

async function closeAll(sources: Set<Source>): Promise<void> {
  for (const source of [...sources]) {
    sources.delete(source);
    await source.dispose();
  }
}

/** All bands of the first row's main file except its alpha band; skips unreadable rows with `onUnreadable: 'skip'`. */
async function defaultBands(context: SourceContext, rows: readonly CatalogRow[]): Promise<BandChoice[]> {
  const { options } = context;
  for (const row of rows) {
    let raster: Raster;
    try {
      raster = await openAsset(context, mainAsset(row).href, options.signal);
    } catch (error) {
      if (!mayBeSkipped(error, options)) throw error;
      continue;
    }
    const { bands } = raster;
    await raster.dispose();
    return bands.flatMap((band) => (band.colourInterpretation === 'alpha' ? [] : [band.index]));
  }
  throw invalidOption('bands', 'are not given, and no row declares any', 'name them');
}

/** Rejects unknown band names in options by band. */
function requireKnownNames(
  choices: readonly BandChoice[],
  rows: readonly CatalogRow[],
  options: SourceOptions,
): void {
  const [row] = rows;
  if (row === undefined || options.onUnreadable === 'skip') return;
  const loaded = new Set(choices.flatMap((choice) => [String(choice), requireBand(row, choice).name]));
  for (const option of ['resampling', 'sourceNodata'] as const) {
    const byBand = options[option];
    if (typeof byBand !== 'object') continue;
    const unknown = Object.keys(byBand).find((name) => !loaded.has(name));
    if (unknown === undefined) continue;
    const remedy = `name some of ${[...loaded].join(', ')}`;
    throw invalidOption(option, `names "${unknown}", which is not loaded`, remedy);
  }
}

async function place(
  context: SourceContext,
  row: CatalogRow,
  position: number,
  choices: readonly BandChoice[],
  opened: Set<Source>,
): Promise<PlacedSource | null> {
  const { options, counters } = context;
  const { signal } = options;
  try {
    const bands = choices.map((choice) => requireBand(row, choice));
    const source = new Source(context, row, position, bands);
    opened.add(source);
    const window = await source.window(signal);
    // A declared grid does not show that the file can be read.
    if (window !== null && options.onUnreadable === 'skip') await source.open(signal);
    if (window !== null) return { source, window };
    opened.delete(source);
    await source.dispose();
    return null;
  } catch (error) {
    if (!mayBeSkipped(error, options)) throw error;
    counters.skippedRows++;
    options.onProgress?.({ type: 'warning', message: `${rowName(row)} was left out: ${error.message}` });
    return null;
  }
}

/** Whether an error of one row's files only skips the row. */
function mayBeSkipped(error: unknown, { onUnreadable }: SourceOptions): error is TerrachipError {
  return (
    onUnreadable === 'skip' &&
    isTerrachipError(error, 'NOT_FOUND', 'INVALID_INPUT', 'UNSUPPORTED', 'NETWORK', 'TOO_LARGE')
  );
}

function namesOf(
  row: CatalogRow,
  choices: readonly BandChoice[],
  bands: readonly OpenedBand[] | null,
): string[] {
  return choices.map((choice, k) => {
    const chosen = requireBand(row, choice);
    if (typeof choice === 'string' || chosen.band !== null) return chosen.name;
    return bands?.[k].info.description ?? chosen.name;
  });
}
