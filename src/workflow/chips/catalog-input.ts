/** What a model's input is read from: the rows of a catalog that have its bands, in units that become the model's. */
import { bandInFile, bandNames, findBand, requireBand, rowName } from '../../catalog/loaders/bands.js';
import { bandUnits } from '../../catalog/loaders/units.js';
import type {
  BandChoice,
  CatalogRow,
  GeoCatalog,
  QualityMask,
  RasterPool,
} from '../../catalog/node/index.js';
import { invalidInput, invalidOption } from '../../errors.js';
import type { ModelInput, ModelSpec } from '../../inference/node/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import type { Resampling } from '../../kernels/index.js';
import type { Units } from '../../raster/node/index.js';
import { identityOf, requirePlausible } from '../band-checks.js';
import type { ChipMethod } from './methods.js';

/** Where an input comes from. */
export interface CatalogInput {
  /** Rows without the input's bands are left out. */
  catalog: GeoCatalog;
  /** How messages call the catalog. */
  name?: string;
  /** Its bands by names or numbers of the rows, in the model's order (default: the model's names, in any case). */
  bands?: readonly BandChoice[];
  /** The units of rows that declare none. */
  units?: Units;
  /** Default: `bilinear`, `nearest` for categories. */
  resampling?: Resampling;
  /** Default `first`: the nearest in time that has data. */
  method?: ChipMethod;
  /** Pixels that are taken away first, such as clouds. */
  mask?: QualityMask;
  /** Milliseconds by which times are widened at both ends (default 0). */
  pad?: number;
}

/** An input whose rows have been looked at. */
export interface OpenInput extends CatalogInput {
  readonly input: ModelInput;
  readonly bands: readonly BandChoice[];
  /** Rows with all its bands. */
  readonly catalog: GeoCatalog;
}

/** Files that are looked at at the same time. */
const LOOKING = 16;

/**
 * The rows of each input, in the model's order of inputs.
 * @throws {TerrachipError} INVALID_OPTION for an input that is missing or that the model does not have; INVALID_INPUT for
 * a catalog without the bands, or with bands whose units are not known or cannot be converted
 */
export function chooseRows(
  { name, inputs: wanted }: ModelSpec,
  given: Readonly<Record<string, CatalogInput>>,
): OpenInput[] {
  const names = wanted.map((input) => input.name);
  const unknown = Object.keys(given).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    throw invalidOption('inputs', `names ${unknown}, which ${name} lacks`, `choose of ${names.join(', ')}`);
  }
  return wanted.map((input) => {
    const own = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    if (own === undefined) {
      const what = `${input.bands.join(', ')} in ${input.units}`;
      throw invalidOption('inputs', `lacks ${input.name} (${what})`, 'say which catalog it comes from');
    }
    const { bands = input.bands } = own;
    const catalog = rowsWithBands(input, own);
    for (const row of catalog) {
      for (const band of bands) bandUnits(row, requireBand(row, band), unitOptions(input, own));
    }
    return { ...own, input, bands, catalog };
  });
}

/**
 * The rows that have all bands of an input.
 * @throws {TerrachipError} INVALID_INPUT for a catalog without any; INVALID_OPTION for another number of bands
 */
export function rowsWithBands(input: ModelInput, given: CatalogInput): GeoCatalog {
  const { bands = input.bands } = given;
  if (bands.length !== input.bands.length) {
    throw invalidOption(
      'bands',
      `names ${bands.length} for ${input.name}`,
      `name ${input.bands.length}, which stand for ${input.bands.join(', ')}`,
    );
  }
  const rows = given.catalog.filter((row) => bands.every((band) => findBand(row, band) !== null));
  if (rows.length > 0) return rows;
  throw withoutBands(given.name ?? 'the catalog', given.catalog, input, bands);
}

/** The units that an input wants, and those of rows that declare none. */
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
  const what =
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
    `${what}, which the model wants for ${input.name} (${has})`,
    'choose another catalog, or say by which names or numbers its bands go',
  );
}

/**
 * Looks at some pixels of the first row of each collection and units: data outside of what its units allow is an error.
 * @throws {TerrachipError} INVALID_INPUT
 */
export async function checkPixels(open: OpenInput, pool: RasterPool, signal?: AbortSignal): Promise<void> {
  const seen = new Set<string>();
  const { input, bands, catalog } = open;
  for (const row of catalog) {
    for (const [k, band] of bands.entries()) {
      const chosen = requireBand(row, band);
      const found = bandUnits(row, chosen, unitOptions(input, open));
      const key = JSON.stringify([row.collection, found?.units, k]);
      if (found === null || seen.has(key)) continue;
      seen.add(key);
      const raster = await pool.open(chosen.asset.href, { signal });
      try {
        const stored = bandInFile(raster, chosen);
        const { nodata = stored.nodata, scale = stored.scale, offset = stored.offset } = chosen.values;
        const about = { index: stored.index, nodata, scale, offset };
        await requirePlausible(raster, about, found.units, `${input.name} ${input.bands[k]}`, signal);
      } finally {
        await raster.close();
      }
    }
  }
}

/** All of an input that decides values: what is read of which files, and how. */
export async function identityOfInput(open: OpenInput, signal?: AbortSignal): Promise<unknown> {
  const { input, bands, catalog, units, resampling, method, mask, pad } = open;
  const files = new Map<string, Promise<string>>();
  const fileIdentity = (href: string): Promise<string> => {
    const known = files.get(href) ?? identityOf(href);
    files.set(href, known);
    return known;
  };
  const ofBand = async (row: CatalogRow, choice: BandChoice): Promise<unknown> => {
    const { asset, index, values, units } = requireBand(row, choice);
    return [await fileIdentity(asset.href), index, values, units ?? null];
  };
  const rows = await mapConcurrently(
    [...catalog],
    LOOKING,
    async (row) => {
      const own = await Promise.all(bands.map((band) => ofBand(row, band)));
      const quality = mask === undefined ? null : await ofBand(row, mask.band);
      return [row.collection, row.id, row.interval, own, quality];
    },
    signal,
  );
  const how = [units ?? null, resampling ?? null, method ?? null, mask ?? null, pad ?? 0];
  return [input.name, bands, how, rows];
}
