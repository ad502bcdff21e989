/** Searches of STAC APIs and crawls of static catalogs, into catalog files. */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { GeoJsonObject } from '../catalog/geometry.js';
import {
  type AssetSelection,
  type BuildCrawledOptions,
  buildCrawledCatalog,
  catalogFromStac,
  type GeoCatalog,
  type ItemDocument,
  type StacQuery,
  saveCatalog,
  searchStac,
  selectAssets,
} from '../catalog/node/index.js';
import { placeOutline } from '../catalog/place.js';
import { storableItem } from '../catalog/stac/item-assets.js';
import { invalidOption } from '../errors.js';
import { Crs } from '../geo/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { CATALOG_FORMATS, requireEnding, writeAtomically } from '../io/node/output.js';
import { isAddress } from '../io/schemes.js';
import { parseJson } from '../json.js';
import type { OperationOptions } from '../progress.js';
import { type RowSelection, readPlace } from './catalog.js';

/** Where and when, and which assets of what is found. */
interface StacSelection extends OperationOptions, AssetSelection {
  /** In degrees; a west greater than the east crosses the antimeridian. */
  bbox?: RowSelection['bbox'];
  /** A vector file; its features are the place. */
  geometry?: string;
  /** `2021-07-15`, `2021-07-01/2021-07-31`, `2021-07-01/..` */
  datetime?: string;
  collections?: readonly string[];
  maxItems?: number;
  /** The catalog to write: GeoParquet, or a GeoJSON FeatureCollection of STAC items, by its extension. */
  output?: string;
  /** Accept hrefs to addresses in the local network, and to local files. */
  allowLocal?: boolean;
}

export interface SearchStacOptions extends StacSelection {
  /** The address of a STAC API. */
  url: string;
  ids?: readonly string[];
  /** Conditions such as `eo:cloud_cover<20`. */
  query?: readonly string[];
  /** CQL2, as text or as JSON. */
  filter?: string;
  sortby?: readonly string[];
  fields?: readonly string[];
  /** Items per page. */
  limit?: number;
  method?: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
}

/**
 * Searches a STAC API.
 * @throws {TerrachipError} as `searchStac`; INVALID_INPUT for items that are none
 */
export async function searchStacCatalog(options: SearchStacOptions): Promise<GeoCatalog> {
  const { url, geometry, filter, output, allowLocal } = options;
  await requireCatalogOutput(output, [geometry]);
  const place = geometry === undefined ? null : await placeOf(options);
  const query: StacQuery = {
    ...options,
    ...(place === null ? {} : { intersects: place }),
    filter: filter === undefined ? undefined : filterOf(filter),
  };
  const search = searchStac(url, query, options);
  const items: ItemDocument[] = [];
  for await (const item of search) {
    const selected = selectAssets(item, options);
    if (selected !== null) items.push(storableItem(selected, url, true, options));
  }
  const catalog = catalogFromStac(items, { source: url, allowLocal });
  await save(catalog, items, options);
  return catalog;
}

export interface CrawlStacOptions
  extends StacSelection,
    Pick<BuildCrawledOptions, 'maxDocuments' | 'concurrency'> {
  /** The address or path of a catalog, a collection, an item or a list of items. */
  root: string;
  /** Follow links to related items (default true). */
  related?: boolean;
  /** Continue an interrupted crawl to the same output. */
  resume?: boolean;
  /** Fail on the first unreadable document, instead of leaving it out. */
  strict?: boolean;
}

/**
 * Crawls a static catalog. While it runs, a file beside the output keeps what was read; `resume` continues from it.
 * @throws {TerrachipError} as `buildCrawledCatalog`; INVALID_OPTION for `resume` without an output
 */
export async function crawlStacCatalog(options: CrawlStacOptions): Promise<GeoCatalog> {
  const { root, output, geometry, resume = false, strict } = options;
  if (resume && output === undefined)
    throw invalidOption('resume', 'continues a crawl to an output', 'give `output`, or leave it out');
  await requireCatalogOutput(output, [root, geometry]);
  const place = await placeOf(options);
  const journal = output === undefined ? undefined : `${output}.crawl`;
  const { catalog, items } = await buildCrawledCatalog(isAddress(root) ? root : resolve(root), {
    ...options,
    place: place ?? undefined,
    journal,
    resume,
    onUnreadable: strict === true ? 'throw' : 'report',
  });
  await save(catalog, items, options);
  if (journal !== undefined) await rm(journal, { force: true });
  return catalog;
}

/** The place of a selection in longitude and latitude; null for none. */
async function placeOf({ bbox, geometry, signal }: StacSelection): Promise<GeoJsonObject | null> {
  const region = await readPlace({ bbox, geometry }, signal);
  if (region === null) return null;
  const outline = placeOutline(region.geometry, Crs.parse(region.crs ?? Crs.wgs84), geometry ?? 'the search');
  return { type: 'MultiPolygon', coordinates: outline };
}

/** CQL2 in JSON is an object. */
function filterOf(filter: string): string | Readonly<Record<string, unknown>> {
  return filter.trimStart().startsWith('{')
    ? (parseJson(filter, 'the filter') as Readonly<Record<string, unknown>>)
    : filter;
}

async function requireCatalogOutput(
  output: string | undefined,
  inputs: readonly (string | undefined)[],
): Promise<void> {
  if (output === undefined) return;
  await requireOutput(output, {
    formats: CATALOG_FORMATS,
    inputs: inputs.filter((input) => input !== undefined),
  });
}

/** Writes a catalog: GeoParquet as all catalogs, JSON as the items that were found. */
async function save(
  catalog: GeoCatalog,
  items: readonly ItemDocument[],
  { output, signal }: StacSelection,
): Promise<void> {
  if (output === undefined) return;
  if (requireEnding(output, ...CATALOG_FORMATS) === 'GeoParquet') {
    await saveCatalog(catalog, output, { signal });
    return;
  }
  await writeAtomically(output, async (file) => {
    let separator = '{"type":"FeatureCollection","links":[],"features":[\n';
    for (const item of items) {
      signal?.throwIfAborted();
      await file.appendFile(separator + JSON.stringify(item));
      separator = ',\n';
    }
    await file.appendFile(items.length === 0 ? `${separator}]}\n` : '\n]}\n');
  });
}
