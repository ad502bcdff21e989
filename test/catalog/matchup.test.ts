import { describe, expect, it } from 'vitest';
import { GeoCatalog, type MatchupOptions, matchup } from '../../src/catalog/index.js';
import type { Bounds } from '../../src/geo/node/index.js';
import { Crs } from '../../src/geo/node/index.js';
import { type Polygon, polygonArea } from '../../src/vector/index.js';
import { boxOutline, catalogRow } from '../support/catalog.js';

const HOUR = 3_600_000;
const NOON = '2024-06-15T12:00:00Z';

type Item = readonly [id: string, place: Bounds | Polygon[], time?: string];
const catalogOf = (...items: readonly Item[]): GeoCatalog =>
  GeoCatalog.from(items.map(([id, place, time = NOON]) => catalogRow(id, place, time)));

function matches(a: Bounds | Polygon[], b: Bounds | Polygon[], space: MatchupOptions['space']): boolean {
  const options: MatchupOptions = { space, time: { nearest: HOUR } };
  return matchup(catalogOf(['a', a]), { b: catalogOf(['b', b]) }, options).length > 0;
}

const line = (from: [number, number], to: [number, number]): Polygon[] => [[[from, to, to, from]]];

describe('geocatalog tests/test_matchup_engine.py TestSpatialStrategies', () => {
  it('intersects', () => {
    expect(matches([0, 0, 1, 1], [0.5, 0.5, 1.5, 1.5], 'intersects')).toBe(true);
    expect(matches([0, 0, 1, 1], [2, 2, 3, 3], 'intersects')).toBe(false);
    expect(matches([0, 0, 1, 1], [1, 0, 2, 1], 'intersects')).toBe(false);
  });

  it('iou', () => {
    expect(matches([0, 0, 1, 1], [0, 0, 1, 1], { iou: 1 })).toBe(true);
    // A third of their union.
    expect(matches([0, 0, 2, 1], [1, 0, 3, 1], { iou: 0.3 })).toBe(true);
    expect(matches([0, 0, 2, 1], [1, 0, 3, 1], { iou: 0.4 })).toBe(false);
    expect(matches([0, 0, 1, 1], [2, 2, 3, 3], { iou: 0 })).toBe(false);
    for (const iou of [-0.1, 1.1, Number.NaN])
      expect(() => matches([0, 0, 1, 1], [0, 0, 1, 1], { iou })).toThrow(/iou is/);
  });

  it('test_iou_zero_area_geoms_only_match_when_equal', () => {
    const [p, q] = [line([1, 2], [1, 2]), line([3, 4], [3, 4])];
    expect(matches(p, p, { iou: 0.5 })).toBe(true);
    expect(matches(p, q, { iou: 0.5 })).toBe(false);
    expect(matches(line([0, 0], [2, 2]), line([0, 2], [2, 0]), { iou: 0 })).toBe(false);
  });

  it('centroid', () => {
    expect(matches([0, 0, 1, 1], [0.4, 0.4, 0.6, 0.6], 'centroid')).toBe(true);
    expect(matches([0, 0, 1, 1], [0.9, 0.4, 1.5, 0.6], 'centroid')).toBe(false);
  });

  it('contains', () => {
    expect(matches([0, 0, 2, 2], [0.5, 0.5, 1.5, 1.5], 'contains')).toBe(true);
    expect(matches([0, 0, 1, 1], [0.5, 0.5, 1.5, 1.5], 'contains')).toBe(false);
  });
});

