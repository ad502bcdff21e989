/**
 * From WKT of a reference system to a PROJ string: WKT 1 as GDAL writes it, WKT 1 as Esri writes it (the .prj of a
 * shapefile, citations of GeoTIFF), and WKT 2. proj4js reads WKT too, but takes parameters in grads for degrees, and
 * knows few of Esri's names. Angles of a projection are in the unit of the geographic part, lengths in that of the
 * projected one, unless a parameter of WKT 2 has its own.
 */
import { invalidInput } from '../errors.js';
import { findDatumShift, findGeodeticCode } from './epsg-registry.js';
import { projectionOfMethod, WEB_MERCATOR, wktMethod } from './projection-methods.js';
import { childOf, epsgOfNode, nameOfNode, parseWkt, plainName, type WktNode } from './wkt.js';

export interface WktCrs {
  readonly name: string | undefined;
  /** The EPSG code that the text gives to the horizontal system; null where it has none. */
  readonly epsg: number | null;
  /** The EPSG code of the geographic system, by its identifier or by the names of it and its datum. */
  readonly geodeticCode: number | null;
  /** As a PROJ string. Throws for what is not supported, so that a known code needs no definition. */
  definition(): { proj4: string; shiftMetres?: number | null };
}

const GEOGRAPHIC = [
  'GEOGCS',
  'GEOGCRS',
  'GEODCRS',
  'GEODETICCRS',
  'GEOGRAPHICCRS',
  'BASEGEOGCRS',
  'BASEGEODCRS',
];
const PROJECTED = ['PROJCS', 'PROJCRS', 'PROJECTEDCRS'];
const COMPOUND = ['COMPD_CS', 'COMPOUNDCRS'];

/** @throws {TerrachipError} INVALID_INPUT for a text that is not WKT of a geographic or projected system */
export function readWkt(text: string): WktCrs {
  const root = parseWkt(text);
  if (root === null) throw unusable(text, 'is not well-known text', 'check its brackets and quotes');
  const { horizontal, shift } = horizontalOf(root, text);
  const projected = PROJECTED.includes(horizontal.keyword);
  const geographic = projected ? childOf(horizontal, ...GEOGRAPHIC) : horizontal;
  if (geographic === undefined) throw unusable(text, 'has no geographic part', 'give an EPSG code');
  const datum = childOf(geographic, 'DATUM', 'GEODETICDATUM', 'TRF', 'ENSEMBLE');
  return {
    name: nameOfNode(horizontal),
    epsg: epsgOfNode(horizontal) ?? (horizontal === root ? null : epsgOfNode(root)),
    geodeticCode: epsgOfNode(geographic) ?? findGeodeticCode(namesOf(geographic, datum)),
    definition: () => {
      const whole = childOf(horizontal, 'EXTENSION');
      if (whole?.values[0] === 'PROJ4') return { proj4: String(whole.values[1]) };
      const place = datumOf(geographic, datum, shift, projected ? nameOfNode(horizontal) : undefined, text);
      return projected
        ? projectedDefinition(horizontal, geographic, place, text)
        : geographicDefinition(geographic, place, text);
    },
  };
}

/** The horizontal part of a compound system, and the system within a bound one with its shift to WGS 84. */
function horizontalOf(root: WktNode, text: string): { horizontal: WktNode; shift: string | null } {
  if (COMPOUND.includes(root.keyword)) {
    const part = root.children.find(({ keyword }) => /^(PROJ|GEO|BOUND)/.test(keyword));
    if (part === undefined) throw unusable(text, 'has no horizontal part', 'give an EPSG code');
    return horizontalOf(part, text);
  }
  if (root.keyword === 'BOUNDCRS') {
    const source = childOf(root, 'SOURCECRS')?.children[0];
    if (source === undefined) throw unusable(text, 'has no source system', 'give an EPSG code');
    return { horizontal: source, shift: boundShift(root) };
  }
  if (
    ![...PROJECTED, ...GEOGRAPHIC].includes(root.keyword) ||
    childOf(root, 'DERIVINGCONVERSION') !== undefined
  ) {
    throw unusable(text, `is a ${root.keyword}`, 'give a geographic or a projected system');
  }
  if (GEOGRAPHIC.includes(root.keyword) && /^cartesian$/i.test(String(childOf(root, 'CS')?.values[0]))) {
    throw unusable(text, 'is geocentric', 'give a geographic or a projected system');
  }
  return { horizontal: root, shift: null };
}

