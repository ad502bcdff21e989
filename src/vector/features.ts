/** Features of a vector file: what every format's reader gives, checked and bounded in the same way. */
import { invalidInput, isTerrachipError, TerrachipError } from '../errors.js';
import { boundsOfPaths } from '../geo/bounds.js';
import { type Bounds, Crs, createTransform, outline, type Place, transformBounds } from '../geo/index.js';
import type { OnProgress } from '../progress.js';

/** x or longitude first. */
export type Position = readonly [number, number];

/** A closed ring; the last position repeats the first. */
export type Ring = readonly Position[];

/** An outer ring, then the rings of its holes. */
export type Polygon = readonly Ring[];

/** One or several polygons that belong together, with what the file says about them. */
export interface AreaFeature {
  readonly polygons: readonly Polygon[];
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Polygons of a file. */
export interface AreaFeatures {
  /** The file they came from, for messages. */
  readonly name: string;
  readonly crs: Crs;
  readonly features: readonly AreaFeature[];
}

/** A feature of any kind. One of a geometry collection may have parts of several kinds. */
export interface VectorFeature extends AreaFeature {
  /** Two positions or more each. */
  readonly lines: readonly (readonly Position[])[];
  readonly points: readonly Position[];
}

/** Features of a file, of any kind. */
export interface VectorFeatures {
  /** The file they came from, for messages. */
  readonly name: string;
  /** The layer of a file that can have several; null for a format without layers. */
  readonly layer: string | null;
  readonly crs: Crs;
  /** In the file's order. Features without a geometry are left out. */
  readonly features: readonly VectorFeature[];
}

/** Which features of a file are wanted, once its reference system is known: those whose boxes touch these bounds. */
export type WantedBounds = (crs: Crs) => Bounds;

/**
 * Bounds in another reference system, a tenth wider on each side: edges bend between the points that are projected. All
 * longitudes for what lies on both sides of the antimeridian.
 */
export function boundsAround(bounds: Bounds, from: Crs, to: Crs): Bounds {
  if (from.equals(to)) return bounds;
  const { forward } = createTransform(from, to);
  // Where a part has no place in the other system, what lies around it there is anyone's guess.
  if (outline(bounds, 21).some(([x, y]) => Number.isNaN(forward(x, y)[0]))) {
    return [-Infinity, -Infinity, Infinity, Infinity];
  }
  const [x0, y0, x1, y1] = transformBounds(bounds, from, to);
  const [dx, dy] = [(x1 - x0) / 10, (y1 - y0) / 10];
  if (to.isGeographic && (x0 - dx < -180 || x1 + dx > 180)) return [-180, y0 - dy, 180, y1 + dy];
  return [x0 - dx, y0 - dy, x1 + dx, y1 + dy];
}

/** The box around all parts of a feature. */
export function boundsOfFeature({ polygons, lines, points }: VectorFeature): Bounds {
  return boundsOfPaths([...polygons.map(([exterior]) => exterior), ...lines, points]);
}

/**
 * The polygons of a file of polygons, for what asks what lies inside.
 * @throws {TerrachipError} INVALID_INPUT for one with lines or points, rather than silently emptied, or with nothing
 */
export function requireAreas({ name, crs, features }: VectorFeatures): AreaFeatures {
  for (const { lines, points } of features) {
    if (lines.length + points.length === 0) continue;
    const kind = lines.length > 0 ? 'LineString' : 'Point';
    throw invalidInput(name, `holds a ${kind}, which has no area`, 'give polygons');
  }
  if (features.length === 0) throw invalidInput(name, 'holds no polygon', 'give polygons');
  return { name, crs, features: features.map(({ polygons, properties }) => ({ polygons, properties })) };
}

/** Where features lie; null where none has a place. */
export function placeOf({ crs, features }: AreaFeatures): Place | null {
  const bounds = boundsOfPaths(features.flatMap(({ polygons }) => polygons.map(([ring]) => ring ?? [])));
  return bounds[0] <= bounds[2] ? { crs, bounds } : null;
}

/**
 * The one layer of a file that is meant: the one that is named, the only one, or the first by `preferred`, with a warning
 * that says which.
 * @throws {TerrachipError} INVALID_OPTION where there are several and none is meant; NOT_FOUND for a name it lacks
 */
export function chooseLayer(
  name: string,
  layers: readonly string[],
  { layer: wanted, preferred = [], onProgress }: ParseVectorOptions,
): string {
  if (wanted !== undefined && !layers.includes(wanted)) {
    throw new TerrachipError(
      'NOT_FOUND',
      `${name} has no layer "${wanted}"`,
      `choose one of ${listed(layers)}`,
      { source: name },
    );
  }
  if (layers.length === 0) throw invalidInput(name, 'holds no layer with a geometry', 'check the file');
  if (wanted !== undefined || layers.length === 1) return wanted ?? layers[0];
  const [found, ...others] = preferredOf(layers, preferred);
  if (found === undefined || others.length > 0) {
    throw new TerrachipError(
      'INVALID_OPTION',
      `${name} holds ${layers.length} layers`,
      `name one of ${listed(layers)}`,
      { option: 'layer' },
    );
  }
  const message = `${name} holds ${layers.length} layers, of which ${found} is read`;
  onProgress?.({ type: 'warning', message });
  return found;
}

/** The names that match the first of some patterns that any name matches; none where no pattern does. */
export function preferredOf(names: readonly string[], preferred: readonly RegExp[]): string[] {
  for (const pattern of preferred) {
    const found = names.filter((name) => pattern.test(name));
    if (found.length > 0) return found;
  }
  return [];
}

/** The first 20 names, for messages. */
export function listed(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ');
}

/** What a reader needs to know besides the file. */
export interface ParseVectorOptions {
  /** The layer of a file with several; default: the only one there is, or the one that `preferred` says. */
  layer?: string;
  /**
   * Which layer of several is read where none is named, with a warning: the one whose name matches the first of these
   * patterns that any name matches. Default: none is.
   */
  preferred?: readonly RegExp[];
  /** The reference system of a file that does not say its own. What a file says of itself wins. */
  crs?: Crs;
  /**
   * The encoding of a shapefile's attributes, by a name or number such as `UTF-8`, `CP850` or `GBK`. Default: what its
   * .cpg file or the header of its table says; else UTF-8 where all texts are, or Windows-1252.
   */
  encoding?: string;
  /** Receives warnings: parts of features that cannot be used and are left out, files that do not fit each other. */
  onProgress?: OnProgress;
}

/** What a reader of a layer needs to know besides. */
export interface ReadLayerOptions extends ParseVectorOptions {
  /** With an index, or a column of boxes, only features whose boxes touch these bounds; else all of them. */
  bounds?: WantedBounds;
  signal?: AbortSignal;
}

/** A system by its EPSG code, or by the text beside it where the code is not known here. */
export function crsOfCode(code: number, text: string | null): Crs {
  try {
    return Crs.fromEpsg(code);
  } catch (error) {
    if (text === null || text === '' || !isTerrachipError(error, 'INVALID_INPUT')) throw error;
    return Crs.parse(text);
  }
}

/**
 * The reference system of a file: what it says, else what is given. A warning says so where they differ, and where what it
 * says cannot be used.
 * @param read null for a file that says nothing
 * @throws {TerrachipError} INVALID_INPUT where neither is there
 */
export function requireCrs(
  name: string,
  read: () => Crs | null,
  { crs: given, onProgress }: ParseVectorOptions,
): Crs {
  const warn = (problem: string): void => onProgress?.({ type: 'warning', message: `${name} ${problem}` });
  let found: Crs | null = null;
  try {
    found = read();
  } catch (error) {
    if (!isTerrachipError(error, 'INVALID_INPUT')) throw error;
    const problem = 'has a coordinate reference system that cannot be used';
    const reason = error.message.split('; ')[0];
    if (given === undefined) throw invalidInput(name, `${problem} (${reason})`, 'give one as `crs`', error);
    warn(`${problem}, so that ${given} is taken`);
  }
  if (found !== null && given !== undefined && !found.equals(given)) {
    warn(`says that its coordinate reference system is ${found}, so that ${given} is not used`);
  }
  const crs = found ?? given;
  if (crs !== undefined) return crs;
  throw invalidInput(
    name,
    'does not say its coordinate reference system',
    'give it as `crs`, if you know it',
  );
}
