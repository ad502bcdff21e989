/** The place and time of a query; the place is reprojected to longitude and latitude once. */
import { invalidInput, requireChoice } from '../errors.js';
import { boxCovers } from '../geo/bounds.js';
import { type Bounds, Crs, type CrsLike, type GeoSlice, TimeInterval } from '../geo/index.js';
import type { Polygon } from '../vector/index.js';
import { EdgeIndex } from './edge-index.js';
import { type Place, placeOutline } from './place.js';
import { outlineCovers, outlinesIntersect, type PreparedPolygon, preparePolygons } from './relate.js';

/** Spatial predicates of queries. */
export const PREDICATES = ['intersects', 'within', 'contains'] as const;
/** The spatial relation of a row's footprint to the place of a query. */
export type Predicate = (typeof PREDICATES)[number];

/** A place, a time or both. */
export interface PlaceAndTime {
  /**
   * Bounds, polygons or a GeoJSON geometry, in coordinates of `crs`. Bounds in degrees whose west is greater than their
   * east cross the antimeridian.
   */
  readonly geometry?: Place;
  /** Default: longitude and latitude on WGS 84. */
  readonly crs?: CrsLike;
  /** Closed at both ends. Default: any time. */
  readonly interval?: TimeInterval | string;
}

/** How `query` compares places. */
export interface QueryOptions {
  /** Default: `intersects`. */
  readonly predicate?: Predicate;
  /**
   * Whether footprints that only touch the place match `intersects`. Default: false. `within` and `contains` allow
   * boundaries that touch from inside. Points and lines along the antimeridian or at a pole always match what they
   * touch, since outlines are cut there.
   */
  readonly touch?: boolean;
}

/** A query with a prepared geometry. */
export class PlaceQuery {
  /** The boxes to search in an index, in longitude and latitude; null for a query without a place. */
  readonly boxes: readonly Bounds[] | null;
  /** UTC milliseconds, closed. */
  readonly start: number;
  readonly end: number;
  readonly #polygons: readonly PreparedPolygon[];
  readonly #predicate: Predicate;
  readonly #touch: boolean;
  readonly #isBox: boolean;
  #edges: EdgeIndex | null = null;

  /** @throws {TerrachipError} INVALID_INPUT for an invalid place or time, INVALID_OPTION for an unknown predicate */
  constructor(
    where: GeoSlice | PlaceAndTime,
    { predicate = 'intersects', touch = false }: QueryOptions = {},
  ) {
    requireChoice('predicate', predicate, PREDICATES);
    const { geometry, crs, interval } = parts(where);
    const outline =
      geometry === undefined ? null : placeOutline(geometry, Crs.parse(crs ?? Crs.wgs84), 'the query');
    this.start = interval.start;
    this.end = interval.end;
    this.#predicate = predicate;
    this.#touch = touch;
    this.#polygons = preparePolygons(outline ?? []);
    this.#isBox = this.#polygons.every((polygon) => polygon.isRectangle);
    this.boxes = outline === null ? null : this.#polygons.map(({ box }) => box);
  }

  /** Whether a row's closed interval overlaps the query's. */
  matchesTime(start: number, end: number): boolean {
    return start <= this.end && end >= this.start;
  }

  /**
   * Whether a row matches, where its only box is enough to tell: inside the place, or off all its edges. Null if its
   * footprint must be compared.
   */
  matchesBox(box: Bounds): boolean | null {
    if (this.#predicate === 'contains' || box[0] === box[2] || box[1] === box[3]) return null;
    if (this.#isBox) return this.#polygons.some((polygon) => boxCovers(polygon.box, box)) ? true : null;
    this.#edges ??= new EdgeIndex(this.#polygons);
    return this.#edges.sideOf(box);
  }

  /** Whether a footprint in longitude and latitude matches the place. */
  matchesFootprint(footprint: readonly Polygon[]): boolean {
    const prepared = preparePolygons(footprint);
    if (prepared.length === 0) return false;
    if (this.#predicate === 'intersects') return outlinesIntersect(prepared, this.#polygons, this.#touch);
    if (this.#predicate === 'within') return outlineCovers(this.#polygons, prepared);
    return this.#polygons.length > 0 && outlineCovers(prepared, this.#polygons);
  }
}

function parts(where: GeoSlice | PlaceAndTime): PlaceAndTime & { readonly interval: TimeInterval } {
  const { geometry, bounds, crs, interval } = where as Partial<GeoSlice & PlaceAndTime>;
  if (geometry !== undefined && bounds !== undefined)
    throw invalidInput('the query', 'has both a geometry and bounds', 'give one of them');
  const place = geometry ?? bounds;
  if (place === undefined && interval === undefined) {
    throw invalidInput(
      'the query',
      'has neither a place nor a time',
      'give a slice, a geometry or an interval',
    );
  }
  const time =
    typeof interval === 'string' ? TimeInterval.parse(interval) : (interval ?? TimeInterval.always);
  return { geometry: place, crs, interval: time };
}
