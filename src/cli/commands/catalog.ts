import { Command } from 'commander';
import { DEDUPE_POLICIES } from '../../catalog/union.js';
import { invalidOption } from '../../errors.js';
import type { CatalogReport } from '../../workflow/catalog.js';
import type { BuildCatalogOptions, BuildCatalogReport } from '../../workflow/catalog-build.js';
import { collect, parseChoice, parseCount, requireLength } from '../arguments.js';
import { describeItems, itemsOf } from '../catalog-items.js';
import type { CommandContext, Run } from '../main.js';
import {
  ALLOW_LOCAL,
  addSelectionOptions,
  parseSelection,
  type SelectionOptions,
} from '../selection-options.js';
import { formatLines } from '../table.js';

/** What files a catalog can be, and what else is read as one. */
const FILE = 'a catalog in GeoParquet (.parquet) or GeoJSON (.geojson)';
const SOURCE = `${FILE}, or STAC items (.json, .ndjson)`;

export function catalogCommand(run: Run): Command {
  return new Command('catalog')
    .description('catalogs: what exists, where and when')
    .addCommand(buildCommand(run))
    .addCommand(queryCommand(run))
    .addCommand(intersectCommand(run))
    .addCommand(unionCommand(run))
    .addCommand(infoCommand(run));
}

type BuildOptions = Omit<BuildCatalogOptions, 'inputs' | 'filenameRegex'> & { regex?: string };

function buildCommand(run: Run): Command {
  const command = new Command('build')
    .description('make a catalog of files from their headers')
    .argument('<inputs...>', 'paths, patterns such as "scenes/*.tif", folders, or URLs')
    .requiredOption('-o, --output <file>', `${FILE} to write`)
    .option(
      '--type <what>',
      'raster, zarr (netCDF and HDF5 too), vector, stac (items as they are), or product (SAFE, STAC items of known products); default: by the inputs',
      parseChoice('--type', ['raster', 'zarr', 'vector', 'product', 'stac']),
    )
    .option(
      '--regex <regex>',
      'names groups of file names: date, or start and stop; band; others are properties',
    )
    .option('--date-format <format>', 'of these dates, as strptime has it (default %Y%m%d)')
    .option('--collection <name>', 'the collection that the rows belong to')
    .option('--band-names <names...>', 'of the bands of each raster, in order', collect(String))
    .option('--variables <names...>', 'the arrays of each store that are meant', collect(String))
    .option(
      '--rows <what>',
      'store (default) or step of time; file (default) or feature of vectors',
      parseChoice('--rows', ['store', 'step', 'file', 'feature']),
    )
    .option('--layer <name>', 'of vector files with several')
    .option('--source-crs <crs>', 'of vector files that do not say theirs')
    .option('--encoding <name>', 'of the attributes of shapefiles, whatever they say: UTF-8, CP850, GBK')
    .option('--date-property <names...>', 'of features: when, or start and end', collect(String))
    .option('--id-property <name>', 'of features: their ids')
    .option('--concurrency <n>', 'files that are open at a time (default 16)', parseCount('--concurrency'))
    .option(...ALLOW_LOCAL)
    .option('--strict', 'end with the first file that cannot be read');
  return command.action((inputs: string[], { regex, ...options }: BuildOptions) =>
    run(command, async ({ output, signal }) => {
      if (options.dateProperty !== undefined) requireLength('--date-property', options.dateProperty, [1, 2]);
      const { buildCatalogFile } = await import('../../workflow/catalog-build.js');
      const report = await buildCatalogFile({
        ...options,
        ...(regex === undefined ? {} : { filenameRegex: regex }),
        inputs,
        signal,
        onProgress: output.onProgress,
      });
      output.result(report, describeBuild(report));
    }),
  );
}

function describeBuild({ output, count, unreadable, unmatched }: BuildCatalogReport): string {
  const parts = [`${output}: ${count} ${count === 1 ? 'row' : 'rows'}`];
  if (unreadable.length > 0)
    parts.push(
      `${unreadable.length} ${unreadable.length === 1 ? 'file' : 'files'} left out that cannot be read`,
    );
  if (unmatched.length > 0) parts.push(`${unmatched.length} whose names do not match`);
  return parts.join(', ');
}

