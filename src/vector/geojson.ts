/** GeoJSON geometries of areas (RFC 7946): longitude first, exterior rings counter-clockwise, holes clockwise. */
import * as v from 'valibot';
import { validate } from '../json.js';

/** A closed ring: the last position repeats the first. */
export type Ring = [number, number][];

/** An exterior ring and the holes in it. */
export type PolygonRings = Ring[];

export interface PolygonFeature {
  type: 'Feature';
  properties: Record<string, string | number | null>;
  geometry: { type: 'Polygon'; coordinates: PolygonRings };
}

export interface PolygonCollection {
  type: 'FeatureCollection';
  features: PolygonFeature[];
}

/** The signed area of a ring in the units of its coordinates: positive when counter-clockwise with y upwards. */
export function signedArea(ring: Ring): number {
  let sum = 0;
  for (let k = 0; k + 1 < ring.length; k++) sum += ring[k][0] * ring[k + 1][1] - ring[k + 1][0] * ring[k][1];
  return sum / 2;
}

const Position = v.pipe(
  v.array(v.pipe(v.number(), v.finite())),
  v.minLength(2, 'must be [longitude, latitude]'),
  v.transform(([longitude, latitude]): [number, number] => [longitude, latitude]),
);
const Rings = v.array(v.pipe(v.array(Position), v.minLength(4, 'must close with its first position')));

const CollectionSchema = v.object({
  type: v.literal('FeatureCollection', 'must be a FeatureCollection'),
  features: v.array(
    v.object({
      geometry: v.nullable(
        v.variant('type', [
          v.object({ type: v.literal('Polygon'), coordinates: Rings }),
          v.object({ type: v.literal('MultiPolygon'), coordinates: v.array(Rings) }),
        ]),
      ),
    }),
  ),
});

/**
 * The polygons of a feature collection, those of multipolygons one by one.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for anything but polygons
 */
export function parsePolygons(document: unknown, name: string): PolygonRings[] {
  return validate(CollectionSchema, document, name).features.flatMap(({ geometry }) => {
    if (geometry === null) return [];
    return geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  });
}
