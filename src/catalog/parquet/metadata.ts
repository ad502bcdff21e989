/** The metadata of a file: the `geo` key of GeoParquet 1.1, and terrachip's own. */
import * as v from 'valibot';
import { invalidInput, unsupported } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import { AnyRecord, dictionary, parseJson, validate } from '../../json.js';
import type { ParquetFile } from '../../parquet/file.js';
import { GEO_KEY } from '../../vector/geoparquet.js';

/** The version of the columns that terrachip writes; increased when one of them changes its meaning. */
export const SCHEMA_VERSION = 1;

export const CATALOG_KEY = 'terrachip:catalog';

const Geo = v.looseObject({
  primary_column: v.string(),
  columns: dictionary(v.string(), v.looseObject({ encoding: v.string(), crs: v.nullish(AnyRecord) })),
});

/**
 * Checks that the geometries of a file are WKB in longitude and latitude.
 * @throws {TerrachipError} INVALID_INPUT or UNSUPPORTED
 */
export function requireLonLat(file: ParquetFile): void {
  const text = file.keyValues.get(GEO_KEY);
  if (text === undefined) {
    throw invalidInput(file.name, 'has no "geo" metadata', 'give a GeoParquet file');
  }
  const geo = validate(Geo, parseJson(text, `${file.name}: geo`), `${file.name}: geo`);
  const { encoding, crs } = geo.columns[geo.primary_column] ?? {};
  if (geo.primary_column !== 'geometry' || encoding !== 'WKB') {
    throw unsupported(
      `GeoParquet encoding ${encoding}`,
      `${file.name} stores no WKB in a column named geometry`,
      'write it with that column and encoding',
    );
  }
  // Left out, it is CRS84; null stands for an unknown one.
  const system = crs === undefined ? Crs.wgs84 : crs && Crs.fromProjJson(crs);
  if (!system?.equals(Crs.wgs84)) {
    throw unsupported(
      'catalogs in projected coordinates',
      `${file.name} has outlines in ${system === null ? 'an unknown reference system' : `the reference system ${system}`}`,
      'reproject them to longitude and latitude (EPSG:4326) first',
    );
  }
}

const CatalogMetadata = v.looseObject({
  schemaVersion: v.pipe(v.number(), v.integer(), v.minValue(1)),
  rows: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Rows at the end whose outline lies on both sides of the antimeridian. */
  crossing: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** CRC-32C of all bytes before the footer. */
  checksum: v.number(),
});
export type CatalogMetadata = v.InferOutput<typeof CatalogMetadata>;

/**
 * What terrachip wrote about a catalog; null for a file of another writer.
 * @throws {TerrachipError} UNSUPPORTED for a newer version
 */
export function catalogMetadata(file: ParquetFile): CatalogMetadata | null {
  const text = file.keyValues.get(CATALOG_KEY);
  if (text === undefined) return null;
  const name = `${file.name}: ${CATALOG_KEY}`;
  const metadata = validate(CatalogMetadata, parseJson(text, name), name);
  if (metadata.schemaVersion > SCHEMA_VERSION) {
    throw unsupported(
      `catalog version ${metadata.schemaVersion}`,
      `${file.name} is a catalog of version ${metadata.schemaVersion}; this terrachip reads up to ${SCHEMA_VERSION}`,
      'update terrachip',
    );
  }
  if (metadata.rows !== file.rows || metadata.crossing > metadata.rows) {
    throw invalidInput(file.name, 'has not as many rows as it says', 'write it again');
  }
  return metadata;
}
