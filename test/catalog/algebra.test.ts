import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CatalogRow, GeoCatalog, matchup } from '../../src/catalog/index.js';
import { type Bounds, Crs, TimeInterval } from '../../src/geo/node/index.js';
import { type Polygon, polygonArea } from '../../src/vector/index.js';
import { boxOutline, catalogRow, idsOf } from '../support/catalog.js';

const DAY = 86_400_000;

/** Rows of boxes and times, as torchgeo's tests write them. */
function dataset(name: string, ...items: readonly (readonly [Bounds, string?])[]): GeoCatalog {
  return GeoCatalog.from(items.map(([box, time], k) => catalogRow(`${name}${k}`, box, time)));
}

/** The box around a footprint, and its number of positions. */
function boxesOf(catalog: GeoCatalog): (readonly number[])[] {
  return Array.from(catalog, ({ footprint }) => {
    const positions = footprint.flat(2);
    const [xs, ys] = [positions.map(([x]) => x), positions.map(([, y]) => y)];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  });
}

const intervalsOf = (catalog: GeoCatalog): string[] => Array.from(catalog, (row) => row.interval.toString());

const areaOf = (rows: Iterable<CatalogRow>): number =>
  Array.from(rows, ({ footprint }) => polygonArea(footprint, Crs.wgs84)).reduce((a, b) => a + b, 0);

