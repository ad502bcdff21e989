import { describe, expect, it } from 'vitest';
import { indexBoxes, SpatialIndex } from '../../src/catalog/index.js';
import type { Bounds } from '../../src/geo/node/index.js';
import { boxOutline } from '../support/catalog.js';
import { seeded } from '../support/random.js';

const next = seeded(7);
const BOXES = Array.from({ length: 1000 }, (): Bounds[] => {
  const [x, y, w, h] = [-180 + 350 * next(), -80 + 150 * next(), 9 * next(), 9 * next()];
  // Some rows have a second box, some none.
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

describe('indexBoxes', () => {
  it('are two for a footprint cut at the antimeridian, and one otherwise', () => {
    const [east, west]: Bounds[] = [
      [177, -19, 180, -16],
      [-180, -18, -178, -15],
    ];
    expect(indexBoxes([boxOutline(east), boxOutline(west)])).toEqual([west, east]);
    expect(indexBoxes([boxOutline(west), boxOutline(east)])).toEqual([west, east]);
    expect(indexBoxes([boxOutline([-180, 80, 180, 90])])).toEqual([[-180, 80, 180, 90]]);
    expect(indexBoxes([boxOutline([0, 0, 1, 1]), boxOutline([5, 5, 6, 6])])).toEqual([[0, 0, 6, 6]]);
    expect(indexBoxes([])).toEqual([]);
  });
});

describe('SpatialIndex', () => {
  const index = SpatialIndex.fromBoxes(BOXES.length, (row) => BOXES[row]);
  const places: Bounds[] = [
    [0, 0, 30, 30],
    [-180, -80, -170, 80],
    [179, -80, 180, 80],
    [-180, -90, 180, 90],
    [0, 89, 1, 90],
  ];

  it('finds the same rows by the tree and by a scan', () => {
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

  it('without rows finds nothing', () => {
    const none = SpatialIndex.fromBoxes(0, () => []);
    expect(found(none, [-180, -90, 180, 90])).toEqual([]);
    expect(none.bounds([])).toBeNull();
  });
});
