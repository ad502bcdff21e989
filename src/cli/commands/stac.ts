import { invalidOption } from '../../errors.js';
import { parseChoice, parseCount } from '../arguments.js';
import { presentRows } from '../catalog-rows.js';
import { argument, box, converted, defineCommand, defineGroup, flag, list, option } from '../command.js';
import { ALLOW_LOCAL, SELECTION_OPTIONS } from '../shared-options.js';

/** The file for the items that are found. */
const OUTPUT = option(
  '-o, --output <file>',
  'file to write: a catalog in GeoParquet (.parquet), or the items in GeoJSON (.geojson, .json)',
);

const SELECTION = {
  bbox: box('--bbox <number...>', 'bounding box in degrees: west south east north'),
  geometry: SELECTION_OPTIONS.geometry,
  datetime: SELECTION_OPTIONS.datetime,
  collections: list('--collections <ids...>', 'take only items of these collections'),
  assets: list('--assets <names...>', 'keep only these assets of items'),
  roles: list('--roles <names...>', 'keep only assets with one of these roles'),
  assetDatetime: option(
    '--asset-datetime <interval>',
    "keep only assets in this interval, by the asset's own time if it has one",
  ),
  maxItems: option('--max-items <n>', 'largest number of items (default: all)', parseCount()),
  allowLocal: ALLOW_LOCAL,
  output: OUTPUT,
};

const searchCommand = defineCommand(
  'search',
  'search a STAC API for items',
  {
    url: argument('<url>', 'URL of the API, of its /search, or of the items of a collection'),
    ...SELECTION,
    ids: list('--ids <ids...>', 'take only these items'),
    query: list(
      '--query <conditions...>',
      'conditions on properties: "eo:cloud_cover<20" "platform=sentinel-2b"',
    ),
    filter: option('--filter <cql2>', 'filter in CQL2, as text or JSON'),
    sortby: list(
      '--sortby <members...>',
      'members to sort by, such as -properties.datetime for newest first',
    ),
    fields: list('--fields <members...>', 'members that the server sends; -MEMBER leaves one out'),
    limit: option('--limit <n>', 'items per page (default 100)', parseCount()),
    method: option(
      '--method <name>',
      'HTTP method: GET or POST (default: what the server supports)',
      parseChoice(['GET', 'POST']),
    ),
    headers: converted(
      list('--header <lines...>', 'HTTP headers of the requests, such as "x-api-key: …"'),
      headersOf,
    ),
  },
  async (values, { output, ...operation }) => {
    const { searchStacCatalog } = await import('../../workflow/stac.js');
    presentRows(await searchStacCatalog({ ...values, ...operation }), values.output, output);
  },
);

const crawlCommand = defineCommand(
  'crawl',
  'collect the items that a static STAC catalog links to',
  {
    root: argument('<root>', 'URL or path of a catalog, a collection, an item or a list of items'),
    ...SELECTION,
    related: flag('--no-related', 'do not follow links to related items'),
    maxDocuments: option(
      '--max-documents <n>',
      'fail after this many documents (default 1000000)',
      parseCount(),
    ),
    concurrency: option('--concurrency <n>', 'documents to read at a time (default 8)', parseCount()),
    resume: flag('--resume', 'continue an interrupted crawl to the same output'),
    strict: flag('--strict', 'fail at the first document that cannot be read'),
  },
  async (values, { output, ...operation }) => {
    const { crawlStacCatalog } = await import('../../workflow/stac.js');
    presentRows(await crawlStacCatalog({ ...values, ...operation }), values.output, output);
  },
);

export const stacCommand = defineGroup(
  'stac',
  'find items on STAC servers and in static STAC catalogs',
  searchCommand,
  crawlCommand,
);

/** @throws {TerrachipError} INVALID_OPTION for a line that is no header; its value is not repeated */
function headersOf(lines: readonly string[], option: string): Readonly<Record<string, string>> {
  const headers = lines.map((line) => {
    const [, name, value] = /^([\w-]+):\s*([\x20-\x7e]*)$/.exec(line) ?? [];
    if (name === undefined) throw invalidOption(option, 'is no header', 'write it as "NAME: VALUE"');
    return [name, value];
  });
  return Object.fromEntries(headers);
}