describe('torchgeo tests/datasets/test_geo.py TestIntersectionDataset', () => {
  it('test_spatial_intersection', () => {
    const left = dataset('a', [[0, 0, 2, 2]], [[1, 1, 3, 3]], [[2, 2, 4, 4]], [[4, 4, 6, 6]]);
    const right = dataset('b', [[1, 1, 3, 3]]);
    expect(boxesOf(left.intersect(right))).toEqual([
      [1, 1, 2, 2],
      [1, 1, 3, 3],
      [2, 2, 3, 3],
    ]);
    const early = dataset('a', [[0, 0, 2, 2], '2025-04-01/2025-04-02']);
    const late = dataset('b', [[1, 1, 3, 3], '2025-04-03/2025-04-04']);
    const anyTime = early.intersect(late, { spatialOnly: true });
    expect(boxesOf(anyTime)).toEqual([[1, 1, 2, 2]]);
    // Each row keeps the time of its row in the first catalog.
    expect(intervalsOf(anyTime)).toEqual(intervalsOf(early));
    const apart = dataset('a', [[0, 0, 1, 1]]);
    const elsewhere = dataset('b', [[2, 2, 3, 3]]);
    expect(apart.intersect(elsewhere)).toHaveLength(0);
    expect(apart.explainIntersection(elsewhere).message).toMatch(
      /No footprints overlap: the first catalog lies within \[0, 0, 1, 1\], the second within \[2, 2, 3, 3\]/,
    );
  });

  it('test_temporal_intersection', () => {
    const box: Bounds = [0, 0, 1, 1];
    const instant = (from: string, to: string): string => `${from}T00:00/${to}T00:00`;
    const left = dataset(
      'a',
      [box, instant('2025-04-01', '2025-04-03')],
      [box, instant('2025-04-07', '2025-04-09')],
      [box, instant('2025-04-04', '2025-04-06')],
    );
    const right = dataset(
      'b',
      [box, instant('2025-05-01', '2025-05-09')],
      [box, instant('2025-04-02', '2025-04-05')],
    );
    expect(intervalsOf(left.intersect(right))).toEqual([
      '2025-04-02T00:00:00.000Z/2025-04-03T00:00:00.000Z',
      '2025-04-04T00:00:00.000Z/2025-04-05T00:00:00.000Z',
    ]);
    const early = dataset('a', [box, instant('2025-04-01', '2025-04-02')]);
    const late = dataset('b', [box, instant('2025-04-03', '2025-04-04')]);
    expect(early.intersect(late)).toHaveLength(0);
    const report = early.explainIntersection(late);
    expect(report).toMatchObject({ pairsInSpace: 1, pairs: 0, shortestGap: DAY });
    expect(report.message).toMatch(/none in time.*1 days apart.*padInterval/s);
    expect(early.padInterval(DAY).intersect(late)).toHaveLength(1);
  });

  it('test_spatiotemporal_intersection', () => {
    const left = dataset(
      'a',
      [[0, 0, 2, 2], '2025-04-01T00:00/2025-04-03T00:00'],
      [[1, 1, 3, 3], '2025-04-07T00:00/2025-04-09T00:00'],
      [[2, 2, 4, 4], '2025-04-04T00:00/2025-04-06T00:00'],
    );
    const right = dataset(
      'b',
      [[1, 1, 3, 3], '2025-04-02T00:00/2025-04-05T00:00'],
      [[1, 1, 3, 3], '2025-05-01T00:00/2025-05-09T00:00'],
      [[5, 5, 6, 6], '2025-04-02T00:00/2025-04-05T00:00'],
      [[5, 5, 6, 6], '2025-05-01T00:00/2025-05-09T00:00'],
    );
    const overlaps = left.intersect(right);
    expect(boxesOf(overlaps)).toEqual([
      [1, 1, 2, 2],
      [2, 2, 3, 3],
    ]);
    expect(intervalsOf(overlaps)).toEqual([
      '2025-04-02T00:00:00.000Z/2025-04-03T00:00:00.000Z',
      '2025-04-04T00:00:00.000Z/2025-04-05T00:00:00.000Z',
    ]);
  });

  it('test_point_dataset', () => {
    const areas = dataset('a', [[0, 2, 2, 4]]);
    const point: Polygon = [
      [
        [1, 3],
        [1, 3],
        [1, 3],
        [1, 3],
      ],
    ];
    const points = GeoCatalog.from([catalogRow('p', [point])]);
    expect(areas.intersect(points)).toHaveLength(0);
    expect(areas.explainIntersection(points).message).toMatch(/points or lines.*keepFlat/);
    // A point on the edge of an area is outside it, unless the edge is at the antimeridian.
    const pointAt = (x: number, y: number): GeoCatalog =>
      GeoCatalog.from([catalogRow('p', [[[...Array<[number, number]>(4).fill([x, y])]]])]);
    expect(areas.intersect(pointAt(2, 3), { keepFlat: true })).toHaveLength(0);
    const across = GeoCatalog.from([
      catalogRow('x', [boxOutline([179, 0, 180, 1]), boxOutline([-180, 0, -179, 1])]),
    ]);
    for (const longitude of [180, -180]) {
      const overlap = across.intersect(pointAt(longitude, 0.5), { keepFlat: true });
      expect(Array.from(overlap, ({ footprint }) => footprint)).toEqual([
        pointAt(longitude, 0.5).row(0).footprint,
      ]);
    }
    expect(across.intersect(pointAt(180, 3), { keepFlat: true })).toHaveLength(0);
    for (const overlap of [
      areas.intersect(points, { keepFlat: true }),
      points.intersect(areas, { keepFlat: true }),
    ]) {
      expect(Array.from(overlap, ({ footprint }) => footprint)).toEqual([[point]]);
    }
  });

  it('test_no_overlap', () => {
    const left = dataset('a', [[0, 2, 1, 3], '1900-01-01']);
    const right = dataset('b', [[6, 8, 7, 9], '2100-01-01']);
    expect(left.intersect(right)).toHaveLength(0);
  });

  it('test_grid_overlap', () => {
    // They touch at a corner.
    expect(dataset('a', [[0, 2, 1, 3]]).intersect(dataset('b', [[1, 3, 2, 4]]))).toHaveLength(0);
    expect(dataset('a', [[0, 2, 1, 3]]).intersect(dataset('b', [[1, 2, 2, 3]]))).toHaveLength(0);
  });

  it('test_and_three, test_and_four', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name, k) => dataset(name, [[k, k, 10 + k, 10 + k]]));
    const three = a.intersect(b).intersect(c);
    expect(idsOf(three)).toEqual(['a0+b0+c0']);
    const four = a.intersect(b).intersect(c.intersect(d));
    expect(boxesOf(four)).toEqual([[3, 3, 10, 10]]);
    expect(four.row(0).parents?.map(({ id }) => id)).toEqual(['a0', 'b0', 'c0', 'd0']);
    expect(idsOf(four.parents(3))).toEqual(['d0']);
  });

  it('TestUnionDataset test_no_overlap, test_or_four', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name, k) => dataset(name, [[2 * k, 0, 2 * k + 1, 1]]));
    const union = a.union(b).union(c.union(d));
    expect(idsOf(union)).toEqual(['a0', 'b0', 'c0', 'd0']);
    expect(idsOf(union.query({ geometry: [0, 0, 1, 1] }))).toEqual(['a0']);
    expect(idsOf(union.query({ geometry: [2, 0, 3, 1] }))).toEqual(['b0']);
  });
});

