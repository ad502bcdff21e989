import { describe, expect, it } from 'vitest';
import { balancedSampler, rowSampler, Sequence } from '../../../src/catalog/samplers/index.js';
import { GeoBox, TimeInterval } from '../../../src/geo/node/index.js';
import { from, near, row, UTM } from './rows.js';

const metres = { crs: UTM, resolution: 1 };

describe('torchgeo tests/samplers/test_single.py TestPreChippedGeoSampler', () => {
  const rows = [row('a', [0, 0, 20, 20]), row('b', [0, 0, 30, 30])];

  it('test_len', () => {
    expect(rowSampler(rows, { grid: metres, seed: 1 })).toHaveLength(2);
  });

  it('test_iter: rows whole, in their order', () => {
    const chips = [...rowSampler(rows, { grid: metres })];
    expect(chips.map(({ slice }) => from(slice.bounds))).toEqual([
      [0, 0, 20, 20],
      [0, 0, 30, 30],
    ]);
    expect(chips.map(({ index, row: own }) => [index, own?.id])).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
  });

  it('test_roi', () => {
    const roi = { geometry: near([5, 5, 15, 15]), crs: UTM };
    for (const { slice } of rowSampler(rows, { grid: metres, roi }))
      expect(from(slice.bounds)).toEqual([5, 5, 15, 15]);
    const aside = { geometry: near([25, 25, 60, 60]), crs: UTM };
    expect([...rowSampler(rows, { grid: metres, roi: aside })].map(({ row: own }) => own?.id)).toEqual(['b']);
  });

  it('test_toi', () => {
    const interval = TimeInterval.parse('2021-07-01T03:00:00Z/2021-07-01T09:00:00Z');
    for (const { slice } of rowSampler(rows, { grid: metres, interval }))
      expect(slice.interval.equals(interval)).toBe(true);
    expect(rowSampler(rows, { grid: metres, interval: TimeInterval.parse('2022-01') })).toHaveLength(0);
  });

  it('test_point_data', () => {
    const points = [row('p', [0, 0, 0, 0]), row('q', [1, 1, 1, 1])];
    const sizes = [...rowSampler(points, { grid: metres })].map(({ geobox }) => geobox.pixelCount);
    expect(sizes).toEqual([1, 1]);
  });

  it('test_shuffle_seed', () => {
    const many = Array.from({ length: 20 }, (_, k) => row(`r${k}`, [0, 0, 10 + k, 10]));
    const order = (seed: number): (string | undefined)[] =>
      [...rowSampler(many, { grid: metres, seed })].map(({ row: own }) => own?.id);
    expect(order(0)).toEqual(order(0));
    expect(order(0)).not.toEqual(order(1));
    expect(new Set(order(0)).size).toBe(20);
  });
});

describe('rowSampler', () => {
  it('takes the pixels of each row’s file', () => {
    const geobox = GeoBox.fromSize(near([0, 0, 64, 32]), UTM, 16, 8);
    const [chip] = rowSampler([row('a', [0, 0, 64, 32], { geobox })]);
    expect(chip.geobox).toBe(geobox);
  });

  it('names a row without a grid', () => {
    expect(() => rowSampler([row('a', [0, 0, 1, 1])])).toThrow(
      'the row a does not declare a pixel grid; give a grid',
    );
  });
});

describe('balancedSampler (torchgeo#1883)', () => {
  const items = Sequence.of(Array.from({ length: 100 }, (_, k) => ({ k, cover: k < 95 ? 'land' : 'water' })));

  it('draws classes equally often, and rows of a class without replacement', () => {
    const drawn = [...balancedSampler(items, ({ cover }) => cover, { count: 40, seed: 3 })];
    for (let k = 0; k < 40; k += 2) expect(new Set([drawn[k].cover, drawn[k + 1].cover]).size).toBe(2);
    const water = drawn.filter(({ cover }) => cover === 'water').map(({ k }) => k);
    for (let pass = 0; pass < 4; pass++)
      expect([...water.slice(pass * 5, pass * 5 + 5)].sort((a, b) => a - b)).toEqual([95, 96, 97, 98, 99]);
    expect(new Set(drawn.filter(({ cover }) => cover === 'land').map(({ k }) => k)).size).toBe(20);
  });

  it('takes weights', () => {
    const weights = { land: 1, water: 3 };
    const drawn = [...balancedSampler(items, ({ cover }) => cover, { count: 2000, weights })];
    const share = drawn.filter(({ cover }) => cover === 'water').length / 2000;
    // Standard deviation: 0.01.
    expect(Math.abs(share - 0.75)).toBeLessThan(0.04);
    expect(() => balancedSampler(items, ({ cover }) => cover, { count: 1, weights: { ice: 1 } })).toThrow(
      'weights has the class ice, which no item has; choose of land, water',
    );
  });

  it('splits one sequence among workers', () => {
    const sampler = balancedSampler(items, ({ cover }) => cover, { count: 21, seed: 5 });
    const parts = [0, 1, 2].map((k) => [...sampler.share(k, 3)]);
    expect([...sampler]).toEqual([...sampler].map((_, k) => parts[k % 3][Math.floor(k / 3)]));
  });
});
