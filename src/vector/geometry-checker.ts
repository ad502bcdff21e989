/**
 * Checks geometries as they are read, and limits their number. A part without area or valid position is left out, with a
 * warning that names its feature; the rest of the file is read.
 */
import { invalidInput, isTerrachipError, TerrachipError } from '../errors.js';
import type { Crs } from '../geo/index.js';
import type { OnProgress } from '../progress.js';
import type { ParseVectorOptions, Polygon, Position, Ring, VectorFeature } from './features.js';
import { isFlat } from './ring.js';

/** Positions of a file: four million suffice for a continent's lakes; more is a mistake or an attack. */
const MAX_POSITIONS = 4_000_000;

/** Features of a file, and bytes of their properties. */
const MAX_FEATURES = 1_000_000;
const MAX_PROPERTY_BYTES = 256 * 2 ** 20;

/** Warnings per file; the number of others is reported at the end. */
const MAX_WARNINGS = 20;

/** Longitudes and latitudes may exceed their range by this much, from rounding, in degrees. */
const ROUNDING = 1e-9;

/** The parts of one feature. */
interface FeatureParts {
  readonly polygons: Polygon[];
  readonly lines: (readonly Position[])[];
  readonly points: Position[];
}

/** Collects the features of one file: checks their geometries and their number. */
export class GeometryChecker {
  readonly #file: string;
  readonly #crs: Crs;
  readonly #onProgress: OnProgress | undefined;
  #feature = '';
  readonly #found: VectorFeature[] = [];
  #parts: FeatureParts = { polygons: [], lines: [], points: [] };
  #positions = 0;
  #features = 0;
  #propertyBytes = 0;
  #problems: { count: number; first: TerrachipError | null } = { count: 0, first: null };

  /** @param file its name, for messages */
  constructor(file: string, crs: Crs, { onProgress }: ParseVectorOptions = {}) {
    this.#file = file;
    this.#crs = crs;
    this.#onProgress = onProgress;
  }

  /** The file, and the feature that is being read, for messages. */
  get name(): string {
    return this.#feature === '' ? this.#file : `${this.#file}: ${this.#feature}`;
  }

  /** Counts positions before they are read. @throws {TerrachipError} TOO_LARGE above four million in a file */
  admitPositions(count: number): void {
    this.#positions += count;
    this.#require('positions', this.#positions, MAX_POSITIONS);
  }

  /** Counts a feature. @throws {TerrachipError} TOO_LARGE above a million, or above 256 MiB of properties */
  admitFeature(propertyBytes = 0): void {
    this.#require('features', ++this.#features, MAX_FEATURES);
    this.#propertyBytes += propertyBytes;
    this.#require('bytes of properties', this.#propertyBytes, MAX_PROPERTY_BYTES);
  }

  /**
   * Reads one feature. A feature with an error is left out with a warning; one without parts is left out.
   * @param label its name in messages, such as `feature 3`
   * @param read adds its parts and returns its properties
   */
  read(label: string, read: () => VectorFeature['properties']): void {
    const parts: FeatureParts = { polygons: [], lines: [], points: [] };
    this.#parts = parts;
    this.#feature = label;
    try {
      const properties = read();
      const { polygons, lines, points } = parts;
      if (polygons.length + lines.length + points.length > 0) this.#found.push({ ...parts, properties });
    } catch (error) {
      if (!isTerrachipError(error, 'INVALID_INPUT', 'UNSUPPORTED')) throw error;
      this.#leaveOut('the feature', error);
    } finally {
      this.#feature = '';
    }
  }

