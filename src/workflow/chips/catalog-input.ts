/** Model inputs from catalogs: choice and checks of the rows that have an input's bands. */
import { bandInFile, bandNames, bandUnits, findBand, requireBand } from '../../catalog/loaders/bands.js';
import type {
  BandChoice,
  CatalogRow,
  GeoCatalog,
  QualityMask,
  RasterPool,
} from '../../catalog/node/index.js';
import { rowName } from '../../catalog/row.js';
import { invalidInput, invalidOption } from '../../errors.js';
import type { ModelInput, ModelSpec } from '../../inference/node/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import type { Resampling } from '../../kernels/index.js';
import type { Units } from '../../raster/node/index.js';
import { requirePlausible } from '../band-checks.js';
import type { ChipMethod } from '../choices.js';
import type { InputVersions } from '../input-versions.js';

/** A catalog for a model's input. */
export interface CatalogInput {
  /** Rows without the input's bands are ignored. */
  catalog: GeoCatalog;
  /** The catalog's name in messages. */
  name?: string;
  /** Band names or numbers in the rows, in the model's order (default: the model's names; case does not matter). */
  bands?: readonly BandChoice[];
  /** Units for rows that declare none. */
  units?: Units;
  /** Default: `bilinear`; `nearest` for categories. */
  resampling?: Resampling;
  /** How several rows over one pixel are combined (default `first`: the nearest in time that has data). */
  method?: ChipMethod;
  /** Masked pixels, such as clouds, become nodata before rows are combined. */
  mask?: QualityMask;
  /** Milliseconds by which the requested times are extended at both ends (default 0). */
  pad?: number;
}

/** An input with its checked rows. */
export interface OpenInput extends CatalogInput {
  readonly input: ModelInput;
  readonly bands: readonly BandChoice[];
  /** The rows that have all bands of the input. */
  readonly catalog: GeoCatalog;
}

/** Files whose identity is read concurrently. */
const CONCURRENCY = 16;

/**
 * The rows of each input, in the model's order of inputs.
 * @throws {TerrachipError} INVALID_OPTION for a missing input or one that the model lacks; INVALID_INPUT for a catalog
 * without the bands, or whose units are unknown or cannot be converted
 */
export function chooseRows(
  { name, inputs: modelInputs }: ModelSpec,
  catalogInputs: Readonly<Record<string, CatalogInput>>,
): OpenInput[] {
  const names = modelInputs.map((input) => input.name);
  const unknown = Object.keys(catalogInputs).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    throw invalidOption('inputs', `names ${unknown}, which ${name} lacks`, `choose from ${names.join(', ')}`);
  }
  return modelInputs.map((input) => {
    const source = Object.hasOwn(catalogInputs, input.name) ? catalogInputs[input.name] : undefined;
    if (source === undefined) {
      const bands = `${input.bands.join(', ')} in ${input.units}`;
      throw invalidOption('inputs', `lacks ${input.name} (${bands})`, 'name a catalog for it');
    }
    const { bands = input.bands } = source;
    const catalog = rowsWithBands(input, source);
    for (const row of catalog) {
      for (const band of bands) bandUnits(row, requireBand(row, band), unitOptions(input, source));
    }
    return { ...source, input, bands, catalog };
  });
}

/**
 * The rows that have all bands of an input.
 * @throws {TerrachipError} INVALID_INPUT when there are none; INVALID_OPTION for a wrong number of bands
 */
export function rowsWithBands(input: ModelInput, source: CatalogInput): GeoCatalog {
  const { bands = input.bands } = source;
  if (bands.length !== input.bands.length) {
    const remedy = `name ${input.bands.length}, for ${input.bands.join(', ')}`;
    throw invalidOption('bands', `names ${bands.length} for ${input.name}`, remedy);
  }
  const rows = source.catalog.filter((row) => bands.every((band) => findBand(row, band) !== null));
  if (rows.length > 0) return rows;
  throw withoutBands(source.name ?? 'the catalog', source.catalog, input, bands);
}

/** The target units of an input, and the units of rows that declare none. */
export function unitOptions(
  { units }: ModelInput,
  { units: declared }: CatalogInput,
): { units: Units; sourceUnits?: Units } {
  return { units, sourceUnits: declared };
}

function withoutBands(
  file: string,
  catalog: GeoCatalog,
  input: ModelInput,
  bands: readonly BandChoice[],
): Error {
  const missing = bands.filter((band) => ![...catalog].some((row) => findBand(row, band) !== null));
  const problem =
    missing.length > 0
      ? `has no row with ${missing.join(', ')}`
      : `has no row with all of ${bands.join(', ')}`;
  const [first] = catalog;
  const has =
    first === undefined
      ? 'it is empty'
      : `${rowName(first)} has ${bandNames(first).slice(0, 30).join(', ') || 'bands without names'}`;
  return invalidInput(
    file,
    `${problem}, which the model needs for ${input.name} (${has})`,
    'choose another catalog, or name its `bands`',
  );
}

/**
 * Checks some pixels of the first row of each collection and units.
 * @throws {TerrachipError} INVALID_INPUT for values outside of the range of their units
 */
export async function checkPixels(open: OpenInput, pool: RasterPool, signal?: AbortSignal): Promise<void> {
  const seen = new Set<string>();
  const { input, bands, catalog } = open;
  for (const row of catalog) {
    for (const [k, band] of bands.entries()) {
      const chosen = requireBand(row, band);
      const units = bandUnits(row, chosen, unitOptions(input, open))?.units;
      const key = JSON.stringify([row.collection, units, k]);
      if (units === undefined || seen.has(key)) continue;
      seen.add(key);
      await using raster = await pool.open(chosen.asset.href, { signal });
      const stored = bandInFile(raster, chosen);
      const { nodata = stored.nodata, scale = stored.scale, offset = stored.offset } = chosen.values;
      const about = { index: stored.index, nodata, scale, offset };
      await requirePlausible(raster, about, units, `${input.name} ${input.bands[k]}`, signal);
    }
  }
}

/** Everything that affects an input's values, for the run's fingerprint: files, bands and options. */
export async function identityOfInput(
  open: OpenInput,
  versions: InputVersions,
  signal?: AbortSignal,
): Promise<unknown> {
  const { input, bands, catalog, units, resampling, method, mask, pad } = open;
  const ofBand = async (row: CatalogRow, choice: BandChoice): Promise<unknown> => {
    const { asset, index, values, units } = requireBand(row, choice);
    return [await versions.identityOf(asset.href, signal), index, values, units ?? null];
  };
  const rows = await mapConcurrently(
    [...catalog],
    CONCURRENCY,
    async (row) => {
      const own = await Promise.all(bands.map((band) => ofBand(row, band)));
      const quality = mask === undefined ? null : await ofBand(row, mask.band);
      return [row.collection, row.id, row.interval, own, quality];
    },
    signal,
  );
  const settings = [units ?? null, resampling ?? null, method ?? null, mask ?? null, pad ?? 0];
  return [input.name, bands, settings, rows];
}
