/** From a CRS to GeoTIFF keys. */
import { TerrachipError } from '../errors.js';
import { Crs, sameDatum } from './crs.js';
import { findEpsg } from './epsg-registry.js';
import {
  ASCII_PARAMS,
  DOUBLE_PARAMS,
  GEO_KEY,
  type GeoKeyValue,
  MODEL_GEOGRAPHIC,
  MODEL_PROJECTED,
  RASTER_PIXEL_IS_AREA,
  USER_DEFINED,
} from './geo-keys.js';
import { crsFromGeoKeys } from './geo-keys-crs.js';

const GREENWICH = 8901;
const DEGREE = 9102;

/** Linear units with a GeoTIFF code. */
const LINEAR_UNITS: readonly (readonly [code: number, metres: number])[] = [
  [9001, 1],
  [9002, 0.3048],
  [9003, 1200 / 3937],
  [9036, 1000],
];

/** A projection parameter by its name in proj4js; angles are radians in proj4js, degrees in keys. */
type ProjectionParameter = 'lat0' | 'lat1' | 'lat2' | 'lat_ts' | 'long0' | 'k0' | 'x0' | 'y0';

/**
 * GeoTIFF's projection methods (OGC 19-008r4, annex C; libgeotiff's list of coordinate transformations) with their names
 * in PROJ and the key of each parameter.
 */
interface ProjectionMethod {
  /** Value of the key ProjMethod (ProjCoordTrans). */
  readonly code: number;
  readonly proj: string;
  readonly parameters: readonly (readonly [ProjectionParameter, number])[];
}

const SHIFT = [['x0', GEO_KEY.FalseEasting], ['y0', GEO_KEY.FalseNorthing]] as const; // biome-ignore format: a table
const NATURAL = [['lat0', GEO_KEY.NaturalOriginLatitude], ['long0', GEO_KEY.NaturalOriginLongitude], ...SHIFT] as const; // biome-ignore format: a table
const CENTRE = [['lat0', GEO_KEY.CentreLatitude], ['long0', GEO_KEY.CentreLongitude], ...SHIFT] as const; // biome-ignore format: a table
const FALSE_ORIGIN = [
  ['lat0', GEO_KEY.FalseOriginLatitude], ['long0', GEO_KEY.FalseOriginLongitude],
  ['x0', GEO_KEY.FalseOriginEasting], ['y0', GEO_KEY.FalseOriginNorthing],
] as const; // biome-ignore format: a table
const POLE = [['lat0', GEO_KEY.NaturalOriginLatitude], ['long0', GEO_KEY.StraightVerticalPoleLongitude], ...SHIFT] as const; // biome-ignore format: a table
const MERIDIAN = [['long0', GEO_KEY.CentreLongitude], ...SHIFT] as const;
const PARALLELS = [['lat1', GEO_KEY.StandardParallel1], ['lat2', GEO_KEY.StandardParallel2]] as const; // biome-ignore format: a table
const TRUE_SCALE = ['lat_ts', GEO_KEY.StandardParallel1] as const;
const SCALE = ['k0', GEO_KEY.ScaleAtNaturalOrigin] as const;

