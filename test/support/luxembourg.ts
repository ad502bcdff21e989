/**
 * Items of the flood of Luxembourg in July 2021. Ids, dates, clouds and overlaps of chosen scenes are those that the
 * published acquisition notebook prints (LuxProvide, SCynergy 2026, notebook 1); footprints are those of the tiling grid
 * of Sentinel-2 (tile T31UGR: EPSG:32631, 699960 to 809760 and 5490240 to 5600040) and of the Copernicus DEM.
 */
import { Crs, createTransform } from '../../src/geo/index.js';

type Ring = readonly (readonly [number, number])[];

/** A tile of Sentinel-2's grid in longitude and latitude, by its upper left corner in EPSG:32631. */
function tileRing(west: number, north: number): Ring {
  const { forward } = createTransform(Crs.parse('EPSG:32631'), Crs.wgs84);
  const [east, south] = [west + 109_800, north - 109_800];
  const corners = [
    [west, north],
    [west, south],
    [east, south],
    [east, north],
  ];
  return corners.map(([x, y]): [number, number] => {
    const [longitude, latitude] = forward(x, y);
    return [longitude, latitude];
  });
}

/** The tile of the notebook, and those south and west of it, with the rest of the country. */
const TILES = {
  T31UGR: tileRing(699_960, 5_600_040),
  T31UGQ: tileRing(699_960, 5_500_020),
  T31UFR: tileRing(600_000, 5_600_040),
};

/** A swath that covers the whole country. */
const SWATH: Ring = [
  [4, 48],
  [8, 48],
  [8, 52],
  [4, 52],
];

export const OPTICAL_BANDS = [
  'B01',
  'B02',
  'B03',
  'B04',
  'B05',
  'B06',
  'B07',
  'B08',
  'B8A',
  'B09',
  'B11',
  'B12',
];

/** An item as returned by an API. */
export function stacItem(
  id: string,
  collection: string,
  ring: Ring,
  properties: Readonly<Record<string, unknown>>,
  assets: readonly string[],
  hrefOf = (key: string) => `https://example.blob.core.windows.net/${collection}/${id}/${key}.tif`,
) {
  const [xs, ys] = [ring.map(([x]) => x), ring.map(([, y]) => y)];
  return {
    type: 'Feature',
    stac_version: '1.0.0',
    id,
    collection,
    geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] },
    bbox: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    properties,
    links: [],
    assets: Object.fromEntries(
      assets.map((key) => [
        key,
        { href: hrefOf(key), type: 'image/tiff; application=geotiff', roles: ['data'] },
      ]),
    ),
  };
}

function optical(date: string, tile: keyof typeof TILES, cloud: number, more: object = {}) {
  const day = date.replaceAll('-', '');
  return stacItem(
    `S2A_MSIL2A_${day}T104031_R008_${tile}_${day}T200000`,
    'sentinel-2-l2a',
    TILES[tile],
    {
      datetime: `${date}T10:40:31.024000Z`,
      'eo:cloud_cover': cloud,
      's2:processing_baseline': '03.01',
      's2:mgrs_tile': tile.slice(1),
      'sat:relative_orbit': 8,
      ...more,
    },
    OPTICAL_BANDS,
  );
}

function radar(start: string, orbit: number, state: string) {
  const compact = start.replace(/[-:]/g, '');
  return stacItem(
    `S1A_IW_GRDH_1SDV_${compact}_${compact}_038799_049416_rtc`,
    'sentinel-1-rtc',
    SWATH,
    {
      datetime: `${start}.000000Z`,
      'sat:orbit_state': state,
      'sat:relative_orbit': orbit,
      'sar:polarizations': ['VV', 'VH'],
    },
    ['vv', 'vh'],
  );
}

/** A tile of the Copernicus DEM, 1° per side; pixels are areas around whole arc seconds (3″/2 north of 50°). */
function elevation(longitude: number, latitude: number) {
  const [x, y] = [longitude - (latitude < 50 ? 1 / 7200 : 1 / 4800), latitude + 1 / 7200];
  const ring: Ring = [
    [x, y],
    [x + 1, y],
    [x + 1, y + 1],
    [x, y + 1],
  ];
  const id = `Copernicus_DSM_COG_10_N${latitude}_00_E00${longitude}_00_DEM`;
  return stacItem(id, 'cop-dem-glo-30', ring, { datetime: '2021-04-22T00:00:00Z' }, ['data']);
}

/** The items of a catalog for the event, unordered. */
export const LUXEMBOURG_ITEMS = [
  optical('2021-06-11', 'T31UGR', 16.999946),
  optical('2021-06-16', 'T31UGR', 71),
  optical('2021-06-11', 'T31UGQ', 9),
  optical('2021-07-01', 'T31UGR', 88),
  optical('2021-07-06', 'T31UGR', 64),
  optical('2021-07-11', 'T31UGR', 91),
  optical('2021-07-16', 'T31UGR', 99),
  optical('2021-07-21', 'T31UGR', 3.280537),
  optical('2021-07-21', 'T31UFR', 1),
  optical('2021-07-21', 'T31UGQ', 2),
  optical('2021-07-26', 'T31UGR', 55),
  radar('2021-06-16T05:42:40', 139, 'descending'),
  radar('2021-06-19T17:25:00', 15, 'ascending'),
  radar('2021-07-10T05:42:42', 139, 'descending'),
  radar('2021-07-15T05:50:52', 37, 'descending'),
  elevation(5, 49),
  elevation(6, 49),
  elevation(5, 50),
  elevation(6, 50),
  elevation(7, 49),
];

/** The event of the notebook. */
export const LUXEMBOURG_EVENT = {
  name: 'luxembourg_flood_2021_multimodal',
  bbox: [5.7333, 49.4426, 6.5282, 50.183],
  target_crs: 'EPSG:32632',
  phase_dates: {
    pre_month: '2021-06-15',
    pre_event: '2021-07-11',
    event: '2021-07-15',
    post_event: '2021-07-18',
  },
};
