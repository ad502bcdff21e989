/** Embeds catalogs: a grid of chips over the footprints of their rows, at the times of the rows. */
import { rowsOn } from '../../catalog/loaders/rows.js';
import {
  type BandChoice,
  GeoCatalog,
  gridSampler,
  loadCatalog,
  type QualityMask,
  type Region,
  SampleArea,
} from '../../catalog/node/index.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { type CrsLike, type GeoBox, TimeInterval } from '../../geo/index.js';
import type { ModelInput, ModelSpec } from '../../inference/node/index.js';
import type { Resampling } from '../../kernels/index.js';
import type { Units } from '../../raster/node/index.js';
import { type RowSelection, readPlace, selectRows } from '../catalog.js';
import { CatalogChips } from '../chips/catalog.js';
import { type CatalogInput, rowsWithBands } from '../chips/catalog-input.js';
import { chipsAtTimes } from '../chips/times.js';
import type { ChipMethod, ChipTimes, EdgePolicy } from '../choices.js';
import type { EmbedReport } from './embed.js';
import { type EmbedRunOptions, embedRun } from './run.js';

/** A catalog, or the path or URL of its file. */
export type CatalogLike = GeoCatalog | string;

/** Options of `embedCatalogs`: the catalogs, the model, and the grid of chips. */
export interface EmbedCatalogsOptions extends EmbedRunOptions {
  /** One catalog for all inputs of the model, or one catalog per input, by input name. */
  catalogs: CatalogLike | Readonly<Record<string, CatalogLike>>;
  /** The CRS of the chips. */
  crs: CrsLike;
  /** Pixel size in units of `crs`. Chips are aligned to whole multiples of it. */
  resolution: number;
  /**
   * Selects rows of the leading catalog, and limits the chips to a region. The leading catalog is that of the first named
   * temporal input. Other catalogs are read at the places and times of its rows.
   */
  select?: RowSelection;
  /** How rows at one place are grouped into chips by time (default `day`, in UTC: one chip per day with rows). */
  every?: ChipTimes;
  /** The time of each phase, in the model's order. Then there is one chip per place. */
  phases?: readonly string[];
  /** Largest distance in time, in milliseconds, of other inputs' rows from a chip (default 0). The nearest come first. */
  pad?: number;
  /** Bands by input, in the model's order: band names or numbers in the rows (default: the model's names). */
  bands?: Readonly<Record<string, readonly BandChoice[]>>;
  /** Units by input, for rows that declare none. */
  units?: Readonly<Record<string, Units>>;
  /** Quality masks by input, such as cloud masks. */
  masks?: Readonly<Record<string, QualityMask>>;
  resampling?: Resampling;
  /** How several rows over one pixel are combined (default `first`, the nearest in time). */
  method?: ChipMethod;
  /** Distance between chips in pixels (default: the model's stride). */
  stride?: number;
  /** How chips are placed at the edges of the area (default `cover`). */
  policy?: EdgePolicy;
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
}

export async function embedCatalogs(options: EmbedCatalogsOptions): Promise<EmbedReport> {
  const { select = {}, phases, every, pad = 0, signal, cacheBytes } = options;
  if (!(pad >= 0) || !Number.isFinite(pad))
    throw invalidOption('pad', `cannot be ${pad}`, 'give a length of time from 0 on');
  if (phases !== undefined && every !== undefined)
    throw invalidOption('every', 'cannot be combined with `phases`', 'leave one of them out');
  return embedRun(options, async ({ model: { spec }, backend }) => {
    const place = await readPlace(select, signal, 'the CRS');
    const sources = sourcesOf(options, spec);
    const [leader] = sources;
    const lead = {
      ...settingsOf(options, leader),
      catalog: await leadingRows(leader, select, place, signal),
    };
    const rows = rowsWithBands(leader.input, lead);
    reportLeftOut(options, leader, lead.catalog.length - rows.length);
    const area = SampleArea.of(rows, options, place === null ? {} : { roi: place });
    const inputs: Record<string, CatalogInput> = { [leader.input.name]: { ...lead, catalog: rows } };
    for (const source of sources.slice(1)) {
      const all = await rowsAround(source, area.geobox, select, signal);
      const other = { ...settingsOf(options, source), catalog: all, pad };
      const catalog = rowsWithBands(source.input, other);
      reportLeftOut(options, source, all.length - catalog.length);
      inputs[source.input.name] = { ...other, catalog };
    }
    const grid = gridSampler(area, {
      size: spec.chip.size,
      stride: options.stride ?? spec.chip.stride,
      policy: options.policy ?? 'cover',
    });
    return CatalogChips.open({
      spec,
      backend,
      inputs,
      chips: phases === undefined ? chipsAtTimes(area, grid, every ?? 'day') : grid,
      phases: phases?.map((time) => TimeInterval.parse(time)),
      cacheBytes,
      signal,
    });
  });
}

