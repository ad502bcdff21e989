/**
 * From the WKT of a CRS to a PROJ string: GDAL's WKT 1, Esri's WKT 1 (the .prj of a shapefile, GeoTIFF citations) and
 * WKT 2. proj4js reads WKT too, but misreads parameters in grads as degrees and supports few of Esri's names. Angles of a
 * projection are in the unit of the geographic part, lengths in that of the projected one, unless a WKT 2 parameter has
 * its own unit.
 */
import { invalidInput } from '../errors.js';
import { type EpsgEntry, findDatumShift, findGeodeticCode } from './epsg-registry.js';
import { projectionOfMethod, WEB_MERCATOR, wktMethod } from './projection-methods.js';
import { childOf, epsgOfNode, nameOfNode, parseWkt, plainName, type WktNode } from './wkt.js';

export interface WktCrs {
  readonly name: string | undefined;
  /** The EPSG code of the horizontal CRS in the text, or null. */
  readonly epsg: number | null;
  /** The EPSG code of the geographic CRS, by its identifier, its name or the name of its datum; null if unknown. */
  readonly geodeticCode: number | null;
  /** The PROJ string; throws INVALID_INPUT for an unsupported definition. Not needed when the code is known. */
  definition(): Definition;
}

type Definition = Pick<EpsgEntry, 'proj4' | 'shiftMetres'>;

const GEOGRAPHIC = [
  'GEOGCS', 'GEOGCRS', 'GEODCRS', 'GEODETICCRS', 'GEOGRAPHICCRS', 'BASEGEOGCRS', 'BASEGEODCRS',
]; // biome-ignore format: a list
const PROJECTED = ['PROJCS', 'PROJCRS', 'PROJECTEDCRS'];
const COMPOUND = ['COMPD_CS', 'COMPOUNDCRS'];

/** @throws {TerrachipError} INVALID_INPUT for a text that is not WKT of a geographic or projected CRS */
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
      const extension = childOf(horizontal, 'EXTENSION');
      if (extension?.values[0] === 'PROJ4') return { proj4: String(extension.values[1]) };
      const place = datumOf(geographic, datum, shift, projected ? nameOfNode(horizontal) : undefined, text);
      if (projected) return projectedDefinition(horizontal, geographic, place, text);
      if (Math.abs(angularUnit(geographic) / RADIANS_PER_DEGREE - 1) > 1e-9) {
        throw unusable(
          text,
          'does not have its longitudes and latitudes in degrees',
          'convert the coordinates to degrees of the same datum',
        );
      }
      return { ...place, proj4: `+proj=longlat ${place.proj4} +no_defs` };
    },
  };
}

/** The horizontal part of a compound CRS, and the source of a bound CRS with its shift to WGS 84. */
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

/** EPSG codes of the Helmert parameters, in the order of towgs84. */
const HELMERT = [8605, 8606, 8607, 8608, 8609, 8610, 8611];

function boundShift(bound: WktNode): string | null {
  const transformation = childOf(bound, 'ABRIDGEDTRANSFORMATION');
  const parameters = transformation?.children.filter(({ keyword }) => keyword === 'PARAMETER') ?? [];
  const values = HELMERT.map((code, k) => {
    const node = parameters.find((parameter) => epsgOfNode(parameter) === code) ?? parameters[k];
    return Number(node?.values[1] ?? 0);
  });
  if (parameters.length < 3 || values.some((value) => !Number.isFinite(value))) return null;
  // The scale is a factor near 1, or in parts per million.
  if (Math.abs(values[6] - 1) < 0.01) values[6] = (values[6] - 1) * 1e6;
  // EPSG's coordinate frame rotation has the opposite sign.
  const sign = /coordinate frame/i.test(nameOfNode(childOf(transformation, 'METHOD')) ?? '') ? -1 : 1;
  return values.map((value, k) => (k >= 3 && k < 6 ? sign * value : value)).join();
}

