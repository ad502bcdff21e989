import type { Crs } from './crs.js';

/** GeoTIFF keys (OGC 19-008r4, clause 7): a number, some numbers or a text by key number. */
export type GeoKeys = ReadonlyMap<number, GeoKeyValue>;
export type GeoKeyValue = number | string | readonly number[];

export const GEO_KEY = {
  ModelType: 1024,
  RasterType: 1025,
  Citation: 1026,
  GeodeticCrs: 2048,
  GeodeticCitation: 2049,
  GeodeticDatum: 2050,
  PrimeMeridian: 2051,
  AngularUnits: 2054,
  AngularUnitSize: 2055,
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
  StandardParallel1: 3078,
  StandardParallel2: 3079,
  NaturalOriginLongitude: 3080,
  NaturalOriginLatitude: 3081,
  FalseEasting: 3082,
  FalseNorthing: 3083,
  FalseOriginLongitude: 3084,
  FalseOriginLatitude: 3085,
  FalseOriginEasting: 3086,
  FalseOriginNorthing: 3087,
  CentreLongitude: 3088,
  CentreLatitude: 3089,
  CentreEasting: 3090,
  CentreNorthing: 3091,
  ScaleAtNaturalOrigin: 3092,
  ScaleAtCentre: 3093,
  AzimuthAngle: 3094,
  StraightVerticalPoleLongitude: 3095,
  RectifiedGridAngle: 3096,
} as const;

/** Key values with a meaning of their own. */
export const USER_DEFINED = 32767;
export const MODEL_PROJECTED = 1;
export const MODEL_GEOGRAPHIC = 2;
export const RASTER_PIXEL_IS_POINT = 2;

/** The keys of the tags GeoKeyDirectory, GeoDoubleParams and GeoAsciiParams; those that point outside are left out. */
export function parseGeoKeys(
  directory: readonly number[],
  doubles: readonly number[],
  ascii: string,
): Map<number, GeoKeyValue> {
  const keys = new Map<number, GeoKeyValue>();
  const count = Math.min(directory[3] ?? 0, Math.floor(directory.length / 4) - 1);
  for (let k = 1; k <= count; k++) {
    const [key, location, length, value] = directory.slice(4 * k, 4 * k + 4);
    if (location === 0) keys.set(key, value);
    else if (location === 34736 && value < doubles.length)
      keys.set(key, length > 1 ? doubles.slice(value, value + length) : doubles[value]);
    else if (location === 34737) keys.set(key, ascii.slice(value, value + length).replace(/[|\0]+$/, ''));
  }
  return keys;
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