const TANGENT_LAMBERT = 9;
const SECANT_LAMBERT = 8;
const STEREOGRAPHIC = 14;
const POLAR_STEREOGRAPHIC = 15;
const PROJECTION_METHODS: readonly ProjectionMethod[] = [
  { code: 1, proj: 'tmerc', parameters: [...NATURAL, SCALE] },
  { code: 7, proj: 'merc', parameters: [...NATURAL, SCALE] },
  { code: SECANT_LAMBERT, proj: 'lcc', parameters: [...PARALLELS, ...FALSE_ORIGIN] },
  { code: TANGENT_LAMBERT, proj: 'lcc', parameters: [...NATURAL, SCALE] },
  { code: 10, proj: 'laea', parameters: CENTRE },
  { code: 11, proj: 'aea', parameters: [...PARALLELS, ...NATURAL] },
  { code: 12, proj: 'aeqd', parameters: CENTRE },
  { code: 13, proj: 'eqdc', parameters: [...PARALLELS, ...NATURAL] },
  { code: STEREOGRAPHIC, proj: 'stere', parameters: [...CENTRE, SCALE] },
  { code: POLAR_STEREOGRAPHIC, proj: 'stere', parameters: [...POLE, SCALE] },
  { code: 16, proj: 'sterea', parameters: [...NATURAL, SCALE] },
  { code: 17, proj: 'eqc', parameters: [TRUE_SCALE, ...CENTRE] },
  { code: 18, proj: 'cass', parameters: NATURAL },
  { code: 19, proj: 'gnom', parameters: CENTRE },
  { code: 20, proj: 'mill', parameters: CENTRE },
  { code: 21, proj: 'ortho', parameters: CENTRE },
  { code: 22, proj: 'poly', parameters: [...NATURAL, SCALE] },
  { code: 23, proj: 'robin', parameters: MERIDIAN },
  { code: 24, proj: 'sinu', parameters: MERIDIAN },
  { code: 25, proj: 'vandg', parameters: MERIDIAN },
  { code: 28, proj: 'cea', parameters: [TRUE_SCALE, ['long0', GEO_KEY.NaturalOriginLongitude], ...SHIFT] },
];

/** The values of a file's three GeoKey tags. */
export interface GeoKeyTags {
  readonly directory: readonly number[];
  readonly doubles: readonly number[];
  readonly ascii: string;
}

/**
 * The keys of a CRS (its EPSG code, else its definition), for pixels as areas.
 * @throws {TerrachipError} UNSUPPORTED for a definition that GeoTIFF cannot hold
 */
export function encodeGeoKeys(crs: Crs): GeoKeyTags {
  const keys =
    crs.epsg === null
      ? userDefinedKeys(crs)
      : new Map<number, GeoKeyValue>([
          [crs.isGeographic ? GEO_KEY.GeodeticCrs : GEO_KEY.ProjectedCrs, crs.epsg],
        ]);
  keys.set(GEO_KEY.ModelType, crs.isGeographic ? MODEL_GEOGRAPHIC : MODEL_PROJECTED);
  keys.set(GEO_KEY.RasterType, RASTER_PIXEL_IS_AREA);
  const directory = [1, 1, 0, keys.size];
  const doubles: number[] = [];
  let ascii = '';
  for (const [key, value] of [...keys].sort(([a], [b]) => a - b)) {
    if (typeof value === 'number') directory.push(key, 0, 1, value);
    else if (typeof value === 'string') {
      directory.push(key, ASCII_PARAMS, value.length + 1, ascii.length);
      ascii += `${value}|`;
    } else {
      directory.push(key, DOUBLE_PARAMS, value.length, doubles.length);
      doubles.push(...value);
    }
  }
  return { directory, doubles, ascii };
}

/**
 * The keys that define a CRS.
 * @throws {TerrachipError} UNSUPPORTED when GeoTIFF has no keys for it
 */
function userDefinedKeys(crs: Crs): Map<number, GeoKeyValue> {
  const keys = geodeticKeys(crs);
  if (!crs.isGeographic) addProjection(keys, crs);
  // Keys must read back as the same CRS: some definitions have more parameters than their method has keys.
  const asRead = new Map([...keys].map(([key, value]) => [key, single(value)] as const));
  if (!crsFromGeoKeys(asRead).crs?.equals(crs)) throw inexpressible(crs);
  return keys;
}

/** One number as `parseGeoKeys` returns it. */
function single(value: GeoKeyValue): GeoKeyValue {
  return typeof value === 'object' && value.length === 1 ? value[0] : value;
}

function inexpressible(crs: Crs): TerrachipError {
  return new TerrachipError(
    'UNSUPPORTED',
    `a GeoTIFF has no keys for the coordinate reference system ${crs}`,
    'choose one with an EPSG code or with a projection that GeoTIFF supports',
    { feature: 'coordinate reference system without an EPSG code' },
  );
}

