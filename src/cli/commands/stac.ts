import { invalidOption } from '../../errors.js';
import { parseChoice, parseCount } from '../arguments.js';
import { presentRows } from '../catalog-rows.js';
import { argument, box, converted, defineCommand, defineGroup, flag, list, option } from '../command.js';
import { ALLOW_LOCAL, SELECTION_OPTIONS } from '../shared-options.js';

/** What is written of the items that are found. */
const OUTPUT = option(
  '-o, --output <file>',
  'a catalog in GeoParquet (.parquet), or the items in GeoJSON (.geojson, .json), to write',
);

const SELECTION = {
  bbox: box('--bbox <number...>', 'west south east north in degrees'),
  geometry: SELECTION_OPTIONS.geometry,
  datetime: SELECTION_OPTIONS.datetime,
  collections: list('--collections <ids...>', 'the collections that are meant'),
  assets: list('--assets <names...>', 'keep only these assets of items'),
  roles: list('--roles <names...>', 'keep only assets with one of these roles'),
  assetDatetime: option(
    '--asset-datetime <interval>',
    'keep only assets of this time, by their own where they have one',
  ),
  maxItems: option('--max-items <n>', 'items in all (default: every one)', parseCount()),
  allowLocal: ALLOW_LOCAL,
  output: OUTPUT,
};

const searchCommand = defineCommand(
  'search',
  'find items by a STAC API',
  {
    url: argument('<url>', 'the address of the API, of its /search, or of the items of a collection'),
    ...SELECTION,
    ids: list('--ids <ids...>', 'the items that are meant'),
    query: list('--query <conditions...>', 'on properties: "eo:cloud_cover<20" "platform=sentinel-2b"'),
    filter: option('--filter <cql2>', 'a filter in CQL2, as text or JSON'),
    sortby: list('--sortby <members...>', 'such as -properties.datetime, from the newest on'),
    fields: list('--fields <members...>', 'what the server sends; a - before a member leaves it out'),
    limit: option('--limit <n>', 'items a page (default 100)', parseCount()),
    method: option(
      '--method <name>',
      'GET or POST (default: what the server takes)',
      parseChoice(['GET', 'POST']),
    ),
    headers: converted(list('--header <lines...>', 'headers of the requests, as "x-api-key: …"'), headersOf),
  },
  async (values, { output, ...operation }) => {
    const { searchStacCatalog } = await import('../../workflow/stac.js');
    presentRows(await searchStacCatalog({ ...values, ...operation }), values.output, output);
  },
);

const crawlCommand = defineCommand(
  'crawl',
  'gather the items that a static STAC catalog links to',
  {
    root: argument('<root>', 'the address or path of a catalog, a collection, an item or a list of items'),
    ...SELECTION,
    related: flag('--no-related', 'do not follow links to related items'),
    maxDocuments: option(
      '--max-documents <n>',
      'end with an error after so many (default 1000000)',
      parseCount(),
    ),
    concurrency: option('--concurrency <n>', 'documents that are read at a time (default 8)', parseCount()),
    resume: flag('--resume', 'go on with a crawl to the same output that was interrupted'),
    strict: flag('--strict', 'end with the first document that cannot be read'),
  },
  async (values, { output, ...operation }) => {
    const { crawlStacCatalog } = await import('../../workflow/stac.js');
    presentRows(await crawlStacCatalog({ ...values, ...operation }), values.output, output);
  },
);

export const stacCommand = defineGroup(
  'stac',
  'items of STAC servers and of static STAC catalogs',
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
