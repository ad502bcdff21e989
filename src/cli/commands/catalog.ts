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

/** The file formats of catalogs, and the others that are read as one. */
const FILE = 'a catalog in GeoParquet (.parquet) or GeoJSON (.geojson)';
const SOURCE = `${FILE}, or STAC items (.json, .ndjson)`;

const CATALOG = argument('<catalog>', `${SOURCE}, by path or URL`);
const OUTPUT = option('-o, --output <file>', `${FILE} to write`);

const buildCommand = defineCommand(
  'build',
  'build a catalog of files from their headers',
  {
    inputs: argumentList('<inputs...>', 'paths, patterns such as "scenes/*.tif", folders, or URLs'),
    output: outputOption('<file>', `${FILE} to write`),
    type: option(
      '--type <what>',
      'type of the inputs: raster, zarr (also netCDF and HDF5), vector, stac (items as they are) or product (SAFE, STAC items of known products); detected by default',
      parseChoice(CATALOG_TYPES),
    ),
    filenameRegex: option(
      '--regex <regex>',
      'regular expression of file names with named groups: date, or start and stop; band; others become properties',
    ),
    dateFormat: option('--date-format <format>', 'strptime format of these dates (default %Y%m%d)'),
    collection: option('--collection <name>', 'collection of the rows'),
    bandNames: list('--band-names <names...>', 'names of the bands of each raster, in order'),
    variables: list('--variables <names...>', 'arrays to take from each store'),
    rows: option(
      '--rows <what>',
      'make a row of each store (default) or time step, or of each vector file (default) or feature',
      parseChoice(ROW_KINDS),
    ),
    layer: option('--layer <name>', 'layer of vector files with several layers'),
    sourceCrs: option('--source-crs <crs>', 'CRS of vector files without one'),
    encoding: ENCODING,
    dateProperty: converted(
      list(
        '--date-property <names...>',
        'attribute with the date of a feature, or two with its start and end',
      ),
      (names, name) => requireLength(name, names, 1, 2),
    ),
    idProperty: option('--id-property <name>', 'attribute with the id of a feature'),
    concurrency: option('--concurrency <n>', 'files to open at a time (default 16)', parseCount()),
    allowLocal: ALLOW_LOCAL,
    strict: flag('--strict', 'fail at the first file that cannot be read'),
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
    parts.push(`${unreadable.length} unreadable ${unreadable.length === 1 ? 'file' : 'files'} left out`);
  if (unmatched.length > 0) parts.push(`${unmatched.length} whose names do not match`);
  const names = unmatched.slice(0, SHOWN_NAMES).map((name) => `  ${name}`);
  const rest = unmatched.length - names.length;
  if (rest > 0) names.push(`  … and ${rest} more, listed with --json`);
  return [parts.join(', '), ...names].join('\n');
}

/** Names that do not match, for people; `--json` has all. */
const SHOWN_NAMES = 20;

const queryCommand = defineCommand(
  'query',
  'select the rows of a catalog by place, time and properties',
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
  'intersect two catalogs in space and time',
  {
    first: argument('<first>', SOURCE),
    second: argument('<second>', SOURCE),
    spatialOnly: flag('--spatial-only', 'ignore time'),
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
  'combine the rows of several catalogs',
  {
    catalogs: argumentList('<catalogs...>', SOURCE),
    dedupe: option(
      '--dedupe <how>',
      'duplicates to drop: none, item (keep one row of each item, default) or newest (keep the newest processing)',
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
  'describe a catalog: rows, extent, collections, properties',
  { catalog: CATALOG, allowLocal: ALLOW_LOCAL },
  async ({ catalog, ...options }, { output, signal }) => {
    const { describeCatalogFile } = await import('../../workflow/catalog.js');
    const report = await describeCatalogFile(catalog, { ...options, signal });
    output.result(report, describeInfo(report));
  },
);

export const catalogCommand = defineGroup(
  'catalog',
  'build, query and combine catalogs of files by place and time',
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

/** Prints rows, and writes them to the file if one is given. */
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
