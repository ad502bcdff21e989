/** Features of a vector file: the common result of all readers, with the same checks and limits. */
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

/** A feature of one or several polygons, with its properties. */
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

/** A feature of any kind. A geometry collection may have parts of several kinds. */
export interface VectorFeature extends AreaFeature {
  /** Each has two or more positions. */
  readonly lines: readonly (readonly Position[])[];
  readonly points: readonly Position[];
}

/** Features of a file, of any kind. */
export interface VectorFeatures {
  /** The file they came from, for messages. */
  readonly name: string;
  /** The layer, for formats that have layers; else null. */
  readonly layer: string | null;
  readonly crs: Crs;
  /** In the file's order. Features without a geometry are left out. */
  readonly features: readonly VectorFeature[];
}

/** The bounds of the requested features, given the CRS of the file: features whose boxes touch them are read. */
export type WantedBounds = (crs: Crs) => Bounds;

/**
 * Bounds in another CRS, a tenth wider on each side, since edges bend between the projected points. Bounds across the
 * antimeridian become all longitudes.
 */
export function boundsAround(bounds: Bounds, from: Crs, to: Crs): Bounds {
  if (from.equals(to)) return bounds;
  const { forward } = createTransform(from, to);
  // If a part is outside the domain of the other CRS, its surroundings there are unknown.
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
 * The polygons of a file that has only polygons, for operations on areas.
 * @throws {TerrachipError} INVALID_INPUT for a file with lines or points, which would be ignored silently, or without features
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

/** The bounds of features; null if none has a position. */
export function placeOf({ crs, features }: AreaFeatures): Place | null {
  const bounds = boundsOfPaths(features.flatMap(({ polygons }) => polygons.map(([ring]) => ring ?? [])));
  return bounds[0] <= bounds[2] ? { crs, bounds } : null;
}

/**
 * The layer to read: the named one, the only one, or the first match of `preferred`, with a warning that names it.
 * @throws {TerrachipError} INVALID_OPTION for several layers without a choice; NOT_FOUND for an unknown name
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

/** The names that match the first pattern with any match; empty if no pattern matches. */
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

/** Options of all readers. */
export interface ParseVectorOptions {
  /** The layer of a file with several; default: the only one, or the one that `preferred` selects. */
  layer?: string;
  /**
   * Patterns that select one of several layers if none is named, with a warning: the first pattern that matches a name
   * decides. Default: none, which is an error.
   */
  preferred?: readonly RegExp[];
  /** The CRS of files without one. A CRS in the file takes precedence. */
  crs?: Crs;
  /**
   * The encoding of a shapefile's attributes, by a name or number such as `UTF-8`, `CP850` or `GBK`. Default: that of its
   * .cpg file or of its table's header; else UTF-8 if all texts are valid UTF-8, or Windows-1252.
   */
  encoding?: string;
  /** Receives warnings: parts of features that are left out since they cannot be used, files that do not match. */
  onProgress?: OnProgress;
}

/** More options for readers of a layer. */
export interface ReadLayerOptions extends ParseVectorOptions {
  /** Only features whose boxes touch these bounds, in files with an index or a column of boxes; else all features. */
  bounds?: WantedBounds;
  signal?: AbortSignal;
}

/** A CRS by its EPSG code, or by its text if the code is unknown here. */
export function crsOfCode(code: number, text: string | null): Crs {
  try {
    return Crs.fromEpsg(code);
  } catch (error) {
    if (text === null || text === '' || !isTerrachipError(error, 'INVALID_INPUT')) throw error;
    return Crs.parse(text);
  }
}

/**
 * The CRS of a file: its own, else the given one. A warning reports that they differ, or that the file's own cannot be
 * used.
 * @param read null for a file without a CRS
 * @throws {TerrachipError} INVALID_INPUT if there is neither
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