function geodeticKeys(crs: Crs): Map<number, GeoKeyValue> {
  const code = geodeticCode(crs);
  if (code !== null) return new Map([[GEO_KEY.GeodeticCrs, code]]);
  const { a, b, rf, from_greenwich: meridian = 0, datum_params: shift } = crs.projection;
  const keys = new Map<number, GeoKeyValue>([
    [GEO_KEY.GeodeticCrs, USER_DEFINED],
    [GEO_KEY.GeodeticCitation, asciiName(crs.isGeographic ? crs.name : 'unknown')],
    [GEO_KEY.GeodeticDatum, USER_DEFINED],
    [GEO_KEY.AngularUnits, DEGREE],
    [GEO_KEY.Ellipsoid, USER_DEFINED],
    [GEO_KEY.SemiMajorAxis, [a]],
    rf > 0 && a !== b ? [GEO_KEY.InverseFlattening, [rf]] : [GEO_KEY.SemiMinorAxis, [b]],
  ]);
  keys.set(GEO_KEY.PrimeMeridian, meridian === 0 ? GREENWICH : USER_DEFINED);
  if (meridian !== 0) keys.set(GEO_KEY.PrimeMeridianLongitude, [degrees(meridian)]);
  const parameters = shift?.map(Number) ?? [];
  if (parameters.some((value) => value !== 0)) keys.set(GEO_KEY.ToWgs84, parameters);
  return keys;
}

/** The EPSG code of the base geographic CRS, if it is known and has the same datum. */
function geodeticCode(crs: Crs): number | null {
  const code = crs.geodeticCode;
  if (code === null || findEpsg(code) === null) return null;
  const known = Crs.fromEpsg(code);
  return known.isGeographic && sameDatum(known, crs) ? code : null;
}

function addProjection(keys: Map<number, GeoKeyValue>, crs: Crs): void {
  const { projection } = crs;
  const method = methodOf(crs);
  if (method === null) throw inexpressible(crs);
  const metres = crs.metresPerUnit ?? 1;
  const unit = LINEAR_UNITS.find(([, size]) => Math.abs(size - metres) < 1e-11 * size)?.[0];
  keys.set(GEO_KEY.ProjectedCrs, USER_DEFINED);
  keys.set(GEO_KEY.ProjectedCitation, asciiName(crs.name));
  keys.set(GEO_KEY.Projection, USER_DEFINED);
  keys.set(GEO_KEY.ProjectionMethod, method.code);
  keys.set(GEO_KEY.LinearUnits, unit ?? USER_DEFINED);
  if (unit === undefined) keys.set(GEO_KEY.LinearUnitSize, [metres]);
  for (const [parameter, key] of method.parameters) {
    if (parameter === 'k0') keys.set(key, [projection.k0 ?? 1]);
    else if (parameter === 'x0' || parameter === 'y0') {
      keys.set(key, [Number(((projection[parameter] ?? 0) / metres).toPrecision(14))]);
    } else keys.set(key, [degrees(projection[parameter] ?? 0)]);
  }
  if (method.code === POLAR_STEREOGRAPHIC && Math.cos(projection.lat_ts ?? Math.PI / 2) > 1e-10) {
    // EPSG's variant B, with a standard parallel; proj4js computed its scale at the pole from that.
    keys.set(GEO_KEY.NaturalOriginLatitude, [degrees(projection.lat_ts ?? 0)]);
    keys.set(GEO_KEY.ScaleAtNaturalOrigin, [1]);
  }
}

function methodOf({ projection }: Crs): ProjectionMethod | null {
  const { names, lat0 = 0, lat1 = 0, lat2 = 0 } = projection;
  const name = names.includes('utm')
    ? 'tmerc'
    : names.find((n) => PROJECTION_METHODS.some(({ proj }) => proj === n));
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-12;
  let code: number | undefined;
  if (name === 'lcc') code = near(lat1, lat2) && near(lat0, lat1) ? TANGENT_LAMBERT : SECANT_LAMBERT;
  if (name === 'stere') code = near(Math.abs(lat0), Math.PI / 2) ? POLAR_STEREOGRAPHIC : STEREOGRAPHIC;
  return (
    PROJECTION_METHODS.find((method) => method.proj === name && (code ?? method.code) === method.code) ?? null
  );
}

function degrees(radians: number): number {
  return Number(((radians * 180) / Math.PI).toFixed(12));
}

/** GeoTIFF texts are ASCII and end with a bar. */
function asciiName(name: string): string {
  return name.replace(/[^ -~]/g, '?').replaceAll('|', '/');
}
