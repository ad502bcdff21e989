/** A small event in an archive on this machine: two phases of radar, one of them in two scenes, optical scenes, and a DEM. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GeoBox } from '../../src/geo/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import type { ArchiveItem } from './archive-search.js';
import { temporaryFolder } from './files.js';

const CRS = 'EPSG:32632';

/** 60 × 60 pixels of 10 m. */
const [WEST, SOUTH, SIDE] = [300_000, 5_500_000, 600];

/** Part of the square: columns of 10 m. */
const columns = (from: number, to: number): GeoBox =>
  GeoBox.fromBounds([WEST + 10 * from, SOUTH, WEST + 10 * to, SOUTH + SIDE], CRS, 10, {
    boundsCrs: CRS,
    anchor: 'snap',
  });

type Kind = 'uint8' | 'uint16' | 'float32';

/** The event file of the archive. @param url of the STAC API @param label of the flood */
export function smallEvent(url: string, label: string): object {
  const [west, south, east, north] = boundsInDegrees(columns(4, 56));
  return {
    name: 'small',
    bbox: [west, south + 0.0003, east, north - 0.0003],
    target_crs: CRS,
    phase_dates: { pre_event: '2021-07-10', event: '2021-07-15' },
    catalog: url,
    modalities: { S1RTC: {}, S2L2A: { assets: ['B02'], max_cloud: 30 }, DEM: {} },
    label: { href: label },
  };
}

function boundsInDegrees(grid: GeoBox): [number, number, number, number] {
  const ring = grid.footprint();
  const [xs, ys] = [ring.map(([x]) => x), ring.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Flooded ground: the right half of the square. */
export function smallFlood(): object {
  return { type: 'Polygon', coordinates: [columns(30, 60).footprint()] };
}

/** The files of the archive by their paths, and its items, whose addresses are `{BASE}/blobs/archive/CONTAINER/PATH`. */
export async function smallArchive(): Promise<{ files: Record<string, Uint8Array>; items: ArchiveItem[] }> {
  const folder = await temporaryFolder();
  const files: Record<string, Uint8Array> = {};
  const items: ArchiveItem[] = [];

  const raster = async (name: string, grid: GeoBox, dtype: Kind, value: (x: number, y: number) => number) => {
    const first = Math.round((grid.bounds[0] - WEST) / 10);
    const numbers = Array.from({ length: grid.pixelCount }, (_, k) =>
      value(first + (k % grid.width), Math.floor(k / grid.width)),
    );
    const values = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array }[dtype].from(numbers);
    const nodata = dtype === 'float32' ? -32768 : 0;
    await writeCog(join(folder, 'image.tif'), [values], { geobox: grid, bands: 1, dtype, nodata });
    files[name] = await readFile(join(folder, 'image.tif'));
  };
  const item = (
    id: string,
    collection: string,
    grid: GeoBox,
    properties: object,
    keys: readonly string[],
  ) => {
    const assets = keys.map((key) => [
      key,
      { href: `{BASE}/blobs/archive/${collection}/${id}/${key}.tif`, type: 'image/tiff', roles: ['data'] },
    ]);
    items.push({
      type: 'Feature',
      stac_version: '1.0.0',
      id,
      collection,
      geometry: { type: 'Polygon', coordinates: [grid.footprint()] },
      bbox: boundsInDegrees(grid),
      properties: { ...properties },
      links: [],
      assets: Object.fromEntries(assets),
    });
  };

  const radar = async (id: string, datetime: string, grid: GeoBox, isFlooded: boolean) => {
    const properties = {
      datetime,
      'sar:polarizations': ['VV', 'VH'],
      'sat:orbit_state': 'descending',
      'sat:relative_orbit': 139,
    };
    item(id, 'sentinel-1-rtc', grid, properties, ['vv', 'vh']);
    for (const [key, land] of [
      ['vv', 0.1],
      ['vh', 0.02],
    ] as const) {
      const power = (x: number, y: number): number =>
        (isFlooded && x >= 30 ? land / 40 : land) * (1 + ((x * 7 + y * 13) % 10) / 50);
      await raster(`${id}/${key}.tif`, grid, 'float32', power);
    }
  };
  const optical = async (id: string, datetime: string, baseline: string, cloudy: number) => {
    const properties = { datetime, 'eo:cloud_cover': 20, 's2:processing_baseline': baseline };
    item(id, 'sentinel-2-l2a', columns(0, 60), properties, ['B02', 'SCL']);
    await raster(`${id}/B02.tif`, columns(0, 60), 'uint16', (x, y) => 1200 + 10 * x + y);
    // Vegetation, and clouds of high probability in the leftmost columns.
    await raster(`${id}/SCL.tif`, columns(0, 60), 'uint8', (x) => (x < cloudy ? 9 : 4));
  };

  await radar('S1_before_west', '2021-07-10T05:42:40Z', columns(0, 35), false);
  await radar('S1_before_east', '2021-07-10T05:43:05Z', columns(30, 60), false);
  await radar('S1_event', '2021-07-15T05:50:52Z', columns(0, 60), true);
  await optical('S2_cloudy', '2021-07-09T10:40:31Z', '03.01', 45);
  await optical('S2_before', '2021-07-06T10:40:31Z', '03.01', 0);
  await optical('S2_after', '2021-07-18T10:40:31Z', '04.00', 10);
  item('DEM_square', 'cop-dem-glo-30', columns(0, 60), { datetime: '2021-04-22T00:00:00Z' }, ['data']);
  await raster('DEM_square/data.tif', columns(0, 60), 'float32', (x, y) => 200 + x + 2 * y);
  return { files, items };
}
