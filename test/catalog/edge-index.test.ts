import { describe, expect, it } from 'vitest';
import { EdgeIndex } from '../../src/catalog/edge-index.js';
import { outlineCovers, outlinesIntersect, preparePolygons } from '../../src/catalog/relate.js';
import type { Bounds } from '../../src/geo/index.js';
import type { Polygon } from '../../src/vector/index.js';
import { seeded } from '../support/random.js';

const circle = (x: number, y: number, radius: number, turn: 1 | -1): Polygon[number] =>
  Array.from({ length: 65 }, (_, k) => {
    const angle = (turn * 2 * Math.PI * (k % 64)) / 64;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });

const square = ([x0, y0, x1, y1]: Bounds): Polygon => [
  [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
    [x0, y0],
  ],
];

describe('the index of the edges of an outline', () => {
  // A ring with a hole, and a disc apart.
  const outline: Polygon[] = [[circle(0, 0, 10, 1), circle(0, 0, 5, -1)], [circle(30, 0, 4, 1)]];
  const prepared = preparePolygons(outline);
  const index = new EdgeIndex(prepared);

  it('decides as the comparison of the outlines does, or not at all', () => {
    const random = seeded(3);
    const counts = { inside: 0, outside: 0, open: 0 };
    for (let k = 0; k < 2000; k++) {
      const [x, y, side] = [-15 + 55 * random(), -15 + 30 * random(), 0.1 + 3 * random()];
      const box: Bounds = [x, y, x + side, y + side];
      const found = index.sideOf(box);
      const other = preparePolygons([square(box)]);
      if (found === null) {
        counts.open++;
        continue;
      }
      counts[found ? 'inside' : 'outside']++;
      expect(outlinesIntersect(other, prepared, true)).toBe(found);
      expect(outlineCovers(prepared, other)).toBe(found);
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(100);
  });

  it('leaves what touches an edge to the comparison', () => {
    const unit = preparePolygons([square([0, 0, 1, 1])]);
    expect(new EdgeIndex(unit).sideOf([1, 0.2, 2, 0.4])).toBeNull();
    expect(new EdgeIndex(unit).sideOf([0.2, 0.2, 0.4, 0.4])).toBe(true);
    expect(new EdgeIndex(unit).sideOf([1.1, 0.2, 2, 0.4])).toBe(false);
    expect(new EdgeIndex([]).sideOf([0, 0, 1, 1])).toBe(false);
  });
});
