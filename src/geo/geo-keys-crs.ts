/**
 * From GeoTIFF keys to a CRS: by its EPSG code, by Esri's WKT in a citation, or by its parts (OGC 19-008r4, annex B and C;
 * methods and units by EPSG).
 */
import { isTerrachipError } from '../errors.js';
import { Crs } from './crs.js';
import { findEpsg, WEB_MERCATOR } from './epsg-registry.js';
import { GEO_KEY, type GeoKeys, MODEL_GEOGRAPHIC, MODEL_PROJECTED, USER_DEFINED } from './geo-keys.js';
import { type ProjectionParameters, projectionOfMethod } from './projection-methods.js';

/** The CRS of GeoTIFF keys. */
export interface GeoKeysCrs {
  readonly crs: Crs | null;
  /** Why the keys give no CRS, as the end of a sentence about the file; null with a CRS or without keys. */
  readonly problem: string | null;
  /** Degrees in one unit of the coordinates of a geographic CRS (1/3600 for arc-seconds); 1 for any other. */
  readonly degreesPerUnit: number;
}

/** The CRS of the keys, geographic in degrees or projected. Vertical keys are ignored. */
export function crsFromGeoKeys(keys: GeoKeys): GeoKeysCrs {
  const none = { crs: null, degreesPerUnit: 1 };
  try {
    const crs = findCrs(keys);
    if (crs === null) return { ...none, problem: unnamed(keys) };
    return { crs, problem: null, degreesPerUnit: crs.isGeographic ? degreesPerUnit(keys) : 1 };
  } catch (error) {
    if (!isTerrachipError(error)) throw error;
    const reason = error.message.replace(/; .*$/s, '');
    return { ...none, problem: `has a coordinate reference system that cannot be used (${reason})` };
  }
}

function findCrs(keys: GeoKeys): Crs | null {
  const model = keys.get(GEO_KEY.ModelType);
  const projected = codeOf(keys, GEO_KEY.ProjectedCrs);
  const geodetic = codeOf(keys, GEO_KEY.GeodeticCrs);
  const esri = esriWkt(keys);
  if (model !== MODEL_GEOGRAPHIC) {
    if (projected !== null) return withLinearUnit(Crs.fromEpsg(projected), keys);
    if (esri !== null) return Crs.fromWkt(esri);
    const own = userProjected(keys);
    if (own !== null) return own;
  }
  if (model === MODEL_PROJECTED) return null;
  if (geodetic !== null) return ownEllipsoid(keys, geodetic) ?? Crs.fromEpsg(geodetic);
  if (keys.get(GEO_KEY.GeodeticCrs) !== USER_DEFINED) return null;
  const tokens = datumTokens(keys);
  if (tokens === null) return null;
  const name = nameOf(keys, GEO_KEY.GeodeticCitation);
  return Crs.fromProj(`+proj=longlat ${tokens} +no_defs`, name, citedNames(keys));
}

function unnamed(keys: GeoKeys): string | null {
  const name = nameOf(keys, GEO_KEY.ProjectedCitation, GEO_KEY.Citation, GEO_KEY.GeodeticCitation);
  const method = keys.get(GEO_KEY.ProjectionMethod);
  if (keys.get(GEO_KEY.ModelType) === MODEL_PROJECTED && method !== undefined && method !== USER_DEFINED) {
    return `has a coordinate reference system by GeoTIFF's projection method ${method}, which is not supported`;
  }
  if (name === undefined) return null;
  return `has a coordinate reference system of which only the name "${name}" is known`;
}

/** Some programs write a projected CRS by code and its coordinates in another unit. */
function withLinearUnit(crs: Crs, keys: GeoKeys): Crs {
  const metres = linearUnit(keys);
  if (metres === null || crs.metresPerUnit === null || same(metres, crs.metresPerUnit)) return crs;
  const definition = crs.epsg === null ? null : findEpsg(crs.epsg);
  if (definition === null) return crs;
  const rest = definition.proj4.replace(/\+(units|to_meter)=\S+/g, '');
  return Crs.fromProj(`${rest} +to_meter=${metres}`, `${crs.name} (units of ${metres} m)`);
}

/** Esri's programs write the whole CRS as WKT into a citation, some with a vertical part. */
function esriWkt(keys: GeoKeys): string | null {
  for (const key of [GEO_KEY.ProjectedCitation, GEO_KEY.Citation, GEO_KEY.GeodeticCitation]) {
    const text = keys.get(key);
    const match = typeof text === 'string' ? /ESRI PE String = (.*)$/s.exec(text) : null;
    if (match !== null) return match[1].trim();
  }
  return null;
}

const UTM_NORTH = 16000;
const UTM_SOUTH = 16100;

