import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alignedTiles,
  chipCover,
  chipStarts,
  createChipLayout,
  shardUnits,
  unitRows,
} from '../../src/geo/index.js';

describe('chips', () => {
  it('cover the Luxembourg scene with 29 × 41 chips', () => {
    const layout = createChipLayout(6033, 8449, 256, 208);
    expect([layout.columnStarts.length, layout.rowStarts.length]).toEqual([29, 41]);
    expect(layout.columnStarts.at(-1)).toBe(6033 - 256);
    expect(layout.rowStarts.at(-1)).toBe(8449 - 256);
  });

  it('cover every pixel, and list the chips of a pixel', () => {
    const scene = fc.record({
      length: fc.integer({ min: 1, max: 900 }),
      size: fc.integer({ min: 1, max: 300 }),
      gap: fc.integer({ min: 0, max: 299 }),
    });
    fc.assert(
      fc.property(scene, ({ length, size, gap }) => {
        const stride = Math.max(1, size - gap);
        const starts = chipStarts(length, size, stride);
        const { first, last } = chipCover(length, size, starts);
        for (let i = 0; i < length; i++) {
          const covering = [...starts.keys()].filter((k) => starts[k] <= i && i < starts[k] + size);
          expect(covering.length).toBeGreaterThan(0);
          expect([first[i], last[i]]).toEqual([covering[0], covering.at(-1)]);
        }
        if (length >= size) expect((starts.at(-1) ?? 0) + size).toBe(length);
      }),
      { numRuns: 200 },
    );
  });

  it('refuse a stride that leaves gaps', () => {
    expect(() => chipStarts(100, 10, 11)).toThrow(/would leave gaps/);
    expect(() => chipStarts(100, 0, 1)).toThrow(/would leave gaps/);
  });
});

describe('units', () => {
  it('are split without overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 60 }), (units, shards) => {
        const owned = Array.from({ length: shards }, (_, i) => shardUnits(units, i, shards)).flatMap(
          ({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k),
        );
        expect(owned).toEqual(Array.from({ length: units }, (_, k) => k));
      }),
    );
  });

  it('end with the scene', () => {
    expect(unitRows(600, 256)).toEqual([
      { start: 0, end: 256 },
      { start: 256, end: 512 },
      { start: 512, end: 600 },
    ]);
  });
});

describe('alignedTiles', () => {
  it('cuts any window along the same tile edges', () => {
    const tiles = [...alignedTiles({ x: 100, y: 250, width: 300, height: 20 }, 256)];
    expect(tiles).toEqual([
      { x: 100, y: 250, width: 156, height: 6 },
      { x: 256, y: 250, width: 144, height: 6 },
      { x: 100, y: 256, width: 156, height: 14 },
      { x: 256, y: 256, width: 144, height: 14 },
    ]);
  });
});
