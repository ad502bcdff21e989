import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Polygon, type Position, polygonize } from '../../src/vector/index.js';

/** Rows of `#` and `.` as a mask. */
function mask(...rows: string[]): [Uint8Array, number, number] {
  const values = Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0));
  return [values, rows[0].length, rows.length];
}

/** Twice the signed area with y upwards: positive when counter-clockwise on a north-up map. */
function signedArea(ring: readonly Position[]): number {
  return ring.slice(1).reduce((sum, [x, y], k) => sum + (ring[k][0] * -y - x * -ring[k][1]), 0);
}

function area(polygon: Polygon): number {
  return polygon.reduce((sum, ring) => sum + signedArea(ring) / 2, 0);
}

/** Whether a ring visits a vertex twice, as no valid ring does. */
function isSimple(ring: readonly Position[]): boolean {
  const open = ring.slice(0, -1).map(String);
  return new Set(open).size === open.length;
}

describe('polygonize', () => {
  it('follows pixel edges, exterior counter-clockwise on the map', () => {
    const [polygon, ...rest] = polygonize(...mask('....', '.##.', '.##.', '....'));
    expect(rest).toEqual([]);
    expect(polygon).toHaveLength(1);
    expect(polygon[0]).toHaveLength(5);
    expect(polygon[0][0]).toEqual(polygon[0][4]);
    expect(new Set(polygon[0].map(String))).toEqual(new Set(['1,1', '1,3', '3,3', '3,1']));
    expect(signedArea(polygon[0])).toBe(8);
  });

  it('gives holes to the polygon around them, clockwise', () => {
    const [polygon] = polygonize(...mask('#####', '#.#.#', '#####'));
    expect(polygon).toHaveLength(3);
    expect(polygon.slice(1).map(signedArea)).toEqual([-2, -2]);
  });

  it('makes a polygon of an island in a hole', () => {
    const polygons = polygonize(...mask('#####', '#...#', '#.#.#', '#...#', '#####'));
    expect(polygons.map((polygon) => polygon.length)).toEqual([2, 1]);
  });

  it('separates pixels that touch at a corner', () => {
    expect(polygonize(...mask('#.', '.#'))).toHaveLength(2);
  });

  it('makes a hole of a gap that touches the exterior at a corner', () => {
    const [polygon] = polygonize(...mask('###.', '#.##', '####'));
    expect(polygon).toHaveLength(2);
    expect(polygon.every(isSimple)).toBe(true);
    const [pinched] = polygonize(...mask('##.', '#.#', '###'));
    expect(pinched).toHaveLength(2);
    expect(pinched.every(isSimple)).toBe(true);
  });

  it('covers random masks with simple rings', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 81 }),
        (width, values) => {
          const height = Math.ceil(values.length / width);
          const pixels = new Uint8Array(width * height);
          pixels.set(values);
          const polygons = polygonize(pixels, width, height);
          expect(polygons.reduce((sum, polygon) => sum + area(polygon), 0)).toBe(
            pixels.reduce((sum, value) => sum + value, 0),
          );
          for (const [exterior, ...holes] of polygons) {
            expect(signedArea(exterior)).toBeGreaterThan(0);
            for (const hole of holes) expect(signedArea(hole)).toBeLessThan(0);
            for (const ring of [exterior, ...holes]) expect(isSimple(ring)).toBe(true);
          }
        },
      ),
    );
  });
});