/** EPSG's codes of the parameters of a Helmert transformation, in the order of towgs84. */
const HELMERT = [8605, 8606, 8607, 8608, 8609, 8610, 8611];

function boundShift(bound: WktNode): string | null {
  const transformation = childOf(bound, 'ABRIDGEDTRANSFORMATION');
  const parameters = transformation?.children.filter(({ keyword }) => keyword === 'PARAMETER') ?? [];
  const values = HELMERT.map((code, k) => {
    const found = parameters.find((parameter) => epsgOfNode(parameter) === code) ?? parameters[k];
    return Number(found?.values[1] ?? 0);
  });
  if (parameters.length < 3 || values.some((value) => !Number.isFinite(value))) return null;
  // The scale is written as a factor near 1, or in parts per million.
  if (Math.abs(values[6] - 1) < 0.01) values[6] = (values[6] - 1) * 1e6;
  // EPSG's coordinate frame rotation has the other sign.
  const sign = /coordinate frame/i.test(nameOfNode(childOf(transformation, 'METHOD')) ?? '') ? -1 : 1;
  return values.map((value, k) => (k >= 3 && k < 6 ? sign * value : value)).join();
}

interface Place {
  /** Ellipsoid, prime meridian and shift as PROJ parameters. */
  readonly tokens: string;
  readonly shiftMetres?: number | null;
}

/** The datum: by the shift that the text gives, else by its name. */
function datumOf(
  geographic: WktNode,
  datum: WktNode | undefined,
  bound: string | null,
  system: string | undefined,
  text: string,
): Place {
  const ellipsoid = childOf(datum, 'SPHEROID', 'ELLIPSOID');
  const [, axis, flattening] = ellipsoid?.values ?? [];
  if (typeof axis !== 'number' || typeof flattening !== 'number' || !(axis > 0)) {
    throw unusable(text, 'has no ellipsoid', 'give an EPSG code');
  }
  const a = axis * (childOf(ellipsoid, 'LENGTHUNIT', 'UNIT') === undefined ? 1 : unitOf(ellipsoid, 1));
  const own = flattening === 0 ? `+a=${a} +b=${a}` : `+a=${a} +rf=${flattening}`;
  const shape = `${own}${primeMeridian(geographic)}`;
  const given = childOf(datum, 'TOWGS84')?.values ?? [];
  const shift = bound ?? (given.length === 3 || given.length === 7 ? given.join() : null);
  if (shift !== null) return { tokens: `${shape} +towgs84=${shift}` };
  const known = findDatumShift(namesOf(geographic, datum), system);
  if (known !== null) return { tokens: `${shape} ${known.tokens}`, shiftMetres: known.shiftMetres };
  // A sphere is no datum, and the ellipsoids of the satellite age lie as WGS 84 does.
  if (flattening === 0) return { tokens: shape };
  return Math.abs(a - 6378137) < 1
    ? { tokens: `${shape} +towgs84=0,0,0` }
    : { tokens: shape, shiftMetres: null };
}

function namesOf(geographic: WktNode, datum: WktNode | undefined): string[] {
  return [nameOfNode(datum), nameOfNode(geographic)].filter((name) => name !== undefined);
}

function primeMeridian(geographic: WktNode): string {
  const meridian = childOf(geographic, 'PRIMEM') ?? childOf(childOf(geographic, 'DATUM'), 'PRIMEM');
  const value = Number(meridian?.values[1] ?? 0);
  if (value === 0 || !Number.isFinite(value)) return '';
  const ownUnit = childOf(meridian, 'ANGLEUNIT', 'UNIT');
  // GDAL and Esri write Paris in degrees although the unit is the grad.
  const inDegrees = ownUnit === undefined && Math.abs(value - 2.33722917) < 1e-6;
  const unit = ownUnit === undefined ? angularUnit(geographic) : unitOf(meridian, RADIANS_PER_DEGREE);
  return ` +pm=${inDegrees ? value : degrees(value, unit)}`;
}

const RADIANS_PER_DEGREE = Math.PI / 180;

