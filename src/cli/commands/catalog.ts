import type { GeoCatalog } from '../../catalog/index.js';
import { DEDUPE_POLICIES } from '../../catalog/union.js';
import { invalidOption } from '../../errors.js';
import type { CatalogReport } from '../../workflow/catalog.js';
import type { BuildCatalogReport } from '../../workflow/catalog-build.js';
import { CATALOG_TYPES, ROW_KINDS } from '../../workflow/choices.js';
import { parseChoice, parseCount, requireLength } from '../arguments.js';
import { presentRows } from '../catalog-rows.js';
import {
  argument,
  argumentList,
  type CommandContext,
  converted,
  defineCommand,
  defineGroup,
  flag,
  list,
  option,
} from '../command.js';
import {
  ALLOW_LOCAL,
  BBOX,
  BBOX_CRS_HELP,
  ENCODING,
  outputOption,
  SELECTION_OPTIONS,
} from '../shared-options.js';
import { formatLines } from '../table.js';
import { chipsCommand } from './catalog-chips.js';
import { mosaicCommand } from './catalog-mosaic.js';

/** What files a catalog can be, and what else is read as one. */
const FILE = 'a catalog in GeoParquet (.parquet) or GeoJSON (.geojson)';
const SOURCE = `${FILE}, or STAC items (.json, .ndjson)`;

const CATALOG = argument('<catalog>', `${SOURCE}, by path or URL`);
const OUTPUT = option('-o, --output <file>', `${FILE} to write`);

const buildCommand = defineCommand(
  'build',
  'make a catalog of files from their headers',
  {
    inputs: argumentList('<inputs...>', 'paths, patterns such as "scenes/*.tif", folders, or URLs'),
    output: outputOption('<file>', `${FILE} to write`),
    type: option(
      '--type <what>',
      'raster, zarr (netCDF and HDF5 too), vector, stac (items as they are), or product (SAFE, STAC items of known products); default: by the inputs',
      parseChoice(CATALOG_TYPES),
    ),
    filenameRegex: option(
      '--regex <regex>',
      'names groups of file names: date, or start and stop; band; others are properties',
    ),
    dateFormat: option('--date-format <format>', 'of these dates, as strptime has it (default %Y%m%d)'),
    collection: option('--collection <name>', 'the collection that the rows belong to'),
    bandNames: list('--band-names <names...>', 'of the bands of each raster, in order'),
    variables: list('--variables <names...>', 'the arrays of each store that are meant'),
    rows: option(
      '--rows <what>',
      'store (default) or step of time; file (default) or feature of vectors',
      parseChoice(ROW_KINDS),
    ),
    layer: option('--layer <name>', 'of vector files with several'),
    sourceCrs: option('--source-crs <crs>', 'of vector files that do not say theirs'),
    encoding: ENCODING,
    dateProperty: converted(
      list('--date-property <names...>', 'of features: when, or start and end'),
      (names, name) => requireLength(name, names, 1, 2),
    ),
    idProperty: option('--id-property <name>', 'of features: their ids'),
    concurrency: option('--concurrency <n>', 'files that are open at a time (default 16)', parseCount()),
    allowLocal: ALLOW_LOCAL,
    strict: flag('--strict', 'end with the first file that cannot be read'),
  },
  async (values, { output, ...operation }) => {
    const { buildCatalogFile } = await import('../../workflow/catalog-build.js');
    const report = await buildCatalogFile({ ...values, ...operation });
    output.result(report, describeBuild(report));
  },
);

function describeBuild({ output, count, unreadable, unmatched }: BuildCatalogReport): string {
  const parts = [`${output}: ${count} ${count === 1 ? 'row' : 'rows'}`];
  if (unreadable.length > 0)
    parts.push(
      `${unreadable.length} ${unreadable.length === 1 ? 'file' : 'files'} left out that cannot be read`,
    );
  if (unmatched.length > 0) parts.push(`${unmatched.length} whose names do not match`);
  const names = unmatched.slice(0, SHOWN_NAMES).map((name) => `  ${name}`);
  const rest = unmatched.length - names.length;
  if (rest > 0) names.push(`  … and ${rest} more, which --json lists`);
  return [parts.join(', '), ...names].join('\n');
}

/** Names that do not match, for people; `--json` has all. */
const SHOWN_NAMES = 20;

