/** Which collections and items of a static catalog are wanted. */
import * as v from 'valibot';
import type { TimeInterval } from '../../geo/index.js';
import { indexBoxes } from '../boxes.js';
import { type GeoJsonObject, outlineOfGeoJson } from '../geometry.js';
import { PlaceQuery } from '../place-query.js';
import { intervalOf, type TimeLike } from '../times.js';
import { itemFootprint, itemInterval } from './item.js';

/** Conditions on collections and items. All must hold. */
export interface CrawlSelection {
  /** West, south, east and north in degrees, or a geometry in longitude and latitude. */
  place?: readonly [number, number, number, number] | GeoJsonObject;
  datetime?: TimeLike;
  /** Ids of collections. */
  collections?: readonly string[];
}

const Moment = v.nullish(v.string());
const Extent = v.looseObject({
  spatial: v.nullish(v.looseObject({ bbox: v.nullish(v.array(v.array(v.number()))) })),
  temporal: v.nullish(v.looseObject({ interval: v.nullish(v.array(v.tuple([Moment, Moment]))) })),
});

const Item = v.looseObject({
  geometry: v.nullish(v.looseObject({ type: v.string() })),
  bbox: v.nullish(v.array(v.number())),
  properties: v.nullish(v.looseObject({})),
});

/** Compares collections and items with what is wanted. */
export class CrawlFilter {
  readonly #query: PlaceQuery | null;
  readonly #interval: TimeInterval | null;
  readonly #collections: ReadonlySet<string> | null;

  /** @throws {TerrachipError} INVALID_INPUT for an invalid place or time */
  constructor({ place, datetime, collections }: CrawlSelection) {
    this.#interval = datetime === undefined ? null : intervalOf(datetime);
    this.#query = place === undefined ? null : new PlaceQuery({ geometry: place });
    this.#collections = collections === undefined ? null : new Set(collections);
  }

  /** Whether items of a collection are wanted, by its id; true for none. */
  wantsCollection(id: unknown): boolean {
    return this.#collections === null || typeof id !== 'string' || this.#collections.has(id);
  }

  /** False if the extent of a collection does not overlap the place or time. Invalid extents are ignored. */
  mayHave(extent: unknown): boolean {
    const known = v.safeParse(Extent, extent);
    if (!known.success) return true;
    const { spatial, temporal } = known.output;
    try {
      return this.#mayLieIn(spatial?.bbox ?? []) && this.#mayBeIn(temporal?.interval ?? []);
    } catch {
      return true;
    }
  }

  /** The first box is the whole extent; the others are its parts. */
  #mayLieIn(boxes: readonly (readonly number[])[]): boolean {
    const wanted = this.#query?.boxes ?? null;
    if (wanted === null || boxes.length === 0) return true;
    const parts = (boxes.length > 1 ? boxes.slice(1) : boxes).flatMap((box) =>
      indexBoxes(itemFootprint(null, box, 'the extent')),
    );
    if (parts.length === 0) return true;
    return parts.some(([a, b, c, d]) =>
      wanted.some(([x0, y0, x1, y1]) => a <= x1 && c >= x0 && b <= y1 && d >= y0),
    );
  }

  #mayBeIn(intervals: readonly (readonly [string | null | undefined, string | null | undefined])[]): boolean {
    const wanted = this.#interval;
    if (wanted === null || intervals.length === 0) return true;
    const parts = intervals.length > 1 ? intervals.slice(1) : intervals;
    return parts.some(([from, to]) => intervalOf(`${from ?? '..'}/${to ?? '..'}`).intersects(wanted));
  }

  /** @throws {TerrachipError} INVALID_INPUT for an item without a valid place or time, where one is wanted */
  wantsItem(document: Readonly<Record<string, unknown>>, where: string): boolean {
    if (!this.wantsCollection(document.collection)) return false;
    if (this.#query === null && this.#interval === null) return true;
    const { geometry, bbox, properties } = v.parse(Item, document);
    if (this.#interval !== null && !itemInterval(properties ?? {}, where).intersects(this.#interval))
      return false;
    if (this.#query === null) return true;
    const outline = geometry ? outlineOfGeoJson(geometry, where) : null;
    return this.#query.matchesFootprint(itemFootprint(outline, bbox ?? null, where));
  }
}
