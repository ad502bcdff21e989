import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { positionsOf } from '../../src/vector/edges.js';
import type { Position } from '../../src/vector/features.js';
import { Polygonizer } from '../../src/vector/index.js';
import { OutlineSimplifier } from '../../src/vector/simplify.js';
import { seeded } from '../support/random.js';

interface Area {
  before: Position[][];
  after: Position[][];
}

function simplified(map: Uint8Array, width: number, tolerance: number): Area[] {
  const areas: Area[] = [];
  const outlines = new OutlineSimplifier(width, tolerance);
  const polygonizer = new Polygonizer({
    width,
    onPolygon: ({ rings }) =>
      areas.push({
        before: rings.map(positionsOf),
        after: rings.map((ring) => positionsOf(outlines.simplify(ring))),
      }),
  });
  for (let start = 0; start < map.length; start += width) {
    outlines.addRow(Float64Array.from(map.subarray(start, start + width)));
    polygonizer.addRows(map.subarray(start, start + width));
  }
  outlines.finish();
  polygonizer.finish();
  return areas;
}

type Edge = [from: Position, to: Position];
const edgesOf = (ring: Position[]): Edge[] => ring.slice(1).map((to, k) => [ring[k], to]);

/** Twice the signed area of the triangle p, q, r. */
const turn = (p: Position, q: Position, r: Position): number =>
  (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);

/** Whether two edges have a point in common that is not an end of both. */
function meet([a, b]: Edge, [c, d]: Edge): boolean {
  const same = (p: Position, q: Position): boolean => p[0] === q[0] && p[1] === q[1];
  const within = (p: Position, q: Position, r: Position): boolean =>
    turn(p, q, r) === 0 &&
    !same(r, p) &&
    !same(r, q) &&
    (r[0] - p[0]) * (r[0] - q[0]) <= 0 &&
    (r[1] - p[1]) * (r[1] - q[1]) <= 0;
  if (within(a, b, c) || within(a, b, d) || within(c, d, a) || within(c, d, b)) return true;
  return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
}

const areaOf = (ring: Position[]): number =>
  edgesOf(ring).reduce((sum, [p, q]) => sum + (p[0] * -q[1] + q[0] * p[1]) / 2, 0);

function distance([x, y]: Position, [[x0, y0], [x1, y1]]: Edge): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const share = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / (dx ** 2 + dy ** 2)));
  return Math.hypot(x - x0 - share * dx, y - y0 - share * dy);
}

/** Patches of classes: few classes, grown from random pixels. */
const maps = fc
  .record({
    width: fc.integer({ min: 1, max: 16 }),
    height: fc.integer({ min: 1, max: 16 }),
    classes: fc.integer({ min: 2, max: 4 }),
    speckle: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.nat(),
    tolerance: fc.constantFrom(0.5, 0.75, 1, 1.5, 3, 10),
  })
  .map(({ width, height, classes, speckle, seed, tolerance }) => {
    const random = seeded(seed);
    const centres = Array.from({ length: 5 }, () => [width * random(), height * random()]);
    const map = Uint8Array.from({ length: width * height }, (_, i) => {
      if (random() < speckle ** 2) return Math.floor(classes * random());
      const [x, y] = [i % width, Math.floor(i / width)];
      const distances = centres.map(([u, v]) => Math.hypot(u - x, v - y));
      return distances.indexOf(Math.min(...distances)) % classes;
    });
    return { width, map, tolerance };
  });

describe('OutlineSimplifier', () => {
  it('keeps neighbours together, and outlines from crossing, within the tolerance', () => {
    fc.assert(
      fc.property(maps, ({ width, map, tolerance }) => {
        const areas = simplified(map, width, tolerance);
        const edges = areas.flatMap(({ after }) => after.flatMap(edgesOf));
        const name = ([p, q]: Edge): string => `${p.join()} ${q.join()}`;
        const names = new Set(edges.map(name));
        // No edge occurs twice, and each has its reverse in a neighbour, except around the map.
        expect(names.size).toBe(edges.length);
        const single = edges.filter(([p, q]) => !names.has(name([q, p])));
        const sum = areas.reduce((total, { after }) => total + after.reduce((s, r) => s + areaOf(r), 0), 0);
        const outer = single.reduce((s, [p, q]) => s + (p[0] * -q[1] + q[0] * p[1]) / 2, 0);
        expect(sum).toBeCloseTo(outer, 9);
        for (const [k, edge] of edges.entries()) {
          expect(edges.slice(k + 1).some((other) => meet(edge, other))).toBe(false);
        }
        for (const { before, after } of areas) {
          expect(after).toHaveLength(before.length);
          for (const [k, ring] of after.entries()) {
            // Exteriors stay exteriors, and holes holes.
            expect(Math.sign(areaOf(ring))).toBe(Math.sign(areaOf(before[k])));
            for (const corner of before[k]) {
              const nearest = Math.min(...edgesOf(ring).map((edge) => distance(corner, edge)));
              expect(nearest).toBeLessThanOrEqual(tolerance + 1e-9);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('turns stairs into lines', () => {
    // A triangle of 20 stairs: corners along the diagonal are 0.71 pixels from it.
    const width = 20;
    const map = Uint8Array.from({ length: width ** 2 }, (_, i) =>
      i % width <= Math.floor(i / width) ? 1 : 2,
    );
    const [first, second] = simplified(map, width, 1);
    for (const { before, after } of [first, second]) {
      expect(before[0].length).toBeGreaterThan(38);
      expect(after[0].length).toBeLessThan(9);
    }
  });
});
