import { invalidOption } from '../../errors.js';
import { RESAMPLINGS } from '../../kernels/index.js';
import { UNITS } from '../../raster/units.js';
import { CHIP_METHODS, EDGE_POLICIES, EMBEDDING_POOLS } from '../../workflow/choices.js';
import { embedCatalogs, embedScenes } from '../../workflow/index.js';
import { type Parse, parseChoice, parseCount, parseNumber, parsePair } from '../arguments.js';
import {
  argumentList,
  converted,
  defineCommand,
  list,
  longFlag,
  option,
  type Parameter,
  required,
  type Values,
} from '../command.js';
import { EXECUTION_OPTIONS } from '../map-options.js';
import {
  BATCH_SIZE,
  BBOX,
  BBOX_CRS_HELP,
  CACHE,
  IMAGE_OPTIONS,
  MEMORY,
  maskParser,
  maxPixels,
  memoryOf,
  OVERWRITE,
  outputOption,
  parseBands,
  RESUME,
  SELECTION_OPTIONS,
  THREADS,
} from '../shared-options.js';

const EXAMPLES = `
Scenes:
  terrachip embed scene.json other.json --model encoder -o embeddings.zarr
A catalog whose rows have the bands of all inputs, or a catalog for each input:
  terrachip embed scenes.parquet --model encoder -o embeddings.zarr --crs EPSG:32632 --res 10
  terrachip embed S2L2A=s2.parquet S1RTC=s1.parquet DEM=dem.parquet --model encoder -o embeddings.zarr \\
    --crs EPSG:32632 --res 10 --datetime 2021-07 --where "eo:cloud_cover < 20" --mask S2L2A=SCL:3,8,9,10 --pad 3`;

const DAY = 86_400_000;

/** An option with a value for each of several inputs. @param what the value, for errors */
function byInput<T>(
  flags: string,
  help: string,
  what: string,
  parse: Parse<T>,
): Parameter<Record<string, T>, false> {
  return converted(list(flags, help, parsePair(what)), (pairs, flag) => fromPairs(pairs, flag, parse));
}

/** @throws {TerrachipError} INVALID_OPTION for a name that occurs twice */
function fromPairs<T>(
  pairs: readonly (readonly [name: string, value: string])[],
  option: string,
  parse: Parse<T>,
): Record<string, T> {
  const values = new Map<string, T>();
  for (const [name, value] of pairs) {
    if (values.has(name)) throw invalidOption(option, `names ${name} twice`, 'name each input once');
    values.set(name, parse(value, option));
  }
  return Object.fromEntries(values);
}

/** The options that only catalogs have. */
const CATALOG_OPTIONS = {
  crs: option('--crs <crs>', 'CRS of the chips: EPSG:32632, WKT or a PROJ string'),
  resolution: option(
    '--res <units>',
    'pixel size in that CRS; chips are aligned to its multiples',
    parseNumber,
  ),
  bbox: BBOX,
  bboxCrs: option('--bbox-crs <crs>', BBOX_CRS_HELP),
  ...SELECTION_OPTIONS,
  every: IMAGE_OPTIONS.every,
  pad: option(
    '--pad <days>',
    'largest time difference of images of other inputs, in days (default 0)',
    (text, flag) => parseNumber(text, flag) * DAY,
  ),
  bands: byInput(
    '--bands <input=bands...>',
    "bands of an input in the model's order: S2L2A=coastal,blue,…, DEM=1",
    'BAND,BAND',
    parseBands,
  ),
  units: byInput(
    '--units <input=units...>',
    'units of rows that declare none: S1RTC=dB',
    'UNITS',
    parseChoice(UNITS),
  ),
  masks: byInput(
    '--mask <input=band:classes...>',
    'pixels to mask: S2L2A=SCL:3,8,9,10',
    'BAND:CLASS,CLASS',
    maskParser('INPUT=BAND:CLASS,CLASS'),
  ),
  maskDilate: option('--mask-dilate <pixels>', 'pixels by which masks grow (default 0)', parseCount(0)),
  method: option(
    '--method <name>',
    `how overlapping images are combined: ${CHIP_METHODS.join(', ')} (default first, the nearest in time)`,
    parseChoice(CHIP_METHODS),
  ),
  resampling: option(
    '--resampling <name>',
    `resampling: ${RESAMPLINGS.join(', ')} (default bilinear)`,
    parseChoice(RESAMPLINGS),
  ),
  stride: option(
    '--stride <pixels>',
    "distance from one chip to the next (default: the model's)",
    parseCount(),
  ),
  policy: option(
    '--policy <what>',
    `placement of chips at the edges: ${EDGE_POLICIES.join(', ')} (default cover: the last chip is shifted inwards)`,
    parseChoice(EDGE_POLICIES),
  ),
};

type CatalogValues = Values<typeof CATALOG_OPTIONS>;

const CATALOG = /\.(geo)?parquet$|\.geojson$|\.nd(geo)?json$|\.(geo)?jsonl$/i;