/** Degrees of an angle whose unit is given in radians; units are written with 15 digits or fewer. */
function degrees(value: number, unit: number): number {
  if (Math.abs(unit / RADIANS_PER_DEGREE - 1) < 1e-9) return value;
  if (Math.abs(unit / (Math.PI / 200) - 1) < 1e-9) return value * 0.9;
  return value * (unit / RADIANS_PER_DEGREE);
}

/** The size of the unit of an object, in metres or radians. */
function unitOf(node: WktNode | undefined, fallback: number): number {
  const size = childOf(node, 'UNIT', 'ANGLEUNIT', 'LENGTHUNIT', 'SCALEUNIT')?.values[1];
  if (size === undefined) return fallback;
  return typeof size === 'number' && size > 0 ? size : fallback;
}

/** Radians in one unit of the angles of a geographic part. WKT 2 may say it of the axes alone. */
function angularUnit(geographic: WktNode): number {
  return unitOf(geographic, unitOf(childOf(geographic, 'AXIS'), RADIANS_PER_DEGREE));
}

function geographicDefinition(
  geographic: WktNode,
  place: Place,
  text: string,
): { proj4: string; shiftMetres?: number | null } {
  if (Math.abs(angularUnit(geographic) / RADIANS_PER_DEGREE - 1) > 1e-9) {
    throw unusable(
      text,
      'does not have its longitudes and latitudes in degrees',
      'convert the coordinates to degrees of the same datum',
    );
  }
  return { proj4: `+proj=longlat ${place.tokens} +no_defs`, ...shiftOf(place) };
}

function projectedDefinition(
  projected: WktNode,
  geographic: WktNode,
  place: Place,
  text: string,
): { proj4: string; shiftMetres?: number | null } {
  const conversion = childOf(projected, 'CONVERSION');
  const method = nameOfNode(childOf(conversion, 'METHOD', 'PROJECTION') ?? childOf(projected, 'PROJECTION'));
  const metres = unitOf(projected, unitOf(childOf(projected, 'AXIS'), 1));
  const found = wktMethod(
    method ?? '',
    numbersOf(conversion ?? projected, geographic, metres),
    axesOf(projected),
  );
  const projection = found === null ? null : projectionOfMethod(found.method, found.parameters);
  if (found === null || projection === null) {
    throw unusable(text, `has the projection "${method}", which is not supported`, 'reproject to a UTM zone');
  }
  // Web Mercator is a sphere on the coordinates of WGS 84.
  if (found.method === WEB_MERCATOR) return { proj4: `${projection} +to_meter=${metres} +no_defs` };
  return { proj4: `${projection} ${place.tokens} +to_meter=${metres} +no_defs`, ...shiftOf(place) };
}

function shiftOf({ shiftMetres }: Place): { shiftMetres?: number | null } {
  return shiftMetres === undefined ? {} : { shiftMetres };
}

/** A parameter by the name that any of the dialects gives it: angles in degrees, lengths in metres. */
export type WktNumbers = (kind: 'angle' | 'length' | 'number', ...names: string[]) => number | null;

function numbersOf(holder: WktNode, geographic: WktNode, metres: number): WktNumbers {
  const parameters = new Map<string, WktNode>();
  for (const node of holder.children) {
    if (node.keyword === 'PARAMETER') parameters.set(plainName(nameOfNode(node) ?? ''), node);
  }
  const angle = angularUnit(geographic);
  return (kind, ...names) => {
    for (const name of names) {
      const node = parameters.get(name);
      const value = Number(node?.values[1]);
      if (node === undefined || !Number.isFinite(value)) continue;
      if (kind === 'angle') return degrees(value, unitOf(node, angle));
      return kind === 'length' ? value * unitOf(node, metres) : value;
    }
    return null;
  };
}

/** The first letters of the directions of the two axes, such as `en` or `ws`; empty where the text says none. */
function axesOf(projected: WktNode): string {
  return projected.children
    .filter(({ keyword }) => keyword === 'AXIS')
    .slice(0, 2)
    .map(({ values }) => String(values[1]).toLowerCase()[0])
    .join('');
}

function unusable(text: string, problem: string, remedy: string): Error {
  const name = /"([^"]{1,80})"/.exec(text)?.[1] ?? text.slice(0, 80);
  return invalidInput(`the coordinate reference system "${name}"`, problem, remedy);
}
