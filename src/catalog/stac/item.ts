/** STAC items (versions 1.0 and 1.1) as rows of a catalog, and rows as items. */
import * as v from 'valibot';
import { invalidInput } from '../../errors.js';
import { Affine, GeoBox, TimeInterval } from '../../geo/index.js';
import { AnyRecord, dictionary, requireShallow, validate, withoutNulls } from '../../json.js';
import { UNITS } from '../../raster/units.js';
import { boxOf } from '../boxes.js';
import type { CatalogAsset, CatalogBand, CatalogRow, CatalogValue } from '../row.js';
import { itemFootprint } from './footprint.js';
import { isAbsolute, resolveHref } from './href.js';
import { withKnownUnits } from './units.js';

const Numbers = v.array(v.number());

/** Members that tell where pixels lie: of an item's properties, or of an asset. */
const GRID = {
  'proj:code': v.nullish(v.string()),
  'proj:epsg': v.nullish(v.number()),
  'proj:wkt2': v.nullish(v.string()),
  'proj:shape': v.nullish(Numbers),
  'proj:transform': v.nullish(Numbers),
};
const Grid = v.looseObject(GRID);

const Nodata = v.nullish(v.union([v.number(), v.picklist(['nan', 'inf', '-inf'])]));
const Band = v.looseObject({
  name: v.nullish(v.string()),
  /** Of `eo:bands`; `bands` of STAC 1.1 writes it with its prefix. */
  common_name: v.nullish(v.string()),
  'eo:common_name': v.nullish(v.string()),
  nodata: Nodata,
  scale: v.nullish(v.number()),
  offset: v.nullish(v.number()),
  'raster:scale': v.nullish(v.number()),
  'raster:offset': v.nullish(v.number()),
});
const Bands = v.nullish(v.array(Band));
const Asset = v.looseObject({
  href: v.string(),
  type: v.nullish(v.string()),
  roles: v.nullish(v.array(v.string())),
  bands: Bands,
  'eo:bands': Bands,
  'raster:bands': Bands,
  nodata: Nodata,
  'raster:scale': v.nullish(v.number()),
  'raster:offset': v.nullish(v.number()),
  'terrachip:units': v.nullish(v.picklist(UNITS)),
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
type Band = v.InferOutput<typeof Band>;

/** Where an item comes from, so that relative addresses of its assets can be told. */
export interface ItemOrigin {
  /** The file or URL that it was read from; null where that is not known. */
  readonly base: string | null;
  /** Whether that is a collection of items: then each item's `self` link says more. */
  readonly inCollection: boolean;
}

/**
 * A STAC item as a row. Times are the item's range where it has one, else its nominal moment; the grid of an asset is
 * what the projection extension says of it, or of the item.
 * @param name the file or URL, for messages
 * @throws {TerrachipError} INVALID_INPUT for what is no item
 */
export function rowOfItem(
  document: unknown,
  name: string,
  origin: ItemOrigin = { base: null, inCollection: false },
): CatalogRow {
  requireShallow(document, name);
  const item = validate(Item, document, name);
  const where = `${name}: item "${item.id}"`;
  const base = baseOf(item, origin);
  const collection = item.collection ?? '';
  const properties = item.properties as Readonly<Record<string, CatalogValue>>;
  const assets = Object.fromEntries(
    Object.entries(item.assets).map(([key, asset]) => {
      const known = { ...assetOf(asset, item), href: resolveHref(asset.href, base, where) };
      return [key, known.units ? known : withKnownUnits(known, key, collection, properties)];
    }),
  );
  const main = mainAsset(item);
  return {
    id: item.id,
    collection,
    footprint: itemFootprint(item.geometry, item.bbox ?? null, where),
    interval: intervalOf(item, where),
    href: main === undefined ? '' : resolveHref(main.href, base, where),
    assets,
    properties,
  };
}

function baseOf({ links }: Item, { base, inCollection }: ItemOrigin): string | null {
  const self = links?.find(({ rel, href }) => rel === 'self' && href && isAbsolute(href))?.href ?? null;
  return inCollection ? (self ?? base) : (base ?? self);
}

function intervalOf({ properties }: Item, where: string): TimeInterval {
  const time = (member: string): TimeInterval | null => {
    const value = properties[member];
    // Some servers write a space where RFC 3339 has a T.
    return typeof value === 'string' ? TimeInterval.parse(value.replace(/^(\S{10}) (?=\d)/, '$1T')) : null;
  };
  const [start, end, moment] = [time('start_datetime'), time('end_datetime'), time('datetime')];
  if (start !== null && end !== null) {
    if (start.start <= end.end) return new TimeInterval(start.start, end.end);
    throw invalidInput(where, 'ends before it starts', 'correct its start_datetime and end_datetime');
  }
  if (moment !== null) return moment;
  throw invalidInput(where, 'has no datetime', 'give it one, or start_datetime and end_datetime');
}

/** The first asset that is said to hold data, else the first that is an image, else the first. */
function mainAsset({ assets }: Item): Asset | undefined {
  const all = Object.values(assets);
  return (
    all.find(({ roles }) => roles?.includes('data')) ??
    all.find(({ type }) => type?.startsWith('image/tiff') || type?.startsWith('image/jp2')) ??
    all[0]
  );
}

function assetOf(asset: Asset, item: Item): CatalogAsset {
  const bands = bandsOf(asset);
  const geobox = gridOf(asset, item);
  return {
    href: asset.href,
    ...(asset.type ? { mediaType: asset.type } : {}),
    ...(asset.roles ? { roles: asset.roles } : {}),
    ...(bands.length === 0 ? {} : { bands }),
    ...(geobox === null ? {} : { geobox }),
    ...(asset['terrachip:units'] ? { units: asset['terrachip:units'] } : {}),
  };
}

/** STAC 1.1 has one list; before it, names and values lay in two. */
function bandsOf(asset: Asset): CatalogBand[] {
  const lists = [asset.bands ?? [], asset['eo:bands'] ?? [], asset['raster:bands'] ?? []];
  const count = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: count }, (_, k): CatalogBand => {
    const band: Band = Object.assign({}, ...lists.map((list) => withoutNulls(list[k] ?? {})));
    const commonName = band['eo:common_name'] ?? band.common_name;
    const nodata = band.nodata ?? asset.nodata;
    const scale = band['raster:scale'] ?? band.scale ?? asset['raster:scale'];
    const offset = band['raster:offset'] ?? band.offset ?? asset['raster:offset'];
    return {
      name: band.name ?? String(k + 1),
      ...(commonName ? { commonName } : {}),
      index: k + 1,
      ...(nodata === null || nodata === undefined ? {} : { nodata: numberOf(nodata) }),
      ...(typeof scale === 'number' ? { scale } : {}),
      ...(typeof offset === 'number' ? { offset } : {}),
    };
  });
}