/** Ellipsoid, prime meridian and shift as PROJ parameters, with the shift in the text, else that of the datum's name. */
function datumOf(
  geographic: WktNode,
  datum: WktNode | undefined,
  bound: string | null,
  system: string | undefined,
  text: string,
): Definition {
  const ellipsoid = childOf(datum, 'SPHEROID', 'ELLIPSOID');
  const [, axis, flattening] = ellipsoid?.values ?? [];
  if (typeof axis !== 'number' || typeof flattening !== 'number' || !(axis > 0)) {
    throw unusable(text, 'has no ellipsoid', 'give an EPSG code');
  }
  const a = axis * (childOf(ellipsoid, 'LENGTHUNIT', 'UNIT') === undefined ? 1 : unitOf(ellipsoid, 1));
  const own = flattening === 0 ? `+a=${a} +b=${a}` : `+a=${a} +rf=${flattening}`;
  const shape = `${own}${primeMeridian(geographic)}`;
  const toWgs84 = childOf(datum, 'TOWGS84')?.values ?? [];
  const shift = bound ?? (toWgs84.length === 3 || toWgs84.length === 7 ? toWgs84.join() : null);
  if (shift !== null) return { proj4: `${shape} +towgs84=${shift}` };
  const known = findDatumShift(namesOf(geographic, datum), system);
  if (known !== null) return { proj4: `${shape} ${known.tokens}`, shiftMetres: known.shiftMetres };
  // A sphere has no datum shift; a modern ellipsoid is taken as centred like WGS 84.
  if (flattening === 0) return { proj4: shape };
  return Math.abs(a - 6378137) < 1
    ? { proj4: `${shape} +towgs84=0,0,0` }
    : { proj4: shape, shiftMetres: null };
}

function namesOf(geographic: WktNode, datum: WktNode | undefined): string[] {
  return [nameOfNode(datum), nameOfNode(geographic)].filter((name) => name !== undefined);
}

function primeMeridian(geographic: WktNode): string {
  const meridian = childOf(geographic, 'PRIMEM') ?? childOf(childOf(geographic, 'DATUM'), 'PRIMEM');
  const value = Number(meridian?.values[1] ?? 0);
  if (value === 0 || !Number.isFinite(value)) return '';
  const ownUnit = childOf(meridian, 'ANGLEUNIT', 'UNIT');
  // GDAL and Esri write the Paris meridian in degrees although the unit is the grad.
  const inDegrees = ownUnit === undefined && Math.abs(value - 2.33722917) < 1e-6;
  const unit = ownUnit === undefined ? angularUnit(geographic) : unitOf(meridian, RADIANS_PER_DEGREE);
  return ` +pm=${inDegrees ? value : degrees(value, unit)}`;
}

const RADIANS_PER_DEGREE = Math.PI / 180;

/** Converts an angle to degrees. The unit is in radians, written with 15 digits or fewer. */
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

/** The angular unit of a geographic part in radians. WKT 2 may have it on the axes only. */
function angularUnit(geographic: WktNode): number {
  return unitOf(geographic, unitOf(childOf(geographic, 'AXIS'), RADIANS_PER_DEGREE));
}

function projectedDefinition(
  projected: WktNode,
  geographic: WktNode,
  place: Definition,
  text: string,
): Definition {
  const conversion = childOf(projected, 'CONVERSION');
  const method = nameOfNode(childOf(conversion, 'METHOD', 'PROJECTION') ?? childOf(projected, 'PROJECTION'));
  const metres = unitOf(projected, unitOf(childOf(projected, 'AXIS'), 1));
  const numbers = numbersOf(conversion ?? projected, geographic, metres);
  const known = wktMethod(method ?? '', numbers, axesOf(projected));
  const projection = known && projectionOfMethod(known.method, known.parameters);
  if (projection === null) {
    throw unusable(text, `has the projection "${method}", which is not supported`, 'reproject to a UTM zone');
  }
  // Web Mercator projects WGS 84 coordinates on a sphere.
  if (known?.method === WEB_MERCATOR) return { proj4: `${projection} +to_meter=${metres} +no_defs` };
  return { ...place, proj4: `${projection} ${place.proj4} +to_meter=${metres} +no_defs` };
}

/** A parameter by any of its names in the dialects; angles in degrees, lengths in metres. */
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

/** The first letters of the directions of the two axes, such as `en` or `ws`; empty without axes. */
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
