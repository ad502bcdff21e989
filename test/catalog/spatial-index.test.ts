import { describe, expect, it } from 'vitest';
import { SpatialIndex } from '../../src/catalog/index.js';
import type { Bounds } from '../../src/geo/node/index.js';
import { seeded } from '../support/random.js';

const next = seeded(7);
const BOXES = Array.from({ length: 1000 }, (): Bounds[] => {
  const [x, y, w, h] = [-180 + 350 * next(), -80 + 150 * next(), 9 * next(), 9 * next()];
  // Some have a second box, and some no place.
  if (w < 0.3) return [];
  return h < 0.9
    ? [
        [-180, y, -180 + w, y + h],
        [180 - w, y, 180, y + h],
      ]
    : [[x, y, x + w, y + h]];
});

function found(index: SpatialIndex, box: Bounds): number[] {
  const rows = new Set<number>();
  index.search(box, (row) => rows.add(row));
  return [...rows].sort((p, q) => p - q);
}

function expected([x0, y0, x1, y1]: Bounds): number[] {
  return BOXES.flatMap((boxes, row) =>
    boxes.some(([a0, b0, a1, b1]) => a0 <= x1 && a1 >= x0 && b0 <= y1 && b1 >= y0) ? [row] : [],
  );
}

describe('SpatialIndex', () => {
  const index = SpatialIndex.fromBoxes(BOXES.length, (row) => BOXES[row]);
  const places: Bounds[] = [
    [0, 0, 30, 30],
    [-180, -80, -170, 80],
    [179, -80, 180, 80],
    [-180, -90, 180, 90],
    [0, 89, 1, 90],
  ];

  it('finds what lies near, by the tree and by looking at rows', () => {
    for (const place of places) {
      expect(found(index, place)).toEqual(expected(place));
      const some = Array.from({ length: 500 }, (_, k) => 2 * k);
      const rows = new Set<number>();
      index.scan(some, place, (row) => rows.add(row));
      expect([...rows]).toEqual(expected(place).filter((row) => row % 2 === 0));
    }
    expect(BOXES.some((boxes, row) => boxes.length === 2 && index.isSplit(row))).toBe(true);
    for (const [row, boxes] of BOXES.entries()) expect(index.boxesOf(row)).toEqual(boxes);
  });

  it('is the same when it is stored and taken up again', () => {
    const again = new SpatialIndex(index.boxes, index.secondRows, index.data.slice(0));
    for (const place of places) expect(found(again, place)).toEqual(expected(place));
  });

  it('of no rows finds none', () => {
    const none = SpatialIndex.fromBoxes(0, () => []);
    expect(found(none, [-180, -90, 180, 90])).toEqual([]);
    expect(none.bounds([])).toBeNull();
    const again = new SpatialIndex(none.boxes, none.secondRows, none.data);
    expect(found(again, [-180, -90, 180, 90])).toEqual([]);
  });

  it('refuses stored data that is damaged or of other rows', () => {
    const stored = (): Uint8Array => new Uint8Array(index.data.slice(0));
    const use = (bytes: Uint8Array): SpatialIndex =>
      new SpatialIndex(index.boxes, index.secondRows, bytes.buffer);
    expect(() => use(new Uint8Array(3))).toThrow(/the stored index cannot be used/);
    expect(() => use(new Uint8Array(stored().length))).toThrow(/the stored index cannot be used/);
    const moved = Float64Array.from(index.boxes, (value) => value / 2);
    expect(() => new SpatialIndex(moved, index.secondRows, index.data)).toThrow(/is not of these rows/);
    expect(() => new SpatialIndex(moved.slice(4), index.secondRows, index.data)).toThrow(/boxes where/);
    // Node numbers are the last part: a node that is its own child would be followed for ever.
    const circle = stored();
    new Uint16Array(circle.buffer).set([65_535], circle.length / 2 - 1);
    expect(() => use(circle)).toThrow(/is damaged/);
    for (const bytes of [stored().subarray(0, 5000).slice(), stored().subarray(0, 5003).slice()])
      expect(() => use(bytes)).toThrow(/the stored index/);
  });
});
