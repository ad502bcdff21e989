/** GeoTIFF keys (OGC 19-008r4, clause 7): values by key number. */
export type GeoKeys = ReadonlyMap<number, GeoKeyValue>;
/** The value of a GeoTIFF key: a number, a text or numbers. */
export type GeoKeyValue = number | string | readonly number[];

/** Numbers of the GeoTIFF keys that terrachip reads and writes. */
export const GEO_KEY = {
  ModelType: 1024, RasterType: 1025, Citation: 1026,
  GeodeticCrs: 2048, GeodeticCitation: 2049, GeodeticDatum: 2050, PrimeMeridian: 2051, AngularUnits: 2054,
  AngularUnitSize: 2055, Ellipsoid: 2056, SemiMajorAxis: 2057, SemiMinorAxis: 2058, InverseFlattening: 2059,
  PrimeMeridianLongitude: 2061, ToWgs84: 2062,
  ProjectedCrs: 3072, ProjectedCitation: 3073, Projection: 3074, ProjectionMethod: 3075, LinearUnits: 3076,
  LinearUnitSize: 3077, StandardParallel1: 3078, StandardParallel2: 3079,
  NaturalOriginLongitude: 3080, NaturalOriginLatitude: 3081, FalseEasting: 3082, FalseNorthing: 3083,
  FalseOriginLongitude: 3084, FalseOriginLatitude: 3085, FalseOriginEasting: 3086, FalseOriginNorthing: 3087,
  CentreLongitude: 3088, CentreLatitude: 3089, CentreEasting: 3090, CentreNorthing: 3091,
  ScaleAtNaturalOrigin: 3092, ScaleAtCentre: 3093, AzimuthAngle: 3094, StraightVerticalPoleLongitude: 3095,
  RectifiedGridAngle: 3096,
} as const; // biome-ignore format: a table

/** Special key values. */
export const USER_DEFINED = 32767;
export const MODEL_PROJECTED = 1;
export const MODEL_GEOGRAPHIC = 2;
export const RASTER_PIXEL_IS_AREA = 1;
/** RasterType for positions at pixel centres. */
export const RASTER_PIXEL_IS_POINT = 2;

/** The tags with the numbers and texts of the keys. */
export const DOUBLE_PARAMS = 34736;
export const ASCII_PARAMS = 34737;

/**
 * The keys of the tags GeoKeyDirectory, GeoDoubleParams and GeoAsciiParams. An array of length 1 is returned as its number.
 * Entries that point outside their tag are skipped.
 */
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
    else if (location === DOUBLE_PARAMS && value < doubles.length) {
      keys.set(key, length > 1 ? doubles.slice(value, value + length) : doubles[value]);
    } else if (location === ASCII_PARAMS)
      keys.set(key, ascii.slice(value, value + length).replace(/[|\0]+$/, ''));
  }
  return keys;
}
