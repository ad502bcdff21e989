/** STAC items (versions 1.0 and 1.1) as rows of a catalog, and rows as items. */
import * as v from 'valibot';
import { invalidInput } from '../../errors.js';
import { Crs, TimeInterval } from '../../geo/index.js';
import { AnyRecord, dictionary, mapValues, requireShallow, validate, withoutUndefined } from '../../json.js';
import type { Polygon } from '../../vector/index.js';
import { cutCrossingPolygons } from '../../vector/to-lon-lat.js';
import { bboxOf } from '../boxes.js';
import { outlineOfGeoJson, pointOutline } from '../geometry.js';
import { placeOutline } from '../place.js';
import type { BandValues, CatalogAsset, CatalogRow, CatalogValue } from '../row.js';
import { BAND_MEMBERS, BandLists, bandsOf, numberMember } from './bands.js';
import { boundsOfBbox, GRID, Grid, gridOf, membersOfGrid } from './grid.js';
import { type HrefOptions, isAbsolute, trustedHref } from './href.js';
import { withKnownUnits } from './units.js';

const Numbers = v.array(v.number());

const Asset = v.looseObject({
  href: v.string(),
  type: v.nullish(v.string()),
  roles: v.nullish(v.array(v.string())),
  ...BAND_MEMBERS,
  ...GRID,
});
const Item = v.looseObject({
  type: v.optional(v.literal('Feature', 'must be "Feature", as STAC items are')),
  id: v.pipe(v.string(), v.nonEmpty('must not be empty')),
  collection: v.nullish(v.string()),
  geometry: v.nullish(v.looseObject({ type: v.string() })),
  bbox: v.nullish(Numbers),
  links: v.nullish(v.array(v.looseObject({ rel: v.nullish(v.string()), href: v.nullish(v.string()) }))),
  properties: AnyRecord,
  assets: dictionary(v.string(), Asset),
});
type Item = v.InferOutput<typeof Item>;
type Asset = v.InferOutput<typeof Asset>;

/** Where an item comes from, to resolve relative addresses of its assets. */
export interface ItemOrigin extends HrefOptions {
  /** The file or URL that it was read from; null where that is not known. */
  readonly base: string | null;
  /** Whether that is a collection of items: then each item's `self` link says more. */
  readonly inCollection: boolean;
}

/**
 * A STAC item as a row. Times are the item's range where it has one, else its nominal moment; the grid of an asset is
 * what the projection extension says of it, or of the item.
 * @param name the file or URL, for messages
 * @throws {TerrachipError} INVALID_INPUT for an invalid item
 */
export function rowOfItem(
  document: unknown,
  name: string,
  origin: ItemOrigin = { base: null, inCollection: false },
): CatalogRow {
  requireShallow(document, name);
  const item = validate(Item, document, name);
  const where = `${name}: item "${item.id}"`;
  const base = baseOf(item, where, origin);
  const resolve = (href: string): string => trustedHref(href, base, where, origin);
  const collection = item.collection ?? '';
  const properties = item.properties as Readonly<Record<string, CatalogValue>>;
  const [bands, grid] = [v.parse(BandLists, properties), v.parse(Grid, properties)];
  const assets = mapValues(item.assets, (asset, key) => {
    const known = { ...assetOf(asset, bands, grid), href: resolve(asset.href) };
    return known.units ? known : withKnownUnits(known, key, collection, properties);
  });
  const outline = item.geometry ? outlineOfGeoJson(item.geometry, where) : null;
  const main = dataAsset(item);
  return {
    id: item.id,
    collection,
    footprint: itemFootprint(outline, item.bbox ?? null, where),
    interval: itemInterval(properties, where),
    href: main === undefined ? '' : resolve(main.href),
    assets,
    properties,
  };
}

function baseOf({ links }: Item, where: string, origin: ItemOrigin): string | null {
  const { base, inCollection } = origin;
  if (base !== null && !inCollection) return base;
  const self = links?.find(({ rel, href }) => rel === 'self' && href && isAbsolute(href))?.href;
  return self ? trustedHref(self, base, where, origin) : base;
}

/** Properties that hold an item's time. */
export const TIMES = ['datetime', 'start_datetime', 'end_datetime'] as const;

/**
 * The time of an item: a range where it has one, which may be open, else its nominal moment.
 * @param properties with texts in ISO 8601
 * @param inMilliseconds whether numbers are times too, as in columns
 * @throws {TerrachipError} INVALID_INPUT for no time, or a range that ends before it starts
 */
export function itemInterval(
  properties: Readonly<Record<string, unknown>>,
  where: string,
  inMilliseconds = false,
): TimeInterval {
  const [moment, start, end] = TIMES.map((member): TimeInterval | null => {
    const value = properties[member];
    if (value === null || value === undefined) return null;
    try {
      if (typeof value === 'string') return TimeInterval.parse(value);
      if (inMilliseconds && typeof value === 'number') return TimeInterval.instant(value);
    } catch {
      // The error below names the item.
    }
    throw invalidInput(
      where,
      `has the ${member} ${JSON.stringify(value)}, which is no time`,
      'write it in ISO 8601, as 2021-07-15T05:50:12Z',
    );
  });
  if (start !== null && end !== null) {
    if (start.start <= end.end) return new TimeInterval(start.start, end.end);
    throw invalidInput(where, 'ends before it starts', 'correct its start_datetime and end_datetime');
  }
  if (moment !== null) return moment;
  if (start !== null || end !== null)
    return new TimeInterval(start?.start ?? -Infinity, end?.end ?? Infinity);
  throw invalidInput(where, 'has no datetime', 'give it one, or start_datetime and end_datetime');
}