function userProjected(keys: GeoKeys): Crs | null {
  const datum = datumTokens(keys);
  if (datum === null) return null;
  const name = nameOf(keys, GEO_KEY.ProjectedCitation, GEO_KEY.Citation);
  const conversion = keys.get(GEO_KEY.Projection);
  if (typeof conversion === 'number') {
    const south = conversion > UTM_SOUTH;
    const zone = conversion - (south ? UTM_SOUTH : UTM_NORTH);
    if (zone >= 1 && zone <= 60) {
      const utm = `+proj=utm +zone=${zone}${south ? ' +south' : ''} ${datum} +units=m +no_defs`;
      return Crs.fromProj(utm, name, citedNames(keys));
    }
  }
  const metres = linearUnit(keys) ?? 1;
  const parameters = projectionParameters(keys, metres);
  if (keys.get(GEO_KEY.ProjectionMethod) === 7 && /\+a=6378137 \+b=6378137\b/.test(datum)) {
    return Crs.fromProj(WEB_MERCATOR.proj4, name);
  }
  const projection = projectionOfMethod(Number(keys.get(GEO_KEY.ProjectionMethod)), parameters);
  if (projection === null) return null;
  return Crs.fromProj(`${projection} ${datum} +to_meter=${metres} +no_defs`, name, citedNames(keys));
}

function projectionParameters(keys: GeoKeys, metres: number): ProjectionParameters {
  type Name = keyof typeof GEO_KEY;
  const first = (names: readonly Name[]): number | null => {
    const values = names.map((name) => keys.get(GEO_KEY[name]));
    return values.find((value): value is number => Number.isFinite(value)) ?? null;
  };
  const degrees = degreesPerUnit(keys);
  const angle = (...names: Name[]): number => (first(names) ?? 0) * degrees;
  const optional = (name: Name): number | null => {
    const value = first([name]);
    return value === null ? null : value * degrees;
  };
  const length = (...names: Name[]): number => (first(names) ?? 0) * metres;
  return {
    longitude: angle(
      'NaturalOriginLongitude', 'FalseOriginLongitude', 'CentreLongitude', 'StraightVerticalPoleLongitude',
    ), // biome-ignore format: a list
    poleLongitude: angle('StraightVerticalPoleLongitude', 'NaturalOriginLongitude'),
    latitude: angle('NaturalOriginLatitude', 'FalseOriginLatitude', 'CentreLatitude'),
    parallel1: optional('StandardParallel1'),
    parallel2: optional('StandardParallel2'),
    azimuth: angle('AzimuthAngle'),
    gridAngle: optional('RectifiedGridAngle'),
    scale: first(['ScaleAtNaturalOrigin', 'ScaleAtCentre']) ?? 1,
    easting: length('FalseEasting', 'FalseOriginEasting', 'CentreEasting'),
    northing: length('FalseNorthing', 'FalseOriginNorthing', 'CentreNorthing'),
  };
}

/** Metres by EPSG unit code. */
const LINEAR_UNITS: Readonly<Record<number, number>> = {
  9001: 1, 9002: 0.3048, 9003: 1200 / 3937, 9005: 0.3047972654, 9014: 1.8288, 9030: 1852, 9036: 1000,
}; // biome-ignore format: a table

function linearUnit(keys: GeoKeys): number | null {
  const code = keys.get(GEO_KEY.LinearUnits);
  const size = keys.get(GEO_KEY.LinearUnitSize);
  if (code === USER_DEFINED) return typeof size === 'number' && size > 0 ? size : null;
  return typeof code === 'number' ? (LINEAR_UNITS[code] ?? null) : null;
}

/** Degrees by EPSG unit code: radian, degree, arc-minute, arc-second, grad, gon. */
const ANGULAR_UNITS: Readonly<Record<number, number>> = {
  9101: 180 / Math.PI, 9102: 1, 9103: 1 / 60, 9104: 1 / 3600, 9105: 0.9, 9106: 0.9,
}; // biome-ignore format: a table

function degreesPerUnit(keys: GeoKeys): number {
  const code = keys.get(GEO_KEY.AngularUnits);
  const radians = keys.get(GEO_KEY.AngularUnitSize);
  if (code === USER_DEFINED && typeof radians === 'number' && radians > 0) return (radians * 180) / Math.PI;
  return typeof code === 'number' ? (ANGULAR_UNITS[code] ?? 1) : 1;
}

/** PROJ's ellipsoid names by EPSG code. */
const ELLIPSOIDS: Readonly<Record<number, string>> = {
  7001: 'airy', 7002: 'mod_airy', 7003: 'aust_SA', 7004: 'bessel', 7008: 'clrk66', 7011: 'clrk80ign', 7012: 'clrk80',
  7015: 'evrst30', 7019: 'GRS80', 7022: 'intl', 7024: 'krass', 7030: 'WGS84', 7036: 'GRS67', 7043: 'WGS72', 7048: 'sphere',
}; // biome-ignore format: a table

/** PROJ's prime meridian names, from EPSG code 8901 on. */
const PRIME_MERIDIANS = [
  'greenwich', 'lisbon', 'paris', 'bogota', 'madrid', 'rome', 'bern', 'jakarta', 'ferro', 'brussels', 'stockholm',
  'athens', 'oslo',
]; // biome-ignore format: a list

