import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  CLC_CLASSES,
  CLC_GROUPS,
  getAssetHrefs,
  imagesOf,
  RapidAi4EoLocations,
} from '../../../src/archives/index.js';
import { PlaceQuery } from '../../../src/catalog/place-query.js';
import type { Bounds } from '../../../src/geo/index.js';

/** The box around Berlin of the corpus' tutorial. */
const BERLIN: Bounds = [13.05, 52.35, 13.72, 52.69];

const [COLUMNS, ROWS] = [1000, 500];

/**
 * 500,000 squares in a lattice of which 18 × 11 lie in the box around Berlin, with space around each. The first 2753 are
 * half coniferous forest; the next 461 are broad-leaved and mixed in equal parts.
 */
function corpus(): RapidAi4EoLocations {
  const count = COLUMNS * ROWS;
  const ids: string[] = [];
  const coordinates = new Float64Array(10 * count);
  const [dx, dy, half] = [0.67 / 18, 0.34 / 11, 0.004];
  for (let row = 0; row < count; row++) {
    const [column, line] = [row % COLUMNS, Math.floor(row / COLUMNS)];
    ids.push(`33N_18E-242N_${line}_${column}`);
    const x = BERLIN[0] + dx * (column - 400 + 0.5);
    const y = BERLIN[1] + dy * (line - 250 + 0.5);
    const [west, south, east, north] = [x - half, y - half, x + half, y + half];
    coordinates.set([west, south, east, south, east, north, west, north, west, south], 10 * row);
  }
  const shares = CLC_CLASSES.map(() => new Float32Array(count));
  const column = (code: string): Float32Array => shares[CLC_CLASSES.findIndex((each) => each.code === code)];
  column('312').fill(0.5, 0, 2753);
  column('311').fill(0.25, 2753, 3214);
  column('313').fill(0.25, 2753, 3214);
  const offsets = Uint32Array.from({ length: count + 1 }, (_, k) => 10 * k);
  return new RapidAi4EoLocations({ ids, coordinates, offsets, shares });
}

afterEach(() => vi.restoreAllMocks());

describe('500,000 locations', () => {
  const locations = corpus();

  it('are found by a box, with comparisons only near it', () => {
    const compared = vi.spyOn(PlaceQuery.prototype, 'matchesBox');
    const ids = locations.query({ geometry: BERLIN });
    expect(ids).toHaveLength(198);
    expect(ids[0]).toBe('33N_18E-242N_250_400');
    expect(compared.mock.calls.length).toBe(198);
    expect(getAssetHrefs(ids)).toHaveLength(60_192);
  });

  it('are found by an outline that they intersect, or that contains them', () => {
    // Its diagonal cuts squares, which are then not within it.
    const triangle = {
      type: 'Polygon',
      coordinates: [
        [
          [13.05, 52.35],
          [13.72, 52.35],
          [13.05, 52.69],
          [13.05, 52.35],
        ],
      ],
    };
    const meeting = locations.query({ geometry: triangle });
    const within = locations.query({ geometry: triangle, predicate: 'within' });
    // Square (i, j) has its centre at ((i + 0.5) / 18, (j + 0.5) / 11) of the box. The diagonal is u + v = 1, and a
    // square's corners lie up to 0.004 / 0.67 + 0.004 / 0.34 from its centre in u + v.
    const reach = 0.004 / 0.67 + 0.004 / 0.34;
    const sums = Array.from(
      { length: 198 },
      (_, k) => ((k % 18) + 0.5) / 18 + (Math.floor(k / 18) + 0.5) / 11,
    );
    expect(meeting).toHaveLength(sums.filter((sum) => sum - reach < 1).length);
    expect(within).toHaveLength(sums.filter((sum) => sum + reach < 1).length);
    expect(meeting.length).toBeGreaterThan(within.length);
  });

  it('are found by the share of a class or group', () => {
    expect(CLC_CLASSES).toHaveLength(44);
    expect(CLC_GROUPS).toHaveLength(15);
    const conifers = locations.query({ classes: [{ code: 312, atLeast: 0.5 }] });
    expect(getAssetHrefs(conifers, { products: 'pfsr' })).toHaveLength(401_938);
    const forests = locations.query({ classes: [{ code: 'Forest', atLeast: 0.5 }] });
    expect(getAssetHrefs(forests, { products: ['pfsr', 's2'], temporalFilter: '2018' })).toHaveLength(
      273_190,
    );
    expect(locations.query({ classes: [{ code: '31' }, { code: '312', atMost: 0.1 }] })).toHaveLength(461);
    expect(locations.query({ classes: [{ code: 3, atLeast: 0.6 }] })).toEqual([]);
    expect(locations.shareOf(3000, 31)).toBe(0.5);
  });

  it('give a catalog of their images', () => {
    const found = locations.catalog.query({ geometry: BERLIN });
    const images = imagesOf(found, { products: ['pfsr', 'pfqa', 's2'], temporalFilter: '2018-05' });
    expect(images.length).toBe(198 * 13);
    expect(images.filter(({ assets }) => Object.values(assets)[0].roles?.[0] === 'data').length).toBe(1386);
    const { id, interval, properties } = images.row(0);
    expect(id).toBe('33N_18E-242N_250_400_pfsr_2018-05-03');
    expect(String(interval)).toBe('2018-05-03T00:00:00.000Z/2018-05-03T23:59:59.999Z');
    expect(properties).toMatchObject({ sample_id: '33N_18E-242N_250_400', product: 'pfsr', clc_31: 0 });
    expect(images.query({ geometry: BERLIN, interval: '2018-05-14/2018-05-16' }).length).toBe(198);
  });

  it('refuse unknown classes and shares', () => {
    expect(() => locations.query({ classes: [{ code: 'Coniferous forests' }] })).toThrow(
      /did you mean "Coniferous forest"/,
    );
    expect(() => locations.query({ classes: [{ code: 312, atLeast: 50 }] })).toThrow(
      /atLeast is 50, which is no share/,
    );
  });
});
