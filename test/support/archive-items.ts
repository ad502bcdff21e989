/** Items for the archive's server: one scene per day, at adjacent positions. */
import type { ArchiveItem } from './archive-search.js';

/** `count` items of a collection from 2021-07-01 on, each a tenth of a degree wide, starting at 6° east and 49° north. */
export function dailyItems(count: number, collection = 'scenes'): ArchiveItem[] {
  return Array.from({ length: count }, (_, k) => {
    const [west, south] = [6 + (k % 10) / 10, 49 + Math.floor(k / 10) / 10];
    const [east, north] = [west + 0.1, south + 0.1];
    const datetime = new Date(Date.UTC(2021, 6, 1 + k, 10, 30)).toISOString();
    return {
      type: 'Feature',
      stac_version: '1.0.0',
      id: `${collection}-${String(k).padStart(3, '0')}`,
      collection,
      bbox: [west, south, east, north],
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
          ],
        ],
      },
      properties: { datetime, 'eo:cloud_cover': (37 * k) % 100, platform: k % 2 === 0 ? 'a' : 'b' },
      links: [],
      assets: { data: { href: `{BASE}/blobs/archive/data/${k}.tif`, type: 'image/tiff', roles: ['data'] } },
    };
  });
}
