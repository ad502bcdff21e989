import { describe, expect, it } from 'vitest';
import {
  combineSamplers,
  gridSampler,
  pairSampler,
  randomSampler,
  SampleArea,
  timeWindows,
} from '../../../src/catalog/samplers/index.js';
import { TimeInterval } from '../../../src/geo/node/index.js';
import { DAY, row, UTM } from './rows.js';

const metres = { crs: UTM, resolution: 1 };

describe('timeWindows', () => {
  const july = TimeInterval.parse('2021-07-01/2021-07-10');

  it('cuts an interval from its start', () => {
    const windows = [...timeWindows(july, { length: 3 * DAY })].map(String);
    expect(windows).toEqual([
      '2021-07-01T00:00:00.000Z/2021-07-03T23:59:59.999Z',
      '2021-07-04T00:00:00.000Z/2021-07-06T23:59:59.999Z',
      '2021-07-07T00:00:00.000Z/2021-07-09T23:59:59.999Z',
    ]);
    expect(timeWindows(july, { length: 3 * DAY, stride: DAY })).toHaveLength(8);
    expect(timeWindows(july, { length: 11 * DAY })).toHaveLength(0);
  });

  it('refuses open ends and empty lengths', () => {
    expect(() => timeWindows(TimeInterval.always, { length: DAY })).toThrow('the time ../.. has an open end');
    expect(() => timeWindows(july, { length: 0 })).toThrow('length cannot be 0');
  });
});

describe('torchgeo 0.10: SpatioTemporalSampler', () => {
  const area = SampleArea.of(
    [
      row('a', [0, 0, 20, 10], { interval: '2021-07-01' }),
      row('b', [0, 0, 10, 10], { interval: '2021-07-02' }),
    ],
    metres,
  );
  const days = timeWindows(TimeInterval.parse('2021-07-01/2021-07-03'), { length: DAY });

  it('sequential @ sequential: each chip at each time', () => {
    const chips = [...combineSamplers(gridSampler(area, { size: 10 }), days, 'product')];
    expect(
      chips.map(({ index, window, slice }) => [index, window.x, new Date(slice.interval.start).getUTCDate()]),
    ).toEqual([
      [0, 0, 1],
      [1, 0, 2],
      [2, 0, 3],
      [3, 10, 1],
      [4, 10, 2],
      [5, 10, 3],
    ]);
  });

  it('samples only where and when there is a row', () => {
    const chips = [...combineSamplers(gridSampler(area, { size: 10 }), days, 'product', area)];
    expect(
      chips.map(({ index, window, slice }) => [index, window.x, new Date(slice.interval.start).getUTCDate()]),
    ).toEqual([
      [0, 0, 1],
      [1, 0, 2],
      [2, 10, 1],
    ]);
  });

  it('random @ random: one by one', () => {
    const chips = combineSamplers(randomSampler(area, { size: 4, count: 3 }), days, 'zip');
    expect([...chips].map(({ slice }) => new Date(slice.interval.start).getUTCDate())).toEqual([1, 2, 3]);
    expect(() => combineSamplers(randomSampler(area, { size: 4, count: 2 }), days, 'zip')).toThrow(
      'how cannot be zip for 2 chips and 3 times',
    );
  });
});

describe('pairSampler', () => {
  const at = (id: string, day: number, x0 = 0, x1 = 100): ReturnType<typeof row> =>
    row(id, [x0, 0, x1, 100], { interval: TimeInterval.instant(day * DAY) });

  it('pairs two rows of one area with a gap in range, before and after', () => {
    const area = SampleArea.of([at('a', 0), at('b', 5), at('c', 12), at('d', 40)], metres);
    const pairs = [...pairSampler(area, { size: 10, count: 300, gap: [5 * DAY, 12 * DAY] })];
    const counts = new Map<string, number>();
    for (const { before, after } of pairs) {
      expect(before.geobox.equals(after.geobox)).toBe(true);
      expect(before.slice.interval.end).toBe(before.row?.interval.end);
      const key = `${before.row?.id}${after.row?.id}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['ab', 'ac', 'bc']);
    // Standard deviation: 8.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  it('skips rows that do not cover the chip, and rows without a date', () => {
    const dem = row('dem', [0, 0, 100, 100], { interval: TimeInterval.always });
    const area = SampleArea.of([at('a', 0), at('b', 5, 0, 40), dem], metres);
    for (const { before, after } of pairSampler(area, { size: 10, count: 20, gap: [0, 10 * DAY] })) {
      expect([before.row?.id, after.row?.id]).toEqual(['a', 'b']);
      expect(before.window.x + 10).toBeLessThanOrEqual(40);
    }
  });

  it('gives any number of workers the same pairs', () => {
    const area = SampleArea.of([at('a', 0), at('b', 5), at('c', 12)], metres);
    const pairs = pairSampler(area, { size: 10, count: 9, gap: [0, 20 * DAY], seed: 4 });
    const key = ({ before, after }: typeof pairs extends Iterable<infer T> ? T : never): string =>
      [before.row?.id, after.row?.id, ...before.geobox.bounds].join();
    const parts = [0, 1].map((k) => [...pairs.share(k, 2)].map(key));
    expect([...pairs].map(key)).toEqual([...pairs].map((_, k) => parts[k % 2][k >> 1]));
  });

  it('is an error without a pair', () => {
    const area = SampleArea.of([at('a', 0), at('b', 5)], metres);
    const pairs = pairSampler(area, { size: 10, count: 1, gap: [6 * DAY, 7 * DAY], tries: 3 });
    expect(() => pairs.at(0)).toThrow(
      'has no two rows with a gap of 518400000 to 604800000 ms at any of 3 places',
    );
    expect(() => pairSampler(area, { size: 10, count: 1, gap: [2, 1] })).toThrow('gap cannot be 2 to 1');
  });
});
