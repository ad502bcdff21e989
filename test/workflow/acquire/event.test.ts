import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readEvent } from '../../../src/workflow/acquire/event.js';
import { temporaryFolder } from '../../support/files.js';
import { LUXEMBOURG_EVENT } from '../../support/luxembourg.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function read(changes: object) {
  const path = join(folder, 'event.json');
  await writeFile(path, JSON.stringify({ ...LUXEMBOURG_EVENT, ...changes }));
  return readEvent(path);
}

describe('an event file', () => {
  it('has the collections, assets and windows of the published notebook by default', async () => {
    const { modalities, phases } = await read({});
    expect(
      modalities.map(({ name, collection, windowDays, maxCloud }) => [
        name,
        collection,
        windowDays,
        maxCloud,
      ]),
    ).toEqual([
      ['S1RTC', 'sentinel-1-rtc', 4, undefined],
      ['S2L2A', 'sentinel-2-l2a', 10, 25],
      ['DEM', 'cop-dem-glo-30', 10, undefined],
    ]);
    expect(modalities[0].catalog).toBe('https://planetarycomputer.microsoft.com/api/stac/v1');
    expect(phases.map(({ name, direction }) => [name, direction])).toEqual([
      ['pre_month', 'before'],
      ['pre_event', 'before'],
      ['event', 'after'],
      ['post_event', 'after'],
    ]);
  });

  it('takes settings of phases and modalities', async () => {
    const { modalities, phases, targetCrs } = await read({
      target_crs: undefined,
      phase_order: ['event', 'pre_event'],
      phases: { event: { direction: 'any', window_days: 2 } },
      modalities: { S2L2A: { max_cloud: 60 }, TEMP: { collection: 'modis', assets: ['LST'], units: 'none' } },
    });
    expect(phases.map(({ name }) => name)).toEqual(['event', 'pre_event']);
    expect(phases[0]).toMatchObject({ direction: 'any', windowDays: 2 });
    expect(modalities.map(({ name, maxCloud }) => [name, maxCloud])).toEqual([
      ['S2L2A', 60],
      ['TEMP', undefined],
    ]);
    // 6.13° E is in zone 32, from 6° to 12°.
    expect(targetCrs).toBe('EPSG:32632');
  });

  it('may have its area in a vector file', async () => {
    const ring = [
      [6, 49],
      [7, 49],
      [6, 50],
      [6, 49],
    ];
    await writeFile(join(folder, 'area.geojson'), JSON.stringify({ type: 'Polygon', coordinates: [ring] }));
    const { bbox, area } = await read({ bbox: undefined, area: 'area.geojson' });
    expect(bbox).toEqual([6, 49, 7, 50]);
    expect(area).toHaveLength(1);
  });

  it('may cross the antimeridian', async () => {
    const { targetCrs, area } = await read({ bbox: [179, -18, -179, -16], target_crs: undefined });
    expect(targetCrs).toBe('EPSG:32701');
    expect(area).toHaveLength(2);
  });

  it.each<[string, object, RegExp]>([
    ['a missing name', { name: undefined }, /^.*event\.json is not valid: name: is missing; correct it\.?$/],
    ['an unknown key', { phase_date: {} }, /has the unknown key "phase_date"; did you mean "phase_dates"\?/],
    [
      'a reversed box',
      { bbox: [6.5282, 49.4426, 5.7333, 50.183] },
      /has the bbox .*, which is reversed or empty/,
    ],
    ['a box upside down', { bbox: [5.7333, 50.183, 6.5282, 49.4426] }, /which is reversed or empty/],
    ['a box in metres', { bbox: [263209, 5479596, 323536, 5564086] }, /which is not in degrees/],
    ['neither box nor area', { bbox: undefined }, /must have either bbox or area/],
    [
      'a date that is none',
      { phase_dates: { event: '2021-02-30' } },
      /has "2021-02-30" as phase_dates\.event, which is no date/,
    ],
    ['no phases', { phase_dates: {} }, /has no phase_dates/],
    [
      'a phase without a date',
      { phase_order: ['event', 'after'] },
      /names the phase after, which has no date/,
    ],
    ['a phase twice', { phase_order: ['event', 'event'] }, /names a phase twice/],
    [
      'an unknown time of the event',
      { phase_dates: { pre_event: '2021-07-01' } },
      /does not say when the event was, before which the phase pre_event is/,
    ],
    [
      'an unknown system',
      { target_crs: 'EPSG:99999999' },
      /has the target_crs "EPSG:99999999", which is unknown/,
    ],
    [
      'a modality that nothing is known of',
      { modalities: { X: {} } },
      /has no collection for the modality X/,
    ],
    ['clouds above all', { modalities: { S2L2A: { max_cloud: 101 } } }, /max_cloud: must be at most 100/],
  ])('is refused for %s', async (_, changes, message) => {
    await expect(read(changes)).rejects.toThrow(message);
  });
});
