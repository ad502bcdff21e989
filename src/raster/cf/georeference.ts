/** The georeference of a variable: its CRS and its transform from pixels to coordinates. */
import { Affine, Crs } from '../../geo/index.js';
import type { ArrayGroup, Attributes, StoredArray } from '../arrays/index.js';
import { namesOf, numberOf, numbersOf, textOf } from './attributes.js';
import { coordinateOf, EAST, findArray, groupsAround, type SpatialAxes } from './coordinates.js';
import { tryCrsOf } from './grid-mapping.js';
import { type Steps, stepsOf } from './steps.js';

export interface ArrayGeoreference {
  readonly crs: Crs | null;
  /** Pixel (corner-based) to CRS coordinates; null for missing or uneven coordinates. */
  readonly transform: Affine | null;
  /** Why the georeference cannot be used, as a predicate ("has …"); null for no problem. */
  readonly placeProblem: string | null;
}

/** Transforms are equal if they map the image's corners this close, in pixels. */
const SAME = 1e-3;

/** A variable's attributes, and `proj:` and `spatial:` attributes inherited from its parent groups. */
export async function spatialAttributes(group: ArrayGroup, variable: StoredArray): Promise<Attributes> {
  const inherited: Record<string, unknown> = {};
  for (const path of groupsAround(variable.path).reverse()) {
    for (const [name, value] of Object.entries(await group.attributes(path))) {
      if (/^(proj|spatial):/.test(name)) inherited[name] = value;
    }
  }
  return { ...inherited, ...variable.attributes };
}

/** @param spatial from `spatialAttributes` */
export async function georeferenceOf(
  group: ArrayGroup,
  variable: StoredArray,
  axes: SpatialAxes,
  spatial: Attributes,
  signal?: AbortSignal,
): Promise<ArrayGeoreference> {
  const mapping = await gridMappingOf(group, variable, axes);
  const named = tryCrsOf(mapping);
  const declaredCrs = named.crs === null ? tryCrsOf(spatial) : named;
  const [xCoordinate, yCoordinate] = await Promise.all([
    coordinateOf(group, variable, axes.x),
    coordinateOf(group, variable, axes.y),
  ]);
  const [x, y] = await Promise.all(
    [xCoordinate, yCoordinate].map(async (coordinate) =>
      inProjection(
        await stepsOf(group, coordinate, isLongitude(coordinate), signal),
        coordinate,
        mapping,
        declaredCrs.crs,
      ),
    ),
  );
  const even =
    x === null || y === null
      ? null
      : new Affine(x.step, 0, x.first - x.step / 2, 0, y.step, y.first - y.step / 2);
  const declared = geoTransformOf(mapping) ?? declaredTransform(spatial);
  const [width, height] = [variable.shape[axes.x], variable.shape[axes.y]];
  const crs =
    declaredCrs.crs ?? (isLongitude(xCoordinate) && !('grid_mapping_name' in mapping) ? Crs.wgs84 : null);
  // In a subset the coordinates are right; the declared transform may still be the whole image's.
  const agree = even === null || declared === null || sameGrid(even, declared, width, height);
  const transform = usable(agree ? (declared ?? even) : even);
  const uneven =
    x === null && isLong(xCoordinate) ? xCoordinate : isLong(yCoordinate) && y === null ? yCoordinate : null;
  const placeProblem =
    transform === null && uneven !== null
      ? `has coordinates that are not evenly spaced (${uneven.path})`
      : crs === null
        ? (named.problem ?? declaredCrs.problem)
        : null;
  return { crs, transform, placeProblem };
}

/** The attributes of the grid mapping variable; empty for none. */
async function gridMappingOf(
  group: ArrayGroup,
  variable: StoredArray,
  axes: SpatialAxes,
): Promise<Attributes> {
  const named = mappingNames(variable, axes);
  const implied = [...namesOf(variable.attributes, 'coordinates'), 'spatial_ref', 'crs'].filter((name) =>
    /^(spatial_ref|crs)$/.test(name),
  );
  for (const name of [...named, ...implied]) {
    const mapping = await findArray(group, variable.path, name);
    if (mapping !== null) return mapping.attributes;
  }
  return {};
}

/**
 * The names in `grid_mapping`. Its extended form, `crs: x y wgs84: lat lon`, has a CRS per set of coordinates: those of
 * the axes come first.
 */