/** Whether a source is a catalog, by its ending; scenes are folders or end with `.json`. */
function isCatalogSource(source: string): boolean {
  return CATALOG.test(source.replace(/[?#].*$/, ''));
}

/** One catalog, or one for each input. */
function catalogsOf(sources: readonly string[]): string | Record<string, string> {
  const named = sources.map((source): readonly [string, string] | null => {
    const [, input, path] = /^([\w.-]+)=(.+)$/.exec(source) ?? [];
    return input === undefined ? null : [input, path];
  });
  if (sources.length === 1 && named[0] === null) return sources[0];
  const plain = sources.find((_, k) => named[k] === null);
  if (plain !== undefined) {
    throw invalidOption(
      'sources',
      `name ${plain} among other catalogs, but not for which input it is`,
      'write INPUT=CATALOG for each, or unite them with terrachip catalog union',
    );
  }
  return fromPairs(
    named.filter((each) => each !== null),
    'sources',
    (path) => path,
  );
}

/** @throws {TerrachipError} INVALID_OPTION for an option that scenes do not have */
function refuseCatalogOptions(values: Partial<CatalogValues>): void {
  for (const [name, { flags }] of Object.entries(CATALOG_OPTIONS)) {
    if (Object.hasOwn(values, name))
      throw invalidOption(longFlag(flags), 'has no meaning for scenes', 'leave it out, or give a catalog');
  }
}

/** The options of `embedCatalogs` from those of catalogs. @throws {TerrachipError} INVALID_OPTION */
function catalogSettings({ maskDilate: dilate, bboxCrs, masks, ...values }: CatalogValues) {
  const { crs, resolution } = values;
  if (crs === undefined || resolution === undefined)
    throw invalidOption(
      '--crs and --res',
      'are needed for catalogs',
      'give both: they define the grid of the chips',
    );
  if (values.bbox === undefined && bboxCrs !== undefined)
    throw invalidOption('--bbox-crs', 'needs --bbox', 'leave it out, or give --bbox');
  if (dilate !== undefined && masks === undefined)
    throw invalidOption('--mask-dilate', 'needs a mask', 'leave it out, or give --mask');
  const grown = Object.entries(masks ?? {}).map(([input, mask]) => [input, { ...mask, dilate }] as const);
  const select = { ...values, crs: bboxCrs };
  return { ...values, crs, resolution, select, masks: Object.fromEntries(grown) };
}

export const embedCommand = defineCommand(
  'embed',
  'compute embeddings of the chips of scenes or catalogs with an encoder, into a Zarr store',
  {
    sources: argumentList(
      '<sources...>',
      'scene files, packages or manifests; or one catalog (.parquet, .geojson) for all inputs, or INPUT=CATALOG for each',
    ),
    model: required(option('--model <folder>', 'folder of an encoder, or of a model imported with --split')),
    output: outputOption('<store>', 'Zarr group to write'),
    pool: option(
      '--pool <how>',
      `pooling over the tokens of a chip: ${EMBEDDING_POOLS.join(', ')} (default mean)`,
      parseChoice(EMBEDDING_POOLS),
    ),
    ...EXECUTION_OPTIONS,
    threads: THREADS,
    phases: list(
      '--phases <which...>',
      "phases of the scenes, or times of the catalogs, in the order of the model's phases",
    ),
    batchSize: BATCH_SIZE,
    unitChips: option('--unit-chips <n>', 'chips per file of the store, a multiple of 16', parseCount()),
    resume: RESUME,
    overwrite: OVERWRITE,
    cacheBytes: CACHE,
    memory: MEMORY,
    maxPixels: maxPixels('refuse scenes with larger grids'),
    ...CATALOG_OPTIONS,
  },
  async ({ sources, ...values }, { output, ...operation }) => {
    const catalogs = sources.filter(isCatalogSource);
    if (catalogs.length > 0 && catalogs.length < sources.length) {
      throw invalidOption('sources', 'are scenes and catalogs', 'embed them in separate runs');
    }
    if (catalogs.length === 0) refuseCatalogOptions(values);
    if (catalogs.length > 0 && values.maxPixels !== undefined)
      throw invalidOption('--max-pixels', 'has no meaning for catalogs', 'leave it out');
    const options = { ...values, memory: memoryOf(values.memory, process.env), ...operation };
    const report =
      catalogs.length > 0
        ? await embedCatalogs({ ...options, ...catalogSettings(values), catalogs: catalogsOf(catalogs) })
        : await embedScenes({ ...options, scenes: sources });
    const { shape, provider, chipsRun, chipsSkipped } = report;
    const tokens = report.pool === 'none' ? 'every token' : `the ${report.pool} of the tokens`;
    output.result(
      report,
      report.finishedBefore
        ? `these embeddings are finished already: ${report.output}: (${shape.join(', ')})`
        : `${report.output}: (${shape.join(', ')}), ${tokens} of ${chipsRun} chips on ${provider}; ${chipsSkipped} without data`,
    );
  },
  { after: EXAMPLES, apart: { heading: 'Catalog options:', table: CATALOG_OPTIONS } },
);
