/** GeoTIFF keys of coordinate reference systems without an EPSG code: the definition itself, in both directions. */
import { TerrachipError } from '../errors.js';
import { Crs, sameDatum } from './crs.js';
import { findEpsg } from './epsg-registry.js';
import { GEO_KEY, type GeoKeys, type GeoKeyValue, USER_DEFINED } from './geo-key-numbers.js';
import {
  MERCATOR,
  PARAMETER_KEY,
  PARAMETER_KEYS,
  POLAR_STEREOGRAPHIC,
  PROJ_NAME,
  PROJECTION_METHODS,
  type ProjectionMethod,
  SECANT_LAMBERT,
  STEREOGRAPHIC,
  TANGENT_LAMBERT,
} from './projection-methods.js';

const GREENWICH = 8901;
const DEGREE = 9102;

/** Metres in the linear units that GeoTIFF knows by number. */
const LINEAR_UNITS: readonly (readonly [code: number, metres: number])[] = [
  [9001, 1],
  [9002, 0.3048],
  [9003, 1200 / 3937],
  [9036, 1000],
];

/** Semi-major axis and inverse flattening of EPSG's ellipsoids in common use. */
const ELLIPSOIDS: Readonly<Record<number, readonly [a: number, inverseFlattening: number]>> = {
  7001: [6377563.396, 299.3249646], 7003: [6378160, 298.25], 7004: [6377397.155, 299.1528128],
  7008: [6378206.4, 294.9786982], 7012: [6378249.145, 293.465], 7019: [6378137, 298.257222101],
  7022: [6378388, 297], 7024: [6378245, 298.3], 7030: [6378137, 298.257223563], 7043: [6378135, 298.26],
}; // biome-ignore format: a table

/** EPSG codes of geographic systems, by the names that definitions give their datums. */
const GEODETIC_CODES: Readonly<Record<string, number>> = {
  wgs84: 4326,
  wgs_1984: 4326,
  world_geodetic_system_1984: 4326,
  etrs89: 4258,
  etrs_1989: 4258,
  european_terrestrial_reference_system_1989: 4258,
  nad83: 4269,
  north_american_1983: 4269,
  north_american_datum_1983: 4269,
  nad27: 4267,
  north_american_1927: 4267,
  north_american_datum_1927: 4267,
};

/**
 * The keys that define a CRS.
 * @throws {TerrachipError} UNSUPPORTED when GeoTIFF has no keys for it
 */
export function userDefinedKeys(crs: Crs): Map<number, GeoKeyValue> {
  const keys = geodeticKeys(crs);
  if (!crs.isGeographic) addProjection(keys, crs);
  // What would be read back decides: some definitions hold more than their method's keys can.
  if (!crsFromUserDefinedKeys(keys)?.equals(crs)) throw inexpressible(crs);
  return keys;
}