function mappingNames(variable: StoredArray, axes: SpatialAxes): string[] {
  const names = namesOf(variable.attributes, 'grid_mapping');
  const text = textOf(variable.attributes, 'grid_mapping') ?? '';
  const isForAxes = (name: string): boolean => {
    const [, after = ''] = text.split(`${name}:`);
    const words = after.trim().split(/\s+/);
    const end = words.findIndex((word) => word.endsWith(':'));
    const coordinates = end < 0 ? words : words.slice(0, end);
    return [axes.x, axes.y].every((axis) => coordinates.includes(variable.dimensions[axis] ?? ''));
  };
  return [...names.filter(isForAxes), ...names];
}

/** GDAL's geotransform, also written by rioxarray. */
function geoTransformOf(mapping: Attributes): Affine | null {
  const g = numbersOf(mapping, 'GeoTransform');
  return g?.length === 6 ? Affine.fromGeoTransform([g[0], g[1], g[2], g[3], g[4], g[5]]) : null;
}

/** `spatial:transform` of GeoZarr or `proj:transform` of STAC, in rasterio's order. */
function declaredTransform(spatial: Attributes): Affine | null {
  const t = numbersOf(spatial, 'spatial:transform') ?? numbersOf(spatial, 'proj:transform');
  if (t === null || t.length < 6) return null;
  const transform = new Affine(t[0], t[1], t[2], t[3], t[4], t[5]);
  const isNode = textOf(spatial, 'spatial:registration') === 'node';
  return isNode ? transform.compose(Affine.translation(-0.5, -0.5)) : transform;
}

function isLongitude(coordinate: StoredArray | null): boolean {
  if (coordinate === null) return false;
  const units = textOf(coordinate.attributes, 'units') ?? '';
  return textOf(coordinate.attributes, 'standard_name') === 'longitude' || EAST.test(units);
}

function isLong(coordinate: StoredArray | null): boolean {
  return coordinate !== null && coordinate.shape[0] > 1;
}

/** Metres per unit of projected coordinates. */
const LENGTHS: readonly (readonly [RegExp, number])[] = [
  [/^(1000 m|km|kilomet(er|re)s?)$/i, 1000],
  [/^(ft|foot|feet|international_foot)$/i, 0.3048],
  [/^(us-ft|us[_ ]survey[_ ](foot|feet)|(foot|feet)_us)$/i, 1200 / 3937],
];

/**
 * Steps in units of the CRS. For a geostationary satellite, PROJ's metres are scan angles times its height.
 */
function inProjection(
  steps: Steps | null,
  coordinate: StoredArray | null,
  mapping: Attributes,
  crs: Crs | null,
): Steps | null {
  if (steps === null || coordinate === null) return null;
  const units = textOf(coordinate.attributes, 'units')?.trim() ?? '';
  const length = LENGTHS.find(([pattern]) => pattern.test(units))?.[1];
  if (length !== undefined && crs !== null && crs.metresPerUnit !== null) {
    const factor = length / crs.metresPerUnit;
    // International and US survey feet differ by less: their names are often confused.
    return Math.abs(factor - 1) < 1e-5 ? steps : { first: steps.first * factor, step: steps.step * factor };
  }
  if (textOf(mapping, 'grid_mapping_name') !== 'geostationary') return steps;
  const radians = /^rad(ians?)?$/i.test(units) ? 1 : /^(micro|µ)rad(ians?)?$/i.test(units) ? 1e-6 : null;
  const height = numberOf(mapping, 'perspective_point_height');
  if (radians === null || height === null) return steps;
  return { first: steps.first * radians * height, step: steps.step * radians * height };
}

function sameGrid(a: Affine, b: Affine, width: number, height: number): boolean {
  const pixel = Math.min(Math.hypot(a.a, a.d), Math.hypot(a.b, a.e));
  return [
    [0, 0],
    [width, height],
  ].every(([column, row]) => {
    const [ax, ay] = a.apply(column, row);
    const [bx, by] = b.apply(column, row);
    return Math.hypot(ax - bx, ay - by) <= SAME * pixel * Math.max(1, Math.hypot(width, height) / 1000);
  });
}

function usable(transform: Affine | null): Affine | null {
  return transform !== null && Number.isFinite(transform.determinant) && transform.determinant !== 0
    ? transform
    : null;
}