function numberOf(nodata: number | 'nan' | 'inf' | '-inf'): number {
  return typeof nodata === 'number' ? nodata : { nan: NaN, inf: Infinity, '-inf': -Infinity }[nodata];
}

/** Null where the item does not say enough, or not what can be a grid: the file itself says it then. */
function gridOf(asset: Asset, { properties }: Item): GeoBox | null {
  const parsed = v.safeParse(Grid, properties);
  const item = parsed.success ? parsed.output : {};
  const member = <Name extends keyof typeof GRID>(name: Name) => asset[name] ?? item[name];
  const crs = member('proj:code') ?? member('proj:epsg') ?? member('proj:wkt2');
  const [height, width] = member('proj:shape') ?? [];
  const [a, b, c, d, e, f] = member('proj:transform') ?? [];
  if (crs === null || crs === undefined || width === undefined || f === undefined) return null;
  try {
    return new GeoBox(crs, new Affine(a, b, c, d, e, f), width, height);
  } catch {
    return null;
  }
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
  const box = boxOf(row.footprint);
  const [from, to] = row.interval.toJSON();
  const times: Record<string, CatalogValue> =
    start === end ? { datetime: from } : { datetime: null, start_datetime: from, end_datetime: to };
  const assets = Object.fromEntries(
    Object.entries(row.assets).map(([key, asset]) => [key, assetMembers(asset)]),
  );
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
    assets:
      row.href === '' || row.href in hrefs(row)
        ? assets
        : { ...assets, data: { href: row.href, roles: ['data'] } },
    ...(row.collection === '' ? {} : { collection: row.collection }),
  };
}

function hrefs({ assets }: CatalogRow): Record<string, true> {
  return Object.fromEntries(Object.values(assets).map(({ href }) => [href, true]));
}

function geometryOf({ footprint }: CatalogRow): StacItem['geometry'] {
  if (footprint.length === 0) return null;
  if (footprint.length === 1) return { type: 'Polygon', coordinates: footprint[0] };
  return { type: 'MultiPolygon', coordinates: footprint };
}

function assetMembers({
  href,
  mediaType,
  roles,
  bands,
  units,
  geobox,
}: CatalogAsset): Record<string, unknown> {
  return {
    href,
    ...(mediaType === undefined ? {} : { type: mediaType }),
    ...(roles === undefined ? {} : { roles }),
    ...(bands === undefined ? {} : { bands: bands.map(bandMembers) }),
    ...(units === undefined ? {} : { 'terrachip:units': units }),
    ...(geobox === undefined ? {} : gridMembers(geobox)),
  };
}

function bandMembers({ name, commonName, nodata, scale, offset }: CatalogBand): Record<string, unknown> {
  return {
    name,
    ...(commonName === undefined ? {} : { 'eo:common_name': commonName }),
    ...(typeof nodata !== 'number' ? {} : { nodata: nodataMember(nodata) }),
    ...(scale === undefined ? {} : { 'raster:scale': scale }),
    ...(offset === undefined ? {} : { 'raster:offset': offset }),
  };
}

/** JSON lacks NaN and infinities. */
function nodataMember(nodata: number): number | string {
  if (Number.isFinite(nodata)) return nodata;
  return Number.isNaN(nodata) ? 'nan' : nodata > 0 ? 'inf' : '-inf';
}

function gridMembers({ crs, transform, width, height }: GeoBox): Record<string, unknown> {
  const system =
    crs.epsg === null ? crs.wkt && { 'proj:wkt2': crs.wkt } : { 'proj:code': `EPSG:${crs.epsg}` };
  if (!system) return {};
  return { ...system, 'proj:shape': [height, width], 'proj:transform': transform.toTuple() };
}