describe('overlaps from rounding', () => {
  const of = (id: string, ...outline: Parameters<typeof boxOutline>[0][]): GeoCatalog =>
    GeoCatalog.from([catalogRow(id, outline.map(boxOutline), '2021-07-15')]);
  const tile = of('tile', [8, 47, 9, 48]);
  // A tile with slanted edges, as UTM tiles have in degrees.
  const leaning = (shift: number): GeoCatalog => {
    const ring = [
      [9 - shift, 47],
      [10, 47],
      [10, 48],
      [9.02 - shift, 48],
      [9 - shift, 47],
    ] as const;
    return GeoCatalog.from([catalogRow('leaning', [[[...ring]]], '2021-07-15')]);
  };
  const other: Polygon = [
    [
      [8, 47],
      [9, 47],
      [9.02, 48],
      [8.02, 48],
      [8, 47],
    ],
  ];

  it('are not overlaps: neighbours share an edge', () => {
    for (const shift of [0, 1e-12, 3e-8, 1e-6]) {
      const next = of('next', [9 - shift, 47, 10, 48]);
      expect(tile.intersect(next)).toHaveLength(0);
      expect(next.intersect(tile)).toHaveLength(0);
      expect(tile.explainIntersection(next).pairsInSpace).toBe(0);
      expect(matchup(tile, { next }, { time: { nearest: DAY } })).toHaveLength(0);
      const beside = GeoCatalog.from([catalogRow('other', [other], '2021-07-15')]);
      expect(beside.intersect(leaning(shift))).toHaveLength(0);
    }
  });

  it('are told apart from small overlaps and from thin footprints', () => {
    // Shapely: box(8, 47, 9, 48).intersection(box(9 - 1e-3, 47, 10, 48)).area is 1e-3.
    expect(tile.intersect(of('next', [9 - 1e-3, 47, 10, 48])).row(0).footprint).toEqual([
      boxOutline([9 - 1e-3, 47, 9, 48]),
    ]);
    // A path half a metre wide across the tile's edge, and small tiles that overlap by a pixel.
    const path = of('path', [8.5, 47.5, 9.5, 47.5 + 5e-6]);
    expect(tile.intersect(path)).toHaveLength(1);
    const [small, beside] = [of('s', [8, 47, 8.001, 47.001]), of('b', [8.0009, 47, 8.002, 47.001])];
    expect(small.intersect(beside)).toHaveLength(1);
  });
});

describe('geocatalog tests/test_inmemory.py', () => {
  it('test_intersect_cardinality_symmetric_on_sliver_overlap: both orders find the same pairs', () => {
    const triangle: Polygon = [
      [
        [0, 0],
        [1, 1 / 3],
        [0.1, 0.7],
        [0, 0],
      ],
    ];
    // Beside the triangle's long edge, whose points are not round numbers.
    const beside: Polygon = [
      [
        [1 / 7, 1 / 21],
        [0.9, -0.5],
        [6 / 7, 2 / 7],
        [1 / 7, 1 / 21],
      ],
    ];
    const [a, b] = [
      GeoCatalog.from([catalogRow('a', [triangle])]),
      GeoCatalog.from([catalogRow('b', [beside])]),
    ];
    expect(a.intersect(b)).toHaveLength(b.intersect(a).length);
  });

  it('test_intersect_sjoin_handles_invalid_geometry: a bow-tie is clipped by the even-odd rule', () => {
    const bowTie: Polygon = [
      [
        [0, 0],
        [2, 2],
        [2, 0],
        [0, 2],
        [0, 0],
      ],
    ];
    const overlap = GeoCatalog.from([catalogRow('bow', [bowTie])]).intersect(dataset('b', [[-1, -1, 3, 1]]));
    expect(overlap).toHaveLength(1);
    const half = areaOf(overlap);
    expect(half / areaOf(dataset('b', [[0, 0, 2, 2]]))).toBeCloseTo(1 / 4, 3);
  });

  it('test_geometry_collection_clip_keeps_polygon_part', () => {
    // The second box touches the left edge only.
    const right = GeoCatalog.from([catalogRow('r', [boxOutline([1, 0, 3, 2]), boxOutline([-1, 0, 0, 2])])]);
    const overlap = dataset('l', [[0, 0, 2, 2]]).intersect(right);
    expect(overlap.row(0).footprint).toEqual([boxOutline([1, 0, 2, 2])]);
  });

  it('keeps the rows of both sides, their assets and properties', () => {
    const optical = catalogRow('s2', [0, 0, 2, 2], '2021-07-14', {
      collection: 'sentinel-2',
      properties: { 'eo:cloud_cover': 10, platform: 's2a' },
    });
    const radar = catalogRow('s1', [1, 1, 3, 3], '2021-07-14', {
      collection: 'sentinel-1',
      properties: { platform: 's1a', orbit: 88 },
    });
    const overlap = GeoCatalog.from([optical]).intersect(GeoCatalog.from([radar]));
    const row = overlap.row(0);
    expect(row.id).toBe('s2+s1');
    expect(row.collection).toBe('sentinel-2+sentinel-1');
    expect(row.parents).toEqual([optical, radar]);
    expect(row.assets).toEqual({ data: { href: 's2.tif' }, '2:data': { href: 's1.tif' } });
    expect(row.properties).toEqual({
      'eo:cloud_cover': 10,
      platform: 's2a',
      '2:platform': 's1a',
      orbit: 88,
    });
    expect(idsOf(overlap.parents(1))).toEqual(['s1']);
    expect(() => overlap.parents(2)).toThrow(/"s2\+s1" has no parent 2/);
  });

  it('keeps assets with a hostile name', () => {
    const row = catalogRow('x', [0, 0, 1, 1], '2021-07-14', {
      assets: JSON.parse('{"__proto__": {"href": "a.tif"}, "constructor": {"href": "b.tif"}}'),
    });
    const overlap = GeoCatalog.from([row]).intersect(dataset('y', [[0, 0, 1, 1]]));
    expect(Object.keys(overlap.row(0).assets).sort()).toEqual(['__proto__', 'constructor', 'data']);
  });
});

