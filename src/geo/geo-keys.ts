import { Crs } from './crs.js';

/** GeoTIFF keys (OGC 19-008r4, clause 7): a number or a text by key number. */
export type GeoKeys = ReadonlyMap<number, number | string>;

export const GEO_KEY = {
  ModelType: 1024,
  RasterType: 1025,
  Citation: 1026,
  GeodeticCrs: 2048,
  GeodeticCitation: 2049,
  GeodeticDatum: 2050,
  PrimeMeridian: 2051,
  Ellipsoid: 2056,
  SemiMajorAxis: 2057,
  SemiMinorAxis: 2058,
  InverseFlattening: 2059,
  PrimeMeridianLongitude: 2061,
  ToWgs84: 2062,
  ProjectedCrs: 3072,
  ProjectedCitation: 3073,
  Projection: 3074,
  ProjectionMethod: 3075,
  LinearUnits: 3076,
  LinearUnitSize: 3077,
} as const;

/** Key values with a meaning of their own. */
const USER_DEFINED = 32767;
const MODEL_PROJECTED = 1;
const MODEL_GEOGRAPHIC = 2;
export const RASTER_PIXEL_IS_POINT = 2;

/**
 * The keys of the tags GeoKeyDirectory, GeoDoubleParams and GeoAsciiParams. Keys with several numbers keep the
 * first; entries that point outside their tag are left out.
 */
export function parseGeoKeys(
  directory: readonly number[],
  doubles: readonly number[],
  ascii: string,
): Map<number, number | string> {
  const keys = new Map<number, number | string>();
  const count = Math.min(directory[3] ?? 0, Math.floor(directory.length / 4) - 1);
  for (let k = 1; k <= count; k++) {
    const [key, location, length, value] = directory.slice(4 * k, 4 * k + 4);
    if (location === 0) keys.set(key, value);
    else if (location === 34736 && value < doubles.length) keys.set(key, doubles[value]);
    else if (location === 34737) keys.set(key, ascii.slice(value, value + length).replace(/[|\0]+$/, ''));
  }
  return keys;
}

/** The CRS that the keys describe by code; null when they name none, or only a user-defined one. */
export function crsFromGeoKeys(keys: GeoKeys): Crs | null {
  const model = keys.get(GEO_KEY.ModelType);
  const projected = codeOf(keys.get(GEO_KEY.ProjectedCrs));
  const geodetic = codeOf(keys.get(GEO_KEY.GeodeticCrs));
  const code =
    model === MODEL_GEOGRAPHIC ? geodetic : model === MODEL_PROJECTED ? projected : (projected ?? geodetic);
  return code === null ? null : Crs.fromEpsg(code);
}

function codeOf(value: number | string | undefined): number | null {
  return typeof value === 'number' && value > 0 && value !== USER_DEFINED ? value : null;
}

/**
 * The keys of a CRS that has an EPSG code, as the values of the GeoKeyDirectory tag.
 * Returns null for a CRS without a code.
 */
export function geoKeyDirectory(crs: Crs): number[] | null {
  if (crs.epsg === null) return null;
  return [
    [1, 1, 0, 3],
    [GEO_KEY.ModelType, 0, 1, crs.isGeographic ? MODEL_GEOGRAPHIC : MODEL_PROJECTED],
    [GEO_KEY.RasterType, 0, 1, 1],
    [crs.isGeographic ? GEO_KEY.GeodeticCrs : GEO_KEY.ProjectedCrs, 0, 1, crs.epsg],
  ].flat();
}