  /**
   * The features that were read.
   * @param isWhole whether all of the file was read
   * @throws {TerrachipError} INVALID_INPUT or UNSUPPORTED, the first problem, if no part of a whole file can be used
   */
  finish(isWhole = true): VectorFeature[] {
    const { count, first } = this.#problems;
    if (first !== null && this.#found.length === 0 && isWhole) throw first;
    if (count > MAX_WARNINGS) {
      const message = `${this.#file}: ${count - MAX_WARNINGS} more parts or features were left out for such reasons`;
      this.#onProgress?.({ type: 'warning', message });
    }
    return this.#found;
  }

  /** Adds a polygon: its exterior, then its holes. An empty one adds nothing; one without area or valid position is skipped. */
  addPolygon(rings: readonly (readonly Position[])[]): void {
    const [exterior] = rings;
    if (exterior === undefined || exterior.length === 0) return;
    const polygon: Ring[] = [];
    for (const [k, positions] of rings.entries()) {
      if (positions.length === 0) continue;
      const path = this.#path(positions, k === 0 ? 'the polygon' : 'the polygon with its holes');
      if (path === null) return;
      const ring = this.#closed(path, k === 0 ? 'the polygon' : 'the hole');
      if (ring !== null) polygon.push(ring);
      else if (k === 0) return;
    }
    this.#parts.polygons.push(polygon);
  }

  /** The closed ring; null if it encloses no area. */
  #closed(path: readonly Position[], what: string): Ring | null {
    const [first, last] = [path[0], path[path.length - 1]];
    const isClosed = first[0] === last[0] && first[1] === last[1];
    const ring = isClosed ? path : [...path, first];
    if (ring.length < 4) {
      const problem = isClosed ? 'of fewer than four positions' : 'that is not closed and too short';
      return this.#refuse(what, `has a ring ${problem}`);
    }
    if (isFlat(ring)) return this.#refuse(what, 'has a ring that encloses no area');
    if (!isClosed) this.#warn(`${this.name} has a ring that is not closed; its ends were joined`);
    return ring;
  }

  /** Adds a line. An empty one adds nothing; one with a single or an invalid position is left out. */
  addLine(positions: readonly Position[]): void {
    if (positions.length === 0) return;
    const path =
      positions.length < 2
        ? this.#refuse('the line', 'has a line of fewer than two positions')
        : this.#path(positions, 'the line');
    if (path !== null) this.#parts.lines.push(path);
  }

  /** Adds a point; one without a valid position is left out. */
  addPoint(position: Position): void {
    const path = this.#path([position], 'the point');
    if (path !== null) this.#parts.points.push(...path);
  }

  /**
   * Positions on the globe; null if any is not. Longitudes jump at the antimeridian: RFC 7946 §3.1.9 requires cutting
   * polygons there.
   */
  #path(positions: readonly Position[], what: string): readonly Position[] | null {
    const path = this.#crs.isGeographic ? positions.map(withinGlobe) : positions;
    for (const [k, [x, y]] of path.entries()) {
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        return this.#refuse(what, 'has a position that is not two numbers');
      }
      if (!this.#crs.isGeographic) continue;
      if (Math.abs(x) > 180 || Math.abs(y) > 90) {
        return this.#refuse(
          what,
          `has the position ${x}, ${y}, which is no longitude and latitude`,
          'write it in degrees, longitude first, or name its coordinate reference system in the file or as `crs`',
        );
      }
      const from = k === 0 ? x : path[k - 1][0];
      const jump = Math.abs(x - from);
      if (jump > 180 && jump < 360) {
        return this.#refuse(
          what,
          `has an edge from longitude ${from} to ${x}, across the antimeridian`,
          'cut its polygons there, as RFC 7946 asks',
        );
      }
    }
    return path;
  }

  #refuse(what: string, problem: string, remedy = 'correct it'): null {
    this.#leaveOut(what, invalidInput(this.name, problem, remedy));
    return null;
  }

  #leaveOut(what: string, error: TerrachipError): void {
    this.#problems.first ??= error;
    const problem = error.message.slice(0, -`; ${error.remedy}.`.length);
    this.#warn(`${problem}; ${what} was left out (${error.remedy})`);
  }

  #warn(message: string): void {
    if (++this.#problems.count <= MAX_WARNINGS) this.#onProgress?.({ type: 'warning', message });
  }

  #require(what: string, size: number, limit: number): void {
    if (size <= limit) return;
    throw new TerrachipError(
      'TOO_LARGE',
      `${this.#file} has more than ${limit} ${what}`,
      'simplify it, or clip it to the map',
      { size, limit },
    );
  }
}

function withinGlobe(position: Position): Position {
  const [x, y] = position;
  const isRounded = (value: number, most: number): boolean =>
    Math.abs(value) > most && Math.abs(value) <= most + ROUNDING;
  if (!isRounded(x, 180) && !isRounded(y, 90)) return position;
  return [Math.max(-180, Math.min(180, x)), Math.max(-90, Math.min(90, y))];
}