const queryCommand = defineCommand(
  'query',
  'the rows at a place and a time, or all of them',
  {
    catalog: CATALOG,
    bbox: BBOX,
    crs: option('--crs <crs>', BBOX_CRS_HELP),
    ...SELECTION_OPTIONS,
    output: OUTPUT,
  },
  async (values, context) => {
    await checkOutput(values.output, [values.catalog, values.geometry]);
    const { queryCatalogFile } = await import('../../workflow/catalog.js');
    const found = await queryCatalogFile({ ...values, signal: context.signal });
    await present(found, values.output, context);
  },
);

const intersectCommand = defineCommand(
  'intersect',
  'the overlaps of two catalogs, in space and time',
  {
    first: argument('<first>', SOURCE),
    second: argument('<second>', SOURCE),
    spatialOnly: flag('--spatial-only', 'pairs of any time'),
    allowLocal: ALLOW_LOCAL,
    output: OUTPUT,
  },
  async (values, context) => {
    await checkOutput(values.output, [values.first, values.second]);
    const { intersectCatalogFiles } = await import('../../workflow/catalog.js');
    const { catalog, explanation } = await intersectCatalogFiles({ ...values, signal: context.signal });
    if (explanation !== '') context.onProgress({ type: 'warning', message: explanation });
    await present(catalog, values.output, context);
  },
);

const unionCommand = defineCommand(
  'union',
  'the rows of several catalogs',
  {
    catalogs: argumentList('<catalogs...>', SOURCE),
    dedupe: option(
      '--dedupe <how>',
      'keep every row (none), one of each item (default), or the newest processing of each',
      parseChoice(DEDUPE_POLICIES),
    ),
    allowLocal: ALLOW_LOCAL,
    output: OUTPUT,
  },
  async (values, context) => {
    if (values.catalogs.length < 2) throw invalidOption('catalogs', 'are too few', 'name two or more');
    await checkOutput(values.output, values.catalogs);
    const { uniteCatalogFiles } = await import('../../workflow/catalog.js');
    await present(await uniteCatalogFiles({ ...values, signal: context.signal }), values.output, context);
  },
);

const infoCommand = defineCommand(
  'info',
  'what is in a catalog: rows, extent, collections, properties',
  { catalog: CATALOG, allowLocal: ALLOW_LOCAL },
  async ({ catalog, ...options }, { output, signal }) => {
    const { describeCatalogFile } = await import('../../workflow/catalog.js');
    const report = await describeCatalogFile(catalog, { ...options, signal });
    output.result(report, describeInfo(report));
  },
);

export const catalogCommand = defineGroup(
  'catalog',
  'catalogs: what exists, where and when',
  buildCommand,
  queryCommand,
  intersectCommand,
  unionCommand,
  infoCommand,
  chipsCommand,
  mosaicCommand,
);

function describeInfo(report: CatalogReport): string {
  const counts = (of: Record<string, number>): string =>
    Object.entries(of)
      .map(([name, count]) => `${name === '' ? '(none)' : name} ${count}`)
      .join(', ');
  return formatLines([
    ['rows', String(report.count)],
    ['static', String(report.static)],
    ['bbox', report.bbox?.map((degrees) => degrees.toFixed(5)).join(' ') ?? '—'],
    ['interval', report.interval?.join(' / ') ?? '—'],
    ['collections', counts(report.collections) || '—'],
    ['crs', counts(report.crs) || '—'],
    ['assets', report.assets.join(', ') || '—'],
    ['properties', report.properties.join(', ') || '—'],
  ]);
}

/** @throws {TerrachipError} before any work, for a file that cannot be written or is an input */
async function checkOutput(file: string | undefined, inputs: readonly (string | undefined)[]): Promise<void> {
  if (file === undefined) return;
  const { CATALOG_FORMATS } = await import('../../io/node/output.js');
  const { requireOutput } = await import('../../io/node/inputs.js');
  await requireOutput(file, {
    formats: CATALOG_FORMATS,
    inputs: inputs.filter((input) => input !== undefined),
  });
}

/** Writes rows to a file where one is named, and prints them. */
async function present(
  catalog: GeoCatalog,
  file: string | undefined,
  { output, signal }: CommandContext,
): Promise<void> {
  if (file !== undefined) {
    const { saveCatalog } = await import('../../catalog/node/index.js');
    await saveCatalog(catalog, file, { signal });
  }
  presentRows(catalog, file, output);
}
