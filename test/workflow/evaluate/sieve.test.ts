import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sieve } from '../../../src/workflow/evaluate/sieve.js';

/** Sieves a map; pixels of row `y` have the area `areas[y]`. */
function sieve(
  rows: readonly (readonly number[])[],
  minArea: number,
  area: (y: number) => number,
): number[][] {
  const result = new Sieve(minArea);
  const planes = rows.map((row) => Uint8Array.from(row));
  for (const [y, row] of planes.entries()) result.addRow(row, new Float64Array(row.length).fill(area(y)));
  result.finish();
  for (const row of planes) result.cleanRow(row);
  const changed = planes.flatMap((row, y) => [...row].filter((value, x) => value !== rows[y][x])).length;
  expect(result.removedPixels).toBe(changed);
  return planes.map((row) => [...row]);
}

/** The same by flood filling. */
function reference(
  rows: readonly (readonly number[])[],
  minArea: number,
  area: (y: number) => number,
): number[][] {
  const result = rows.map((row) => [...row]);
  const seen = rows.map((row) => row.map(() => false));
  for (const [y, row] of rows.entries()) {
    for (const [x, value] of row.entries()) {
      if (seen[y][x] || value === 0 || value === 255) continue;
      const component: [number, number][] = [[x, y]];
      seen[y][x] = true;
      for (const [cx, cy] of component) {
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            const [nx, ny] = [cx + dx, cy + dy];
            if (rows[ny]?.[nx] !== value || seen[ny][nx]) continue;
            seen[ny][nx] = true;
            component.push([nx, ny]);
          }
        }
      }
      const total = component.reduce((sum, [, cy]) => sum + area(cy), 0);
      if (total < minArea) for (const [cx, cy] of component) result[cy][cx] = 0;
    }
  }
  return result;
}

describe('Sieve', () => {
  it('joins pixels that touch at a corner, and separates classes and gaps', () => {
    const rows = [
      [1, 0, 0, 2],
      [0, 1, 0, 1],
      [0, 0, 255, 0],
      [1, 1, 0, 0],
    ];
    expect(sieve(rows, 2, () => 1)).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 255, 0],
      [1, 1, 0, 0],
    ]);
  });

  it('is equal to flood filling', () => {
    const map = fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
      .chain(([width, height]) =>
        fc.array(fc.array(fc.constantFrom(0, 0, 1, 1, 2, 255), { minLength: width, maxLength: width }), {
          minLength: height,
          maxLength: height,
        }),
      );
    fc.assert(
      fc.property(map, fc.integer({ min: 1, max: 40 }), (rows, minArea) => {
        const area = (y: number): number => 1 + (y % 3);
        expect(sieve(rows, minArea, area)).toEqual(reference(rows, minArea, area));
      }),
    );
  });
});
