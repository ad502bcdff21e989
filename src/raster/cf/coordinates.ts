/** The y and x axes of a variable, and the coordinates of its other axes. */
import { isTerrachipError } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { TimeInterval } from '../../geo/index.js';
import type { ArrayGroup, Attributes, StoredArray } from '../arrays/index.js';

import { namesOf, textOf } from './attributes.js';
import { decodeTime, isTimeUnits, type TimeDecoder, timeDecoder, tryTimeDecoder } from './time.js';

export interface SpatialAxes {
  readonly y: number;
  readonly x: number;
}

/** The value of a coordinate: a number, a label, or a time. */
export type Coordinate = number | string | TimeInterval;

/** An axis that is neither y nor x. */
export interface LeadingAxis {
  readonly axis: number;
  /** The dimension's name, or `axis0` and so on. */
  readonly name: string;
  readonly coordinates: readonly Coordinate[];
}

/** Longer axes get indices instead of coordinates. */
const MAX_COORDINATES = 2 ** 20;

/** The path of an array's group; empty for the root. */
export function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** The paths of the groups around an array, the nearest first. */
export function groupsAround(path: string): string[] {
  const groups: string[] = [];
  for (let group = path; group !== ''; ) {
    group = parentOf(group);
    groups.push(group);
  }
  return groups;
}

/** An array by name or path, in a variable's group or a parent group; from the root if it begins with /. */
export async function findArray(group: ArrayGroup, near: string, name: string): Promise<StoredArray | null> {
  const plain = name.replace(/^\/+/, '');
  if (plain === '' || plain.split('/').some((part) => part === '..' || part === '')) return null;
  for (const folder of plain === name ? groupsAround(near) : ['']) {
    const array = await group.array(folder === '' ? plain : `${folder}/${plain}`);
    if (array !== null) return array;
  }
  return null;
}

/** The one-dimensional coordinate variable of an axis, or null. */
export async function coordinateOf(
  group: ArrayGroup,
  variable: StoredArray,
  axis: number,
): Promise<StoredArray | null> {
  const dimension = variable.dimensions[axis];
  if (dimension === null) return null;
  const array = await findArray(group, variable.path, dimension);
  return array !== null && array.shape.length === 1 && array.shape[0] === variable.shape[axis] ? array : null;
}

const X_NAMES = /^(x|xc|lon|longitude|easting|rlon)$/i;
const Y_NAMES = /^(y|yc|lat|latitude|northing|rlat)$/i;
/** CF's units of longitudes. */
export const EAST = /^degrees?_?e(ast)?$/i;
const X_STANDARD = ['projection_x_coordinate', 'longitude', 'grid_longitude'];
const Y_STANDARD = ['projection_y_coordinate', 'latitude', 'grid_latitude'];

/** The axis of a coordinate variable, by its attributes or its name. */
export function sideOf(dimension: string | null, attributes: Attributes): 'x' | 'y' | null {
  const axis = textOf(attributes, 'axis')?.toUpperCase();
  const standard = textOf(attributes, 'standard_name') ?? '';
  const units = textOf(attributes, 'units') ?? '';
  if (axis === 'X' || X_STANDARD.includes(standard) || EAST.test(units)) return 'x';
  if (axis === 'Y' || Y_STANDARD.includes(standard) || /^degrees?_?n(orth)?$/i.test(units)) return 'y';
  if (dimension === null) return null;
  return X_NAMES.test(dimension) ? 'x' : Y_NAMES.test(dimension) ? 'y' : null;
}

/**
 * The axes of y and x: by GeoZarr's `spatial:dimensions`, by the attributes of the coordinate variables, or by name.
 * @param spatial the attributes of the variable and its parent groups
 */
export async function spatialAxes(
  group: ArrayGroup,
  variable: StoredArray,
  spatial: Attributes,
): Promise<SpatialAxes | null> {
  const declared = spatial['spatial:dimensions'];
  if (Array.isArray(declared) && declared.length === 2) {
    const [y, x] = declared.map((name) => variable.dimensions.indexOf(name));
    if (y >= 0 && x >= 0 && y !== x) return { y, x };
  }
  const sides = await Promise.all(
    variable.dimensions.map(async (dimension, axis) =>
      sideOf(dimension, (await coordinateOf(group, variable, axis))?.attributes ?? {}),
    ),
  );
  const [y, x] = [sides.indexOf('y'), sides.indexOf('x')];
  return y >= 0 && x >= 0 ? { y, x } : null;
}

/**
 * The coordinates of the axes other than y and x. Times are decoded; times outside the civil calendar stay the numbers in
 * the file. Axes without readable coordinates get indices.
 */
export async function leadingAxes(
  group: ArrayGroup,
  variable: StoredArray,
  { y, x }: SpatialAxes,
  warn: (message: string) => void,
  signal?: AbortSignal,
): Promise<LeadingAxis[]> {
  const axes = variable.shape.map((_, axis) => axis).filter((axis) => axis !== y && axis !== x);
  return Promise.all(
    axes.map(async (axis) => ({
      axis,
      name: variable.dimensions[axis] ?? `axis${axis}`,
      coordinates: await coordinatesAlong(group, variable, axis, warn, signal),
    })),
  );
}