function inexpressible(crs: Crs): TerrachipError {
  return new TerrachipError(
    'UNSUPPORTED',
    `a GeoTIFF has no keys for the coordinate reference system ${crs}`,
    'choose one with an EPSG code or with a projection that GeoTIFF knows',
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

/** The EPSG code of the geographic system below, when the definition or its datum names one that agrees. */
function geodeticCode(crs: Crs): number | null {
  const { wkt } = crs;
  const datum = String(crs.projection.datumCode ?? '').toLowerCase();
  const datumInWkt = /\bDATUM\s*\[\s*"(?:D_)?([^"]*)"/i.exec(wkt ?? '')?.[1] ?? '';
  const names = [datum, datumInWkt.toLowerCase().replaceAll(' ', '_')];
  const codes = names.map((name) => GEODETIC_CODES[name]);
  for (const candidate of [/^epsg_(\d+)$/.exec(datum)?.[1], geodeticIdentifier(wkt ?? ''), ...codes]) {
    const code = Number(candidate);
    if (candidate === undefined || findEpsg(code) === null) continue;
    const known = Crs.fromEpsg(code);
    if (known.isGeographic && sameDatum(known.projection, crs.projection)) return code;
  }
  return null;
}

/** The identifier that closes the geographic part of a WKT. */
function geodeticIdentifier(wkt: string): string | undefined {
  const start = wkt.search(/\b(?:GEOGCS|GEOGCRS|GEODCRS|BASEGEOGCRS|BASEGEODCRS)\s*\[/i);
  if (start < 0) return undefined;
  let depth = 0;
  for (let end = wkt.indexOf('[', start); end < wkt.length; end++) {
    if (wkt[end] === '[') depth++;
    else if (wkt[end] === ']' && --depth === 0) {
      const part = wkt.slice(start, end + 1);
      return /(?:AUTHORITY|ID)\s*\[\s*"EPSG"\s*,\s*"?(\d+)"?\s*\]\s*\]$/i.exec(part)?.[1];
    }
  }
  return undefined;
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
    // By its standard parallel (EPSG's variant B), from which proj4js has computed the scale at the pole.
    keys.set(PARAMETER_KEY.NatOriginLat, [degrees(projection.lat_ts ?? 0)]);
    keys.set(PARAMETER_KEY.ScaleAtNatOrigin, [1]);
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

/** GeoTIFF's texts are ASCII, and end with a bar. */
function asciiName(name: string): string {
  return name.replace(/[^ -~]/g, '?').replaceAll('|', '/');
}

/** The CRS that keys define by their parameters; null when they do not, or by what terrachip does not know. */
export function crsFromUserDefinedKeys(keys: GeoKeys): Crs | null {
  const datum = datumDefinition(keys);
  if (datum === null || !DEGREES.includes(numberOf(keys, GEO_KEY.AngularUnits))) return null;
  const name = [GEO_KEY.ProjectedCitation, GEO_KEY.GeodeticCitation, GEO_KEY.Citation]
    .map((key) => keys.get(key))
    .find((text) => typeof text === 'string' && text !== '');
  const title = typeof name === 'string' ? name : undefined;
  if (!keys.has(GEO_KEY.ProjectedCrs)) return Crs.fromProj(`+proj=longlat ${datum} +no_defs`, title);
  const projection = projectionDefinition(keys);
  return projection === null ? null : Crs.fromProj(`${projection} ${datum} +no_defs`, title);
}

const DEGREES: readonly (number | undefined)[] = [undefined, DEGREE];

function numberOf(keys: GeoKeys, key: number): number | undefined {
  const value = keys.get(key);
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? undefined : value?.[0];
}

function datumDefinition(keys: GeoKeys): string | null {
  const code = numberOf(keys, GEO_KEY.GeodeticCrs);
  const datum = numberOf(keys, GEO_KEY.GeodeticDatum);
  // EPSG numbered the first datums by their geographic systems: 6326 belongs to 4326.
  const known = code !== undefined && code !== USER_DEFINED ? code : (datum ?? USER_DEFINED) - 2000;
  if (known !== USER_DEFINED && findEpsg(known) !== null) {
    const { isGeographic, projection } = Crs.fromEpsg(known);
    const { a, b, from_greenwich: meridian = 0, datum_params: shift } = projection;
    if (isGeographic) return datumText(a, b, degrees(meridian), shift?.map(Number) ?? []);
  }
  const ellipsoid = ELLIPSOIDS[numberOf(keys, GEO_KEY.Ellipsoid) ?? 0];
  const a = numberOf(keys, GEO_KEY.SemiMajorAxis) ?? ellipsoid?.[0];
  const flattening = numberOf(keys, GEO_KEY.InverseFlattening) ?? ellipsoid?.[1];
  if (a === undefined) return null;
  const b = numberOf(keys, GEO_KEY.SemiMinorAxis) ?? (flattening ? a * (1 - 1 / flattening) : a);
  const toWgs84 = keys.get(GEO_KEY.ToWgs84);
  const meridian = numberOf(keys, GEO_KEY.PrimeMeridianLongitude) ?? 0;
  return datumText(a, b, meridian, typeof toWgs84 === 'object' ? toWgs84 : []);
}

function datumText(a: number, b: number, meridian: number, shift: readonly number[]): string {
  const parts = [`+a=${a} +b=${b}`];
  if (meridian !== 0) parts.push(`+pm=${meridian}`);
  if (shift.length === 3 || shift.length === 7) parts.push(`+towgs84=${shift.join(',')}`);
  return parts.join(' ');
}

function projectionDefinition(keys: GeoKeys): string | null {
  const code = numberOf(keys, GEO_KEY.ProjectionMethod);
  const method = PROJECTION_METHODS.find((known) => known.code === code);
  const unit = numberOf(keys, GEO_KEY.LinearUnits) ?? 9001;
  const metres =
    LINEAR_UNITS.find(([known]) => known === unit)?.[1] ?? numberOf(keys, GEO_KEY.LinearUnitSize);
  if (method === undefined || metres === undefined) return null;
  const parts = [`+proj=${method.proj}`];
  for (const [parameter] of method.parameters) {
    const value = PARAMETER_KEYS[parameter].map((key) => numberOf(keys, key)).find((v) => v !== undefined);
    if (value === undefined) continue;
    if (parameter === 'lat0' && method.code === POLAR_STEREOGRAPHIC) {
      parts.push(`+lat_0=${value < 0 ? -90 : 90} +lat_ts=${value}`);
    } else {
      const isLength = parameter === 'x0' || parameter === 'y0';
      parts.push(`+${PROJ_NAME[parameter]}=${isLength ? value * metres : value}`);
    }
    if (parameter === 'lat0' && method.code === TANGENT_LAMBERT) parts.push(`+lat_1=${value}`);
  }
  const parallel = numberOf(keys, PARAMETER_KEY.StdParallel1);
  if (method.code === MERCATOR && parallel !== undefined) parts.push(`+lat_ts=${parallel}`);
  return `${parts.join(' ')} +to_meter=${metres}`;
}
