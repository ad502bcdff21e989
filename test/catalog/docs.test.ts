import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { catalogFromStac, GeoCatalog, temporalPairs } from '../../src/catalog/node/index.js';
import { boxOutline, catalogRow, idsOf } from '../support/catalog.js';

const DAY = 86_400_000;

/** Items of two tiles in July 2021, the first of them processed twice. */
const items = [
  ['S2A_MSIL2A_20210715T105031_N0301_R051_T31UFS_20210715T142302', 12, '03.01', '2021-07-15T10:50:31Z'],
  ['S2A_MSIL2A_20210715T105031_N0500_R051_T31UFS_20230131T000000', 12, '05.00', '2021-07-15T10:50:31Z'],
  ['S2B_MSIL2A_20210720T104619_N0301_R051_T31UFS_20210720T134222', 70, '03.01', '2021-07-20T10:46:19Z'],
  ['S2B_MSIL2A_20210718T103629_N0301_R008_T31UGR_20210718T132419', 3, '03.01', '2021-07-18T10:36:29Z'],
].map(([id, cloudCover, baseline, datetime]) => ({
  type: 'Feature',
  id,
  collection: 'sentinel-2-l2a',
  geometry: { type: 'Polygon', coordinates: boxOutline([5.6, 49.4, 6.6, 50.4]) },
  properties: { datetime, 'eo:cloud_cover': cloudCover, 's2:processing_baseline': baseline },
  links: [],
  assets: { B04: { href: 'B04.tif' } },
}));
const radar = GeoCatalog.from([catalogRow('S1', [5, 49, 7, 50], '2021-07-14T17:25:00Z')]);

it('the example of docs/catalog.md runs', () => {
  // docs
  const scenes = catalogFromStac(items);
  const found = scenes
    .query({ geometry: [293_000, 5_480_000, 320_000, 5_500_000], crs: 'EPSG:32632', interval: '2021-07' })
    .where("eo:cloud_cover < 20 and id like 'S2%'");
  const newest = found.union(GeoCatalog.empty, { dedupe: 'newest' });
  const both = newest.padInterval(3 * DAY).intersect(radar);
  const pairs = temporalPairs(newest, newest, { maxGap: 12 * DAY, nearest: true });
  // end
  expect(found).toHaveLength(3);
  expect(idsOf(newest)).toEqual([items[1].id, items[3].id]);
  expect(idsOf(both.parents(0))).toEqual([items[1].id]);
  expect(both.explainIntersection(radar).message).toMatch(/1 pairs/);
  expect(pairs.map(({ first, second }) => [first.id, second.id])).toEqual([[items[1].id, items[3].id]]);

  const [, shown] =
    /```ts\n[^`]*?(const scenes[\s\S]*?)```/.exec(readFileSync('docs/catalog.md', 'utf8')) ?? [];
  const [, ran] =
    /\/\/ docs\n([\s\S]*?) *\/\/ end\n/.exec(readFileSync('test/catalog/docs.test.ts', 'utf8')) ?? [];
  const plain = (text: string): string =>
    text
      .replace(/\/\/.*$/gm, '')
      .replace(/\s+/g, ' ')
      .trim();
  expect(plain(shown ?? '')).toBe(plain(ran ?? ''));
});