/** The first asset with the role data, else the first image, else the first asset. */
function dataAsset({ assets }: Item): Asset | undefined {
  const all = Object.values(assets);
  return (
    all.find(({ roles }) => roles?.includes('data')) ??
    all.find(({ type }) => type?.startsWith('image/tiff') || type?.startsWith('image/jp2')) ??
    all[0]
  );
}

function assetOf(asset: Asset, bands: BandLists, grid: Grid): CatalogAsset {
  const geobox = gridOf(asset, grid);
  const described = { mediaType: asset.type || undefined, roles: asset.roles ?? undefined };
  return {
    href: asset.href,
    ...withoutUndefined(described),
    ...bandsOf(asset, bands),
    ...(geobox === null ? {} : { geobox }),
  };
}

/**
 * The footprint of an item: its geometry, or its box if it has no geometry. A box whose
 * west is less than its east says that an outline of the same longitudes does not cross the antimeridian (RFC 7946 §5.2).
 * @param outline as it comes; null for an item without geometry
 * @param name the item, for messages
 * @throws {TerrachipError} INVALID_INPUT for positions that are no longitudes and latitudes
 */
export function itemFootprint(
  outline: readonly Polygon[] | null,
  bbox: readonly number[] | null,
  name: string,
): Polygon[] {
  const box = bbox === null ? null : boundsOfBbox(bbox);
  if (bbox !== null && box === null) {
    throw invalidInput(name, `has a bbox of ${bbox.length} numbers`, 'give it four, or six with heights');
  }
  if (outline !== null) return cutCrossingPolygons(outline, name, box === null ? null : [box[0], box[2]]);
  if (box === null) return [];
  const [x0, y0, x1, y1] = box;
  if (x0 === x1 && y0 === y1) return cutCrossingPolygons([pointOutline([x0, y0])], name);
  return placeOutline([x0, y0, x1, y1], Crs.wgs84, name);
}

/** A STAC item, as JSON. */
export interface StacItem {
  readonly type: 'Feature';
  readonly stac_version: string;
  readonly stac_extensions: readonly string[];
  readonly id: string;
  readonly geometry: { readonly type: string; readonly coordinates: unknown } | null;
  readonly bbox?: readonly number[];
  readonly properties: Readonly<Record<string, CatalogValue>>;
  readonly links: readonly Readonly<Record<string, string>>[];
  readonly assets: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly collection?: string;
}

const EXTENSIONS = {
  'proj:': 'https://stac-extensions.github.io/projection/v2.0.0/schema.json',
  'raster:': 'https://stac-extensions.github.io/raster/v2.0.0/schema.json',
  'eo:': 'https://stac-extensions.github.io/eo/v2.0.0/schema.json',
} as const;

/**
 * A row as a STAC 1.1 item.
 * @throws {TerrachipError} INVALID_INPUT for a row whose time is open: STAC has no items without a date
 */
export function itemOfRow(row: CatalogRow): StacItem {
  const { start, end } = row.interval;
  if (!Number.isFinite(start) || !Number.isFinite(end)) {
    throw invalidInput(
      `the row "${row.id}"`,
      'has an open time, which STAC does not know',
      'give it an interval',
    );
  }
  const box = bboxOf(row.footprint);
  const [from, to] = row.interval.toJSON();
  const times: Record<string, CatalogValue> =
    start === end ? { datetime: from } : { datetime: null, start_datetime: from, end_datetime: to };
  const assets = mapValues(row.assets, assetMembers);
  const hrefs = Object.values(row.assets).map(({ href }) => href);
  const shown = JSON.stringify(assets);
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    stac_extensions: Object.entries(EXTENSIONS).flatMap(([prefix, url]) =>
      shown.includes(`"${prefix}`) ? [url] : [],
    ),
    id: row.id,
    geometry: geometryOf(row),
    ...(box === null ? {} : { bbox: box }),
    properties: { ...row.properties, ...times },
    links: [],
    assets: ['', ...hrefs].includes(row.href)
      ? assets
      : { ...assets, data: { href: row.href, roles: ['data'] } },
    ...(row.collection === '' ? {} : { collection: row.collection }),
  };
}

function geometryOf({ footprint }: CatalogRow): StacItem['geometry'] {
  if (footprint.length === 0) return null;
  if (footprint.length === 1) return { type: 'Polygon', coordinates: footprint[0] };
  return { type: 'MultiPolygon', coordinates: footprint };
}

function assetMembers(asset: CatalogAsset): Record<string, unknown> {
  const { href, mediaType, roles, bands, everyBand, units, geobox } = asset;
  return withoutUndefined({
    href,
    type: mediaType,
    roles,
    bands: bands?.map(({ name, ...values }) => ({ name, ...bandMembers(values) })),
    ...(everyBand && bandMembers(everyBand)),
    'terrachip:units': units,
    ...(geobox && membersOfGrid(geobox)),
  });
}

function bandMembers({ commonName, nodata, scale, offset, units }: BandValues): Record<string, unknown> {
  return withoutUndefined({
    'eo:common_name': commonName,
    nodata: typeof nodata === 'number' ? numberMember(nodata) : undefined,
    'raster:scale': scale,
    'raster:offset': offset,
    'terrachip:units': units,
  });
}