const box = fc
  .tuple(
    fc.double({ min: -179, max: 170, noNaN: true }),
    fc.double({ min: -80, max: 70, noNaN: true }),
    fc.double({ min: 0.001, max: 9, noNaN: true }),
    fc.double({ min: 0.001, max: 9, noNaN: true }),
  )
  .map(([x, y, w, h]): Bounds => [x, y, x + w, y + h]);
/** Quadrilaterals: convex, concave and self-intersecting. */
const quadrilateral = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 })), {
    minLength: 4,
    maxLength: 6,
  })
  .map((corners): Polygon => [[...corners, corners[0]]]);
const days = fc
  .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 5 }))
  .map(([from, length]) => new TimeInterval(from * DAY, (from + length) * DAY));
const boxes = fc.array(fc.tuple(box, days), { maxLength: 12 });

function catalogOf(items: readonly (readonly [Bounds | Polygon, TimeInterval])[]): GeoCatalog {
  return GeoCatalog.from(
    items.map(([place, interval], k) =>
      catalogRow(String(k), typeof place[0] === 'number' ? (place as Bounds) : [place as Polygon], interval),
    ),
  );
}

describe('properties, as geocatalog tests/test_properties.py', () => {
  it('test_intersect_cardinality_is_symmetric: the same overlaps in either order', () => {
    fc.assert(
      fc.property(boxes, boxes, (p, q) => {
        const [ab, ba] = [catalogOf(p).intersect(catalogOf(q)), catalogOf(q).intersect(catalogOf(p))];
        const key = ({ footprint, interval }: CatalogRow): string => JSON.stringify([footprint, interval]);
        expect(Array.from(ab, key).sort()).toEqual(Array.from(ba, key).sort());
      }),
      { numRuns: 200 },
    );
  });

  it('overlaps of random polygons are no larger than either polygon', () => {
    const shapes = fc.array(fc.tuple(quadrilateral, days), { maxLength: 4 });
    fc.assert(
      fc.property(shapes, shapes, (p, q) => {
        const [a, b] = [catalogOf(p), catalogOf(q)];
        const [ab, ba] = [a.intersect(b), b.intersect(a)];
        expect(ab).toHaveLength(ba.length);
        expect(areaOf(ab)).toBeCloseTo(areaOf(ba), 3);
        // Bit for bit, in either order.
        const outlines = (overlap: GeoCatalog): string[] =>
          Array.from(overlap, ({ footprint }) => JSON.stringify(footprint)).sort();
        expect(outlines(ab)).toEqual(outlines(ba));
      }),
      { numRuns: 60 },
    );
  });

  it('test_query_crs_invariance: a query in another CRS finds the same rows', () => {
    fc.assert(
      fc.property(boxes, box, (items, place) => {
        const catalog = catalogOf(items);
        const wanted = idsOf(catalog.query({ geometry: place }));
        // Mercator keeps meridians and parallels straight.
        const mercator = Crs.fromEpsg(3857);
        const [x0, y0, x1, y1] = place;
        const project = (x: number, y: number): [number, number] => {
          const r = 6378137;
          return [(r * x * Math.PI) / 180, r * Math.log(Math.tan(Math.PI / 4 + (y * Math.PI) / 360))];
        };
        const geometry: Bounds = [...project(x0, y0), ...project(x1, y1)];
        expect(idsOf(catalog.query({ geometry, crs: mercator }))).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  it('an index finds the same rows as a scan', () => {
    const many = fc.array(fc.tuple(box, days), { minLength: 100, maxLength: 300 });
    fc.assert(
      fc.property(many, box, days, (items, place, interval) => {
        const found = idsOf(catalogOf(items).query({ geometry: place, interval }));
        const overlaps = ([a0, b0, a1, b1]: Bounds): boolean =>
          a0 < place[2] && a1 > place[0] && b0 < place[3] && b1 > place[1];
        const wanted = items.flatMap(([p, time], k) =>
          overlaps(p) && time.intersects(interval) ? [String(k)] : [],
        );
        expect(found).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });
});
