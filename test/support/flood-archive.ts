/** The archive of a small flood: scenes of two phases, an elevation tile, and the flood's outline, behind signatures. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Affine, allocateArray, Crs, createTransform, GeoBox } from '../../src/geo/node/index.js';
import { type CogOptions, writeCog } from '../../src/raster/node/index.js';
import { type ArchiveServer, startArchiveServer } from './archive-server.js';
import { stacItem } from './luxembourg.js';

/** The scenes' grid: 160 pixels of 10 m per side. */
const GRID = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_500_000), 160, 160);
const PHASES = { pre_event: '2021-07-11', event: '2021-07-15' };

/** The expired signature in the addresses of items. */
export const OLD_SIGNATURE = '?st=2020-01-01T00%3A00%3A00Z&se=2020-01-02T00%3A00%3A00Z&sp=rl&sig=OLD-SECRET';

export interface FloodArchive {
  readonly server: ArchiveServer;
  /** The event file. */
  readonly event: string;
  /** The document of the event file. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Writes the files of the archive into a folder, and starts its server. */
export async function startFloodArchive(folder: string): Promise<FloodArchive> {
  const { forward } = createTransform(Crs.parse('EPSG:32632'), Crs.wgs84);
  const lonLat = (column: number, row: number): [number, number] => {
    const [longitude, latitude] = forward(...GRID.transform.apply(column, row));
    return [longitude, latitude];
  };
  const ring = [lonLat(0, 160), lonLat(160, 160), lonLat(160, 0), lonLat(0, 0)];
  const [west, south] = lonLat(40, 120);
  const [east, north] = lonLat(120, 40);
  const write = async (
    name: string,
    dtype: 'float32' | 'uint8' | 'uint16',
    pixel: (x: number, y: number) => number,
  ) => {
    const plane = allocateArray(dtype, GRID.pixelCount);
    for (let k = 0; k < plane.length; k++) plane[k] = pixel(k % 160, Math.floor(k / 160));
    const layout: CogOptions = { geobox: GRID, bands: 1, dtype, nodata: 0, blockSize: 64 };
    await writeCog(join(folder, `${name}.tif`), [plane], layout);
  };
  const hrefOf = (id: string) => (key: string) =>
    `{BASE}/blobs/archive/data/${id}-${key}.tif${OLD_SIGNATURE}`;
  const items = [];
  for (const [phase, date] of Object.entries(PHASES)) {
    const isWet = (x: number): boolean => phase === 'event' && x > 70 && x < 95;
    const radar = `s1-${phase}`;
    for (const [k, band] of ['vv', 'vh'].entries()) {
      const decibel = (x: number, y: number): number =>
        (isWet(x) ? -20 : -9) - 6 * k + 1.5 * Math.sin(x / 3) * Math.cos(y / 4);
      await write(`${radar}-${band}`, 'float32', (x, y) => 10 ** (decibel(x, y) / 10));
    }
    const orbit = { 'sat:orbit_state': 'descending', 'sat:relative_orbit': 37 };
    items.push(
      stacItem(
        radar,
        'sentinel-1-rtc',
        ring,
        { datetime: `${date}T05:50:52Z`, ...orbit },
        ['vv', 'vh'],
        hrefOf(radar),
      ),
    );
    // One scene after the event, and one before it.
    const day = phase === 'event' ? '2021-07-16' : '2021-07-10';
    const optical = `s2-${phase}`;
    await write(`${optical}-B02`, 'uint16', (x, y) => 1500 + 3 * x + y);
    await write(`${optical}-SCL`, 'uint8', (x) => (x > 110 ? 9 : 4));
    const properties = {
      datetime: `${day}T10:40:31Z`,
      'eo:cloud_cover': 20,
      's2:processing_baseline': '03.01',
    };
    items.push(stacItem(optical, 'sentinel-2-l2a', ring, properties, ['B02', 'SCL'], hrefOf(optical)));
  }
  await write('dem-data', 'float32', (x, y) => 200 + x + y / 2);
  const tile = { datetime: '2021-04-22T00:00:00Z' };
  items.push(stacItem('dem', 'cop-dem-glo-30', ring, tile, ['data'], hrefOf('dem')));
  const outline = [lonLat(71, 120), lonLat(95, 120), lonLat(95, 40), lonLat(71, 40), lonLat(71, 120)];
  const flood = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [outline] } };
  await writeFile(
    join(folder, 'flood.geojson'),
    JSON.stringify({ type: 'FeatureCollection', features: [flood] }),
  );
  const server = await startArchiveServer({ folder, items, signed: true });
  const document = {
    name: 'small-flood',
    bbox: [west, south, east, north],
    target_crs: 'EPSG:32632',
    phase_dates: PHASES,
    catalog: `${server.url}/stac`,
    modalities: { S1RTC: {}, S2L2A: { assets: ['B02'] }, DEM: {} },
    label: { href: 'flood.geojson' },
  };
  const event = join(folder, 'event.json');
  await writeFile(event, JSON.stringify(document));
  return { server, event, document };
}
