/** Catalogs through an encoder into a store of embeddings: a grid of chips over their rows, at the times of these. */
import { rowsOn } from '../../catalog/loaders/plan.js';
import { timeSteps } from '../../catalog/loaders/time-steps.js';
import {
  type BandChoice,
  type Chip,
  GeoCatalog,
  type GridSampler,
  gridSampler,
  loadCatalog,
  type QualityMask,
  type Region,
  SampleArea,
  type Sequence,
} from '../../catalog/node/index.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { type CrsLike, type GeoBox, TimeInterval } from '../../geo/index.js';
import type { ModelInput, ModelSpec } from '../../inference/node/index.js';
import type { Resampling } from '../../kernels/index.js';
import type { Units } from '../../raster/node/index.js';
import { type RowSelection, readPlace, selectRows } from '../catalog.js';
import { CatalogChips, type CatalogInput, type ChipMethod, rowsWithBands } from '../chips/index.js';
import { CHIP_TIMES, type ChipTimes, type EdgePolicy } from './choices.js';
import type { EmbedReport } from './embed.js';
import { type EmbedRunOptions, embedRun } from './run.js';

/** A catalog, or the path or URL of its file. */
export type CatalogLike = GeoCatalog | string;

/** What `embedCatalogs` embeds: catalogs, a model, and the grid of the chips. */
export interface EmbedCatalogsOptions extends EmbedRunOptions {
  /** One catalog for all inputs of the model, or one for each by its name. */
  catalogs: CatalogLike | Readonly<Record<string, CatalogLike>>;
  /** Of the chips. */
  crs: CrsLike;
  /** Pixel size in units of `crs`; chips lie on whole multiples of it. */
  resolution: number;
  /**
   * Which rows of the leading catalog are embedded, and where: chips lie in its place. It leads whose input is named
   * first of those that change with time; other catalogs are read at the places and times of its rows.
   */
  select?: RowSelection;
  /** Which images of a place are one chip (default `day`, in UTC): a chip a day that has any. */
  every?: ChipTimes;
  /** When each of the model's phases was, in its order; then a chip a place. */
  phases?: readonly string[];
  /** Milliseconds by which images of other inputs may be away from a chip's time (default 0). The nearest come first. */
  pad?: number;
  /** Bands by input, in the model's order: names or numbers of the rows (default: the model's names). */
  bands?: Readonly<Record<string, readonly BandChoice[]>>;
  /** Units by input, of rows that declare none. */
  units?: Readonly<Record<string, Units>>;
  /** Clouds and the like by input. */
  masks?: Readonly<Record<string, QualityMask>>;
  resampling?: Resampling;
  /** What becomes of several rows over a pixel (default `first`, the nearest in time). */
  method?: ChipMethod;
  /** Pixels from one chip to the next (default: the model's stride). */
  stride?: number;
  /** What happens at the edges of the area (default `cover`). */
  policy?: EdgePolicy;
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
}

export async function embedCatalogs(options: EmbedCatalogsOptions): Promise<EmbedReport> {
  const { select = {}, phases, every, pad = 0, signal, cacheBytes } = options;
  if (!(pad >= 0) || !Number.isFinite(pad))
    throw invalidOption('pad', `cannot be ${pad}`, 'give a length of time from 0 on');
  if (phases !== undefined && every !== undefined)
    throw invalidOption('every', 'has no meaning where phases say the times', 'leave one of them out');
  return embedRun(options, async ({ spec, backend }) => {
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
    const source = await CatalogChips.open({
      spec,
      backend,
      inputs,
      chips: phases === undefined ? chipsAtTimes(area, grid, every ?? 'day') : grid,
      phases: phases?.map((time) => TimeInterval.parse(time)),
      cacheBytes,
      signal,
    });
    return { source, close: () => source.close() };
  });
}

/** An input of the model and where it comes from. */
interface InputSource {
  readonly input: ModelInput;
  readonly from: CatalogLike;
  /** How messages call it. */
  readonly name: string;
}

/**
 * Where each input comes from, the leading one first: of those that change with time, the one that is named first.
 * @throws {TerrachipError} INVALID_OPTION for an input that is missing, or that the model does not have
 */
function sourcesOf({ catalogs }: EmbedCatalogsOptions, { name: model, inputs }: ModelSpec): InputSource[] {
  const isOne = typeof catalogs === 'string' || catalogs instanceof GeoCatalog;
  const names = isOne ? inputs.map(({ name }) => name) : Object.keys(catalogs);
  const given = new Map(names.map((name) => [name, isOne ? catalogs : catalogs[name]]));
  const sources = inputs.map((input): InputSource => {
    const from = given.get(input.name);
    if (from === undefined) {
      const what = `${input.bands.join(', ')} in ${input.units}`;
      throw invalidOption('catalogs', `lack ${input.name} (${what})`, 'say which catalog it comes from');
    }
    return { input, from, name: typeof from === 'string' ? from : `the catalog of ${input.name}` };
  });
  const unknown = names.find((name) => !sources.some(({ input }) => input.name === name));
  if (unknown !== undefined) {
    const known = inputs.map(({ name }) => name).join(', ');
    throw invalidOption('catalogs', `name ${unknown}, which ${model} lacks`, `choose of ${known}`);
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
  throw invalidInput(
    name,
    'has no row at that place and time',
    'ask for more, or see terrachip catalog info',
  );
}

/** Says how many rows lack bands; in one catalog for all inputs they are rows of others. */
function reportLeftOut(
  { catalogs, onProgress }: EmbedCatalogsOptions,
  source: InputSource,
  count: number,
): void {
  if (count === 0 || source.from === catalogs) return;
  const message = `${source.name}: ${count} rows lack bands of ${source.input.name} and are left out`;
  onProgress?.({ type: 'warning', message });
}

/** The rows of another input that may meet a grid. */
async function rowsAround(
  { from, name }: InputSource,
  grid: GeoBox,
  { allowLocal }: RowSelection,
  signal: AbortSignal | undefined,
): Promise<GeoCatalog> {
  const all = typeof from === 'string' ? await loadCatalog(from, { signal, allowLocal }) : from;
  const rows = GeoCatalog.from(rowsOn(all, grid, TimeInterval.always));
  if (rows.length > 0) return rows;
  throw invalidInput(name, 'has no row where chips are', 'choose another catalog, or another place');
}

/** The chips of a grid at the times of the rows that lie in each, place by place. */
function chipsAtTimes(area: SampleArea, grid: GridSampler, every: ChipTimes): Sequence<Chip> {
  if (!CHIP_TIMES.includes(every))
    throw invalidOption('every', `cannot be ${every}`, `choose one of ${CHIP_TIMES.join(', ')}`);
  if (every === 'all') return grid;
  const places: number[] = [];
  const times: TimeInterval[] = [];
  for (const [place, { window }] of [...grid].entries()) {
    const rows = area.rowsCovering(window, 0);
    const dated = rows.filter(({ interval }) => Number.isFinite(interval.end - interval.start));
    const steps = timeSteps(dated, every, 0).map(({ interval }) => interval);
    // What has no date at all is seen once.
    for (const interval of steps.length > 0 ? steps : [TimeInterval.always]) {
      places.push(place);
      times.push(interval);
    }
  }
  return grid.pick(places).map((chip, index) => ({
    ...chip,
    index,
    slice: { ...chip.slice, interval: times[index] },
  }));
}