interface QueryOptions extends SelectionOptions {
  crs?: string;
  output?: string;
}

function queryCommand(run: Run): Command {
  const command = new Command('query')
    .description('the rows at a place and a time')
    .argument('<catalog>', `${SOURCE}, by path or URL`);
  addSelectionOptions(command, '--crs').option('-o, --output <file>', `${FILE} to write`);
  return command.action((catalog: string, { output: file, crs, ...options }: QueryOptions) =>
    run(command, async (context) => {
      await checkOutput(file, [catalog, options.geometry]);
      const { queryCatalogFile } = await import('../../workflow/catalog.js');
      const selection = parseSelection(options, crs);
      const found = await queryCatalogFile({ ...selection, catalog, signal: context.signal });
      await present(found, file, context);
    }),
  );
}

interface IntersectOptions {
  spatialOnly?: boolean;
  allowLocal?: boolean;
  output?: string;
}

function intersectCommand(run: Run): Command {
  const command = new Command('intersect')
    .description('the overlaps of two catalogs, in space and time')
    .argument('<first>', SOURCE)
    .argument('<second>', SOURCE)
    .option('--spatial-only', 'pairs of any time')
    .option(...ALLOW_LOCAL)
    .option('-o, --output <file>', `${FILE} to write`);
  return command.action((first: string, second: string, { output, ...options }: IntersectOptions) =>
    run(command, async (context) => {
      await checkOutput(output, [first, second]);
      const { intersectCatalogFiles } = await import('../../workflow/catalog.js');
      const { catalog, explanation } = await intersectCatalogFiles({
        ...options,
        first,
        second,
        signal: context.signal,
      });
      if (explanation !== '') context.output.onProgress({ type: 'warning', message: explanation });
      await present(catalog, output, context);
    }),
  );
}

interface UnionOptions {
  dedupe?: (typeof DEDUPE_POLICIES)[number];
  allowLocal?: boolean;
  output?: string;
}

function unionCommand(run: Run): Command {
  const command = new Command('union')
    .description('the rows of several catalogs')
    .argument('<catalogs...>', SOURCE)
    .option(
      '--dedupe <how>',
      'keep every row (none), one of each item (default), or the newest processing of each',
      parseChoice('--dedupe', DEDUPE_POLICIES),
    )
    .option(...ALLOW_LOCAL)
    .option('-o, --output <file>', `${FILE} to write`);
  return command.action((catalogs: string[], { output, ...options }: UnionOptions) =>
    run(command, async (context) => {
      if (catalogs.length < 2) throw invalidOption('catalogs', 'are too few', 'name two or more');
      await checkOutput(output, catalogs);
      const { uniteCatalogFiles } = await import('../../workflow/catalog.js');
      const united = await uniteCatalogFiles({
        ...options,
        catalogs,
        signal: context.signal,
      });
      await present(united, output, context);
    }),
  );
}

function infoCommand(run: Run): Command {
  const command = new Command('info')
    .description('what is in a catalog: rows, extent, collections, properties')
    .argument('<catalog>', `${SOURCE}, by path or URL`)
    .option(...ALLOW_LOCAL);
  return command.action((catalog: string, options: { allowLocal?: boolean }) =>
    run(command, async ({ output, signal }) => {
      const { describeCatalogFile } = await import('../../workflow/catalog.js');
      const report = await describeCatalogFile(catalog, { ...options, signal });
      output.result(report, describeInfo(report));
    }),
  );
}

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
  catalog: Parameters<typeof itemsOf>[0],
  file: string | undefined,
  { output, signal }: CommandContext,
): Promise<void> {
  if (file !== undefined) {
    const { saveCatalog } = await import('../../catalog/node/index.js');
    await saveCatalog(catalog, file, { signal });
  }
  const items = itemsOf(catalog);
  const written = file === undefined ? {} : { output: file };
  output.result({ ...written, count: items.length, items }, describeItems(items, file));
}
