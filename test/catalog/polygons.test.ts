import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GeoCatalog, type QueryOptions } from '../../src/catalog/index.js';
import type { Polygon } from '../../src/vector/index.js';
import { catalogRow } from '../support/catalog.js';

/** Made by scripts/truth/polygons.py. */
const pairs = JSON.parse(readFileSync('test/fixtures/polygons/pairs.json', 'utf8')) as {
  a: Polygon;
  b: Polygon;
  touch: boolean;
  intersects: boolean;
  within: boolean;
  contains: boolean;
  area: number;
}[];

/** Of plane coordinates. */
function areaOf(polygons: readonly Polygon[]): number {
  const ofRing = (ring: Polygon[number]): number =>
    Math.abs(ring.slice(1).reduce((sum, [x, y], k) => sum + ring[k][0] * y - x * ring[k][1], 0)) / 2;
  return polygons.reduce(
    (sum, [outer, ...holes]) => sum + ofRing(outer) - holes.reduce((total, hole) => total + ofRing(hole), 0),
    0,
  );
}

describe('polygon predicates beside GEOS', () => {
  const answers = ({ a, b }: (typeof pairs)[number], options: QueryOptions): boolean =>
    GeoCatalog.from([catalogRow('a', [a])]).query({ geometry: [b] }, options).length === 1;

  it('the cases cover every predicate', () => {
    const counts = (['touch', 'intersects', 'within', 'contains'] as const).map(
      (name) => pairs.filter((pair) => pair[name]).length,
    );
    expect(pairs).toHaveLength(400);
    for (const count of counts) expect(count).toBeGreaterThan(5);
    expect(pairs.filter(({ touch, intersects }) => touch && !intersects).length).toBeGreaterThan(10);
  });

  it.each([
    ['touch', { touch: true }],
    ['intersects', {}],
    ['within', { predicate: 'within' }],
    ['contains', { predicate: 'contains' }],
  ] as const)('%s', (name, options) => {
    const wrong = pairs.filter((pair) => answers(pair, options) !== pair[name]);
    expect(wrong).toEqual([]);
  });

  it("have GEOS's intersection area, in either order", () => {
    for (const { a, b, area } of pairs) {
      const [left, right] = [a, b].map((polygon) => GeoCatalog.from([catalogRow('x', [polygon])]));
      const shared = Array.from(left.intersect(right), ({ footprint }) => footprint);
      expect(areaOf(shared.flat())).toBeCloseTo(area, 8);
      expect(Array.from(right.intersect(left), ({ footprint }) => footprint)).toEqual(shared);
    }
  });
});
