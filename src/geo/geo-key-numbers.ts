/** The numbers of GeoTIFF keys (OGC 19-008r4, clause 7), and their values as they come. */

export type GeoKeyValue = number | string | readonly number[];

/** Keys by number: a code, a text, or the numbers of a key that holds several or none that are whole. */
export type GeoKeys = ReadonlyMap<number, GeoKeyValue>;

export const GEO_KEY = {
  ModelType: 1024,
  RasterType: 1025,
  Citation: 1026,
  GeodeticCrs: 2048,
  GeodeticCitation: 2049,
  GeodeticDatum: 2050,
  PrimeMeridian: 2051,
  AngularUnits: 2054,
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

/** The value of a code key for what has no code. */
export const USER_DEFINED = 32767;
