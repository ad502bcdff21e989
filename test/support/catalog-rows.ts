import fc from 'fast-check';
import type { CatalogRow, CatalogValue } from '../../src/catalog/index.js';
import { TimeInterval } from '../../src/geo/index.js';
import type { Polygon } from '../../src/vector/index.js';
import { boxOutline } from './catalog.js';

const rectangle = (x0: number, y0: number, x1: number, y1: number): Polygon => boxOutline([x0, y0, x1, y1]);

const milliseconds = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });

const intervals = fc
  .tuple(fc.option(milliseconds), fc.option(milliseconds))
  .map(([a, b]) =>
    a !== null && b !== null
      ? new TimeInterval(Math.min(a, b), Math.max(a, b))
      : new TimeInterval(a ?? -Infinity, b ?? Infinity),
  );

const degrees = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true });

/** One rectangle, one with a hole, several, or one on each side of the antimeridian. */
const footprints = fc.oneof(
  fc
    .tuple(degrees(179), degrees(89), fc.double({ min: 0.001, max: 1, noNaN: true }))
    .map(([x, y, size]): Polygon[] => [rectangle(x, y, x + size, y + size)]),
  fc.tuple(degrees(170), degrees(80)).map(([x, y]): Polygon[] => [
    [
      ...rectangle(x, y, x + 4, y + 4),
      [
        [x + 1, y + 1],
        [x + 1, y + 2],
        [x + 2, y + 2],
        [x + 2, y + 1],
        [x + 1, y + 1],
      ],
    ],
    rectangle(x + 5, y, x + 6, y + 1),
  ]),
  fc
    .tuple(degrees(80), fc.double({ min: 0.001, max: 5, noNaN: true }))
    .map(([y, size]): Polygon[] => [
      rectangle(180 - size, y, 180, y + size),
      rectangle(-180, y, size - 180, y + size),
    ]),
  fc.constant<Polygon[]>([]),
);

const values: fc.Arbitrary<CatalogValue> = fc.letrec<{ value: CatalogValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      tie('value'),
      { maxKeys: 3 },
    ),
  ),
})).value;

/** A row; its id is its index in the list. */
export const catalogRows: fc.Arbitrary<CatalogRow[]> = fc
  .array(
    fc.record({
      collection: fc.string({ unit: 'grapheme' }),
      footprint: footprints,
      interval: intervals,
      href: fc.string({ unit: 'grapheme' }),
      properties: fc.dictionary(
        fc.string().filter((name) => name !== '__proto__'),
        values,
        { maxKeys: 4 },
      ),
    }),
    { maxLength: 40 },
  )
  .map((rows) => rows.map((row, k) => ({ ...row, id: `it's ${k} ✓`, assets: {} })));