/** An input of the model and its catalog. */
interface InputSource {
  readonly input: ModelInput;
  readonly from: CatalogLike;
  /** For messages. */
  readonly name: string;
}

/**
 * The inputs and their catalogs. The leading one, the first named temporal input, comes first.
 * @throws {TerrachipError} INVALID_OPTION for a missing input, or an input that the model lacks
 */
function sourcesOf({ catalogs }: EmbedCatalogsOptions, { name: model, inputs }: ModelSpec): InputSource[] {
  const isOne = typeof catalogs === 'string' || catalogs instanceof GeoCatalog;
  const names = isOne ? inputs.map(({ name }) => name) : Object.keys(catalogs);
  const byName = new Map(names.map((name) => [name, isOne ? catalogs : catalogs[name]]));
  const sources = inputs.map((input): InputSource => {
    const from = byName.get(input.name);
    if (from === undefined) {
      const bands = `${input.bands.join(', ')} in ${input.units}`;
      throw invalidOption('catalogs', `lack ${input.name} (${bands})`, 'name a catalog for it');
    }
    return { input, from, name: typeof from === 'string' ? from : `the catalog of ${input.name}` };
  });
  const unknown = names.find((name) => !sources.some(({ input }) => input.name === name));
  if (unknown !== undefined) {
    const known = inputs.map(({ name }) => name).join(', ');
    throw invalidOption('catalogs', `name ${unknown}, which ${model} lacks`, `choose from ${known}`);
  }
  const rank = ({ input }: InputSource): number =>
    names.indexOf(input.name) + (input.kind === 'static' ? names.length : 0);
  return sources.sort((a, b) => rank(a) - rank(b));
}

function settingsOf(
  options: EmbedCatalogsOptions,
  { input, name }: InputSource,
): Omit<CatalogInput, 'catalog'> {
  const { resampling, method } = options;
  const own = <T>(values: Readonly<Record<string, T>> | undefined): T | undefined =>
    values !== undefined && Object.hasOwn(values, input.name) ? values[input.name] : undefined;
  const [bands, units, mask] = [own(options.bands), own(options.units), own(options.masks)];
  return { name, bands, units, mask, resampling, method };
}

async function leadingRows(
  { from, name }: InputSource,
  select: RowSelection,
  place: Region | null,
  signal: AbortSignal | undefined,
): Promise<GeoCatalog> {
  const rows = await selectRows(from, select, place, signal);
  if (rows.length > 0) return rows;
  const remedy = 'widen the selection (terrachip catalog info lists the extent)';
  throw invalidInput(name, 'has no row at that place and time', remedy);
}

/** Warns about rows that lack bands. With one catalog for all inputs, these rows belong to other inputs. */
function reportLeftOut(
  { catalogs, onProgress }: EmbedCatalogsOptions,
  source: InputSource,
  count: number,
): void {
  if (count === 0 || source.from === catalogs) return;
  const message = `${source.name}: ${count} rows lack bands of ${source.input.name} and are left out`;
  onProgress?.({ type: 'warning', message });
}

/** The rows of another input that may intersect a grid. */
async function rowsAround(
  { from, name }: InputSource,
  grid: GeoBox,
  { allowLocal }: RowSelection,
  signal: AbortSignal | undefined,
): Promise<GeoCatalog> {
  const all = typeof from === 'string' ? await loadCatalog(from, { signal, allowLocal }) : from;
  const rows = GeoCatalog.from(rowsOn(all, grid, TimeInterval.always));
  if (rows.length > 0) return rows;
  const remedy = 'choose another catalog, or another place';
  throw invalidInput(name, 'has no row that intersects the chips', remedy);
}