describe('geocatalog tests/test_matchup_engine.py, time', () => {
  const box: Bounds = [-9, 38, -8, 39];
  const primary = catalogOf(['p', box]);
  const found = (time: MatchupOptions['time'], ...times: string[]): string[] =>
    matchup(primary, { s: catalogOf(...times.map((t): Item => [t, box, t])) }, { time }).map(
      ({ members }) => members.s.id,
    );

  it('TestNearestInTime', () => {
    const times = ['2024-06-15T08:00:00Z', '2024-06-15T14:00:00Z', '2024-06-15T18:00:00Z'];
    expect(found({ nearest: 6 * HOUR }, ...times)).toEqual(['2024-06-15T14:00:00Z']);
    expect(found({ nearest: HOUR }, '2024-06-20T12:00:00Z')).toEqual([]);
    expect(found({ nearest: HOUR })).toEqual([]);
  });

  it('TestWithinWindow', () => {
    const times = [
      '2024-06-14T00:00:00Z',
      '2024-06-15T06:00:00Z',
      '2024-06-15T18:00:00Z',
      '2024-06-17T00:00:00Z',
    ];
    expect(found({ before: 12 * HOUR, after: 12 * HOUR }, ...times)).toEqual(times.slice(1, 3));
    expect(found({ before: 12 * HOUR, after: 0 }, ...times)).toEqual(times.slice(1, 2));
    expect(found({ before: 0, after: 12 * HOUR }, ...times)).toEqual(times.slice(2, 3));
    expect(() => found({ before: -1, after: 0 })).toThrow(/time has limits -1, 0/);
  });

  it('TestSynchronous', () => {
    expect(found({ before: 0, after: 0 }, '2024-06-15T11:30:00Z/2024-06-15T12:30:00Z')).toHaveLength(1);
    expect(found({ before: 0, after: 0 }, '2024-06-15T13:30:00Z/2024-06-15T14:30:00Z')).toHaveLength(0);
    expect(found({ before: 2 * HOUR, after: 2 * HOUR }, '2024-06-15T13:30:00Z')).toHaveLength(1);
  });

  it('test_nearest_in_time_picks_single_row_among_duplicates', () => {
    const twice = catalogOf(['s2_a', box, '2024-06-15T14:00:00Z'], ['s2_b', box, '2024-06-15T14:00:00Z']);
    const rows = matchup(primary, { s2: twice }, { time: { nearest: 6 * HOUR } });
    expect(rows.map(({ members }) => members.s2.id)).toEqual(['s2_a']);
  });
});

describe('geocatalog tests/test_matchup_engine.py TestMatchupPairwise, TestMatchupNWay, TestAnyJoinEmptyGuard', () => {
  const days = ['14', '15', '16'];
  const primaries = catalogOf(
    ...days.map((day, k): Item => [`p_${k}`, [-9, 38, -8, 39], `2024-06-${day}T12:00:00Z`]),
  );
  const secondaries = catalogOf(
    ...days.map((day, k): Item => [`s_close_${k}`, [-8.5, 38.5, -7.5, 39.5], `2024-06-${day}T14:00:00Z`]),
    ['s_far_spatial', [40, 40, 41, 41], '2024-06-15T14:00:00Z'],
    ['s_far_temporal', [-8.5, 38.5, -7.5, 39.5], '2025-06-15T14:00:00Z'],
  );
  const time = { nearest: 6 * HOUR };

  it('test_one_match_per_primary, test_matchup_row_metadata, test_geometry_intersect_is_common_footprint', () => {
    const rows = matchup(primaries, { s2: secondaries }, { time });
    expect(rows.map(({ primary, members }) => [primary.id, members.s2.id])).toEqual([
      ['p_0', 's_close_0'],
      ['p_1', 's_close_1'],
      ['p_2', 's_close_2'],
    ]);
    expect(rows[0].offsets).toEqual({ s2: 2 * HOUR });
    const area = (polygons: readonly Polygon[]): number => polygonArea(polygons, Crs.wgs84);
    expect(area(rows[0].footprint)).toBeCloseTo(area([boxOutline([-8.5, 38.5, -8, 39])]), 0);
  });

  const landsat = catalogOf(['landsat_a', [-9, 38, -8, 39], '2024-06-15T11:00:00Z']);
  const late = catalogOf(['landsat_far', [-9, 38, -8, 39], '2025-01-01T00:00:00Z']);
  const idsWith = (others: Record<string, GeoCatalog>, join?: 'all' | 'any'): string[][] =>
    matchup(catalogOf(['p', [-9, 38, -8, 39]]), others, { time, join }).map(({ primary, members }) => [
      primary.id,
      ...Object.values(members).map(({ id }) => id),
    ]);

  it('test_three_member_row_emitted', () => {
    expect(idsWith({ s2: secondaries, landsat })).toEqual([['p', 's_close_1', 'landsat_a']]);
  });

  it('test_all_join_drops_when_role_empty, test_any_join_emits_partial', () => {
    expect(idsWith({ s2: secondaries, landsat: late }, 'all')).toEqual([]);
    expect(idsWith({ s2: secondaries, landsat: late }, 'any')).toEqual([['p', 's_close_1']]);
  });

  it('test_any_join_skips_when_all_roles_miss', () => {
    expect(idsWith({ landsat: late }, 'any')).toEqual([]);
  });

  it('test_far_away_candidates_skipped', () => {
    const far = catalogOf(
      ...Array.from({ length: 100 }, (_, k): Item => [`s_${k}`, [100 + k / 100, 80, 100.01 + k / 100, 81]]),
    );
    expect(idsWith({ far })).toEqual([]);
  });
});