const DATUM_TOKEN = /^\+(datum|ellps|a|b|rf|R|towgs84|pm|nadgrids)=/;

/** The datum as PROJ parameters: by code of the geographic CRS or the datum, else by ellipsoid; null if unknown. */
function datumTokens(keys: GeoKeys): string | null {
  const geodetic = codeOf(keys, GEO_KEY.GeodeticCrs);
  const datum = codeOf(keys, GEO_KEY.GeodeticDatum);
  // EPSG datum 6xxx belongs to the geographic CRS 4xxx.
  const code = geodetic ?? (datum !== null && datum >= 6001 && datum <= 6999 ? datum - 2000 : null);
  const known = code === null ? null : findEpsg(code);
  const ellipsoid = ellipsoidTokens(keys);
  const shift = keys.get(GEO_KEY.ToWgs84);
  const hasShift = typeof shift === 'object' && (shift.length === 3 || shift.length === 7);
  const own = [ellipsoid, hasShift ? `+towgs84=${shift.join()}` : null, primeMeridian(keys)].filter(
    (token) => token !== null,
  );
  if (known === null || (code !== null && otherEllipsoid(keys, code))) {
    return ellipsoid === null ? null : own.join(' ');
  }
  return known.proj4
    .split(/\s+/)
    .filter((token) => DATUM_TOKEN.test(token))
    .join(' ');
}

/** Names of a datum or its geographic CRS in citations: bare, or Esri's `GCS Name = …|Datum = …|`. */
function citedNames(keys: GeoKeys): string[] {
  return [GEO_KEY.GeodeticCitation, GEO_KEY.Citation].flatMap((key) => {
    const text = keys.get(key);
    if (typeof text !== 'string') return [];
    const labelled = [...text.matchAll(/(?:Datum|GCS Name) = ([^|]+)/g)].map(([, name]) => name);
    return labelled.length > 0 ? labelled : [text.split('|')[0]];
  });
}

function ellipsoidTokens(keys: GeoKeys): string | null {
  const { a, b, rf } = ellipsoidAxes(keys);
  if (a !== null && b !== null) return `+a=${a} +b=${b}`;
  // An inverse flattening of 0 means a sphere.
  if (a !== null && rf !== null) return rf === 0 ? `+a=${a} +b=${a}` : `+a=${a} +rf=${rf}`;
  const name = ELLIPSOIDS[codeOf(keys, GEO_KEY.Ellipsoid) ?? 0];
  return name === undefined ? null : `+ellps=${name}`;
}

function ellipsoidAxes(keys: GeoKeys): { a: number | null; b: number | null; rf: number | null } {
  const [a, b, rf] = [GEO_KEY.SemiMajorAxis, GEO_KEY.SemiMinorAxis, GEO_KEY.InverseFlattening].map((key) => {
    const value = keys.get(key);
    return typeof value === 'number' ? value : null;
  });
  return { a, b, rf };
}

/** Whether the file's ellipsoid axes differ from those of a code. */
function otherEllipsoid(keys: GeoKeys, code: number): boolean {
  const { a, rf } = ellipsoidAxes(keys);
  const { a: knownA, b: knownB } = Crs.fromEpsg(code).projection;
  if (a === null || rf === null || knownA === undefined || knownB === undefined) return false;
  return !same(a, knownA, 1e-9) || !same(rf === 0 ? a : a - a / rf, knownB, 1e-9);
}

/** A geographic CRS with the file's own ellipsoid; null if the file has that of the code. */
function ownEllipsoid(keys: GeoKeys, code: number): Crs | null {
  if (findEpsg(code) === null || !otherEllipsoid(keys, code)) return null;
  return Crs.fromProj(`+proj=longlat ${datumTokens(keys)} +no_defs`, nameOf(keys, GEO_KEY.GeodeticCitation));
}

function primeMeridian(keys: GeoKeys): string | null {
  const longitude = keys.get(GEO_KEY.PrimeMeridianLongitude);
  if (typeof longitude === 'number' && longitude !== 0) return `+pm=${longitude * degreesPerUnit(keys)}`;
  const name = PRIME_MERIDIANS[(codeOf(keys, GEO_KEY.PrimeMeridian) ?? 8901) - 8901];
  return name === undefined || name === 'greenwich' ? null : `+pm=${name}`;
}

function codeOf(keys: GeoKeys, key: number): number | null {
  const value = keys.get(key);
  return typeof value === 'number' && value > 0 && value !== USER_DEFINED ? value : null;
}

function nameOf(keys: GeoKeys, ...citations: number[]): string | undefined {
  for (const key of citations) {
    const text = keys.get(key);
    if (typeof text === 'string' && text !== '') return text.split(/[|\n]/)[0].replace(/^GCS Name = /, '');
  }
  return undefined;
}

function same(a: number, b: number, tolerance = 1e-8): boolean {
  return Math.abs(a - b) <= tolerance * Math.abs(b);
}