async function coordinatesAlong(
  group: ArrayGroup,
  variable: StoredArray,
  axis: number,
  warn: (message: string) => void,
  signal?: AbortSignal,
): Promise<Coordinate[]> {
  const indices = Array.from({ length: variable.shape[axis] }, (_, i) => i);
  const dimension = variable.dimensions[axis];
  const coordinate = dimension === null ? null : await findArray(group, variable.path, dimension);
  // In an array of `char` the characters of a text are a second axis.
  const ranks = coordinate?.storedType === 'char' ? [1, 2] : [1];
  if (
    coordinate === null ||
    !ranks.includes(coordinate.shape.length) ||
    coordinate.shape[0] !== indices.length ||
    sizeOf(coordinate.shape) > MAX_COORDINATES
  ) {
    return indices;
  }
  const options = { signal };
  let values = indices;
  let decode: TimeDecoder;
  try {
    if (coordinate.storedType === 'string' || coordinate.storedType === 'char') {
      const texts = await coordinate.readText(options);
      return coordinate.storedType === 'char' && coordinate.shape.length === 1 ? [...texts[0]] : texts;
    }
    if (coordinate.dtype === null) return indices;
    values = [...(await coordinate.read([], options)).data];
    if (!isTimeUnits(textOf(coordinate.attributes, 'units'))) return values;
    decode = timeDecoder(coordinate.name, coordinate.attributes);
  } catch (error) {
    if (!isTerrachipError(error, 'INVALID_INPUT', 'UNSUPPORTED')) throw error;
    warn(`the bands along ${dimension} are counted: ${error.message}`);
    return values;
  }
  const ends = (await (await boundsOf(group, coordinate))?.read([], options))?.data;
  const times = values.map((value, i) => decodeTime(decode, value, ends && [ends[2 * i], ends[2 * i + 1]]));
  const undecoded = times.filter((time) => time === null).length;
  if (undecoded > 0) {
    const { units, calendar = 'standard' } = coordinate.attributes;
    warn(
      `${coordinate.name}: ${undecoded} of ${times.length} times are no dates (${units}, calendar ${calendar})`,
    );
  }
  return times.map((time, i) => time ?? values[i]);
}

/** The time of a variable without a time axis: a scalar coordinate (CF 5.7); null for none. */
export async function scalarTime(
  group: ArrayGroup,
  variable: StoredArray,
  signal?: AbortSignal,
): Promise<TimeInterval | null> {
  const options = { signal };
  for (const name of [...namesOf(variable.attributes, 'coordinates'), 'time']) {
    const coordinate = await findArray(group, variable.path, name);
    if (coordinate === null || coordinate.dtype === null || sizeOf(coordinate.shape) !== 1) continue;
    // A dimension of size 1 that the variable lacks counts as scalar.
    if (coordinate.dimensions.some((dimension) => variable.dimensions.includes(dimension ?? ''))) continue;
    // Forecasts also have a reference time.
    if ((textOf(coordinate.attributes, 'standard_name') ?? 'time') !== 'time') continue;
    if (!isTimeUnits(textOf(coordinate.attributes, 'units'))) continue;
    const ends = (await (await boundsOf(group, coordinate))?.read([], options))?.data;
    const { data } = await coordinate.read([], options);
    const decode = tryTimeDecoder(coordinate.name, coordinate.attributes);
    if (decode === null) continue;
    const time = decodeTime(decode, data[0], ends && [ends[0], ends[1]]);
    if (time !== null) return time;
  }
  return null;
}

/** The bounds of a coordinate's cells, two for each value, from its bounds variable; null for none. */
export async function boundsOf(group: ArrayGroup, coordinate: StoredArray): Promise<StoredArray | null> {
  const [name] = namesOf(coordinate.attributes, 'bounds');
  const bounds = name === undefined ? null : await findArray(group, coordinate.path, name);
  if (bounds === null || bounds.dtype === null || bounds.shape.length > 2) return null;
  const isPairs = bounds.shape.at(-1) === 2 && sizeOf(bounds.shape) === 2 * sizeOf(coordinate.shape);
  return isPairs ? bounds : null;
}

/** The geolocation arrays of a swath variable, of two axes; null for none. */
export async function swathOf(
  group: ArrayGroup,
  variable: StoredArray,
): Promise<readonly [latitude: string, longitude: string] | null> {
  const named = namesOf(variable.attributes, 'coordinates');
  const geolocation: { x?: string; y?: string } = {};
  for (const name of [...named, 'latitude', 'longitude', 'lat', 'lon', 'XLAT', 'XLONG']) {
    const array = await findArray(group, variable.path, name).catch(() => null);
    if (array === null || array.shape.length < 2) continue;
    const side = sideOf(array.path.slice(array.path.lastIndexOf('/') + 1), array.attributes);
    const last = array.shape.slice(-2);
    const fits = last.every((size) => size > 1 && variable.shape.includes(size));
    if (side !== null && fits) geolocation[side] ??= array.path;
  }
  return geolocation.x === undefined || geolocation.y === undefined ? null : [geolocation.y, geolocation.x];
}
