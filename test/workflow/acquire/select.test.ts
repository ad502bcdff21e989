import { describe, expect, it } from 'vitest';
import { placeOutline } from '../../../src/catalog/place.js';
import type { CatalogRow } from '../../../src/catalog/row.js';
import { type Bounds, Crs, TimeInterval } from '../../../src/geo/index.js';
import { Coverage } from '../../../src/workflow/acquire/coverage.js';
import { type Candidate, chooseLikeSeed, chooseMosaic } from '../../../src/workflow/acquire/select.js';

const BBOX: Bounds = [10, 50, 11, 51];
const coverage = new Coverage({
  bbox: BBOX,
  area: placeOutline(BBOX, Crs.wgs84, 'the area'),
  targetCrs: 'EPSG:4326',
  path: 'event.json',
});

/** A scene that covers the area between two shares of its width. */
function candidate(
  id: string,
  [from, to]: [number, number],
  {
    day = 15,
    hour = 10,
    days = 0,
    cloud = 0,
    properties = {},
  }: {
    day?: number;
    hour?: number;
    days?: number;
    cloud?: number;
    properties?: CatalogRow['properties'];
  } = {},
): Candidate {
  const time = Date.UTC(2021, 6, day, hour);
  const row: CatalogRow = {
    id,
    collection: 'c',
    footprint: placeOutline([10 + from, 49, 10 + to, 52], Crs.wgs84, id),
    interval: TimeInterval.instant(time),
    href: '',
    assets: {},
    properties,
  };
  return { row, overlap: coverage.overlapOf(row), cloud: { percent: cloud, source: 'tile' }, days, time };
}

const idsOf = (candidates: readonly Candidate[]) =>
  chooseMosaic(candidates, coverage).scenes.map(({ row, fillsGaps }) => `${row.id}${fillsGaps ? '*' : ''}`);

describe('a mosaic', () => {
  it('covers the area first, then has fewest clouds, then is nearest to the date', () => {
    const whole: [number, number] = [0, 1];
    const far = candidate('far', whole, { day: 20, days: 5, cloud: 3 });
    const near = candidate('near', whole, { day: 16, days: 1, cloud: 3 });
    const cloudy = candidate('cloudy', whole, { days: 0, cloud: 4 });
    const part = candidate('part', [0, 0.9], { day: 14, days: 1, cloud: 0 });
    expect(idsOf([part, cloudy, far, near])).toEqual(['near']);
    expect(idsOf([part, cloudy, far])).toEqual(['far']);
    expect(idsOf([part, cloudy])).toEqual(['cloudy']);
  });

  it('rounds coverage to whole per cents, so that slivers do not outweigh clouds', () => {
    const whole = candidate('whole', [0, 1], { cloud: 20 });
    const nearly = candidate('nearly', [0, 0.998], { day: 16, days: 1, cloud: 1 });
    expect(idsOf([whole, nearly])).toEqual(['nearly']);
  });

  it('takes scenes of one day together, and fills gaps from other days', () => {
    const west = candidate('west', [0, 0.5]);
    const east = candidate('east', [0.45, 0.8], { hour: 11 });
    const later = candidate('later', [0.2, 1], { day: 18, days: 3 });
    const other = candidate('other', [0.9, 0.95], { day: 17, days: 2 });
    expect(idsOf([later, west, east, other])).toEqual(['west', 'east', 'later*']);
    const { covered, scenes } = chooseMosaic([later, west, east, other], coverage);
    expect(covered).toBeGreaterThan(0.99);
    expect(scenes.map(({ overlap }) => overlap.toFixed(2))).toEqual(['0.50', '0.35', '0.80']);
  });

  it('leaves out scenes that add no coverage, and ignores gaps below a per cent', () => {
    const main = candidate('main', [0, 0.995]);
    const inside = candidate('inside', [0.2, 0.4]);
    const sliver = candidate('sliver', [0.9, 1], { day: 18, days: 3 });
    expect(idsOf([main, inside, sliver])).toEqual(['main']);
  });

  it('keeps orbits of radar apart', () => {
    const radar = (orbit: number) => ({ 'sar:polarizations': ['VV'], 'sat:relative_orbit': orbit });
    const a = candidate('a', [0, 0.5], { properties: radar(37) });
    const b = candidate('b', [0.5, 0.9], { hour: 17, properties: radar(15) });
    const c = candidate('c', [0.4, 0.7], { properties: radar(37) });
    expect(idsOf([a, b, c])).toEqual(['a', 'c', 'b*']);
  });

  it('takes the newest of several processings of a scene', () => {
    const id = (baseline: string) =>
      `S2A_MSIL2A_20210715T104031_${baseline}_R008_T31UGR_${baseline === 'N0301' ? '2021' : '2023'}0716T000000`;
    const [old, recent] = ['N0301', 'N0500'].map((baseline) =>
      candidate(id(baseline), [0, 1], {
        properties: { 's2:processing_baseline': baseline === 'N0301' ? '03.01' : '05.00' },
      }),
    );
    expect(idsOf([old, recent])).toEqual([recent.row.id]);
  });

  it('is empty without scenes', () => {
    expect(chooseMosaic([], coverage)).toEqual({ scenes: [], covered: 0 });
    expect(chooseLikeSeed([], true)).toEqual({ scenes: [], covered: 0 });
  });
});

describe('the choice of the notebook', () => {
  it('is one scene, by exact coverage, clouds if they matter, days and time', () => {
    const a = candidate('a', [0, 0.998], { cloud: 1 });
    const b = candidate('b', [0, 1], { cloud: 20, days: 1 });
    const c = candidate('c', [0, 1], { cloud: 10, days: 3 });
    const idOf = (candidates: Candidate[], byCloud: boolean) =>
      chooseLikeSeed(candidates, byCloud).scenes.map(({ row }) => row.id);
    expect(idOf([a, b, c], true)).toEqual(['c']);
    expect(idOf([a, b, c], false)).toEqual(['b']);
  });
});
