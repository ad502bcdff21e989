// Seeds of catalogs, vector files and STAC items: written by terrachip, from the tests' fixtures, and small real files.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GeoCatalog, writeCatalog, writeStacGeoParquet } from 'terrachip/catalog';
import { TimeInterval } from 'terrachip/geo';
import { CATALOG, INDEX } from './catalog.js';

/** @typedef {import('./seeds.js').Seed} Seed */

const json = (value) => Buffer.from(JSON.stringify(value));

const square = (x, y, side = 1) => [
  [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]],
]; // biome-ignore format: a ring

/** Rows of every kind: without a footprint, across the antimeridian, with open and with closed intervals. */
function rows(count, text) {
  return Array.from({ length: count }, (_, k) => {
    const footprint =
      k % 9 === 0
        ? []
        : k % 7 === 0
          ? [square(179, k % 60), square(-180, k % 60)]
          : [square(k % 170, k % 80)];
    const start = Date.UTC(2015 + (k % 10), k % 12, 1);
    return {
      id: `row ${k}`,
      collection: k % 2 === 0 ? 'optical' : `radar ${text.slice(0, k % 5)}`,
      footprint,
      interval: k % 5 === 0 ? TimeInterval.always : new TimeInterval(start, start + 86_400_000),
      href: `${text}${k}.tif`,
      assets: {
        data: { href: `${k}.tif`, bands: [{ name: 'B1', index: 1, nodata: k % 3 === 0 ? Number.NaN : 0 }] },
      },
      properties: { 'eo:cloud_cover': k % 101, text, list: [k, null, { deep: [text] }] },
    };
  });
}

/** @returns {Seed} */
function catalogSeed(name, path) {
  const index = `${path}.index`;
  const files = { [CATALOG]: readFileSync(path) };
  if (existsSync(index)) files[INDEX] = readFileSync(index);
  return { kind: 'catalog', name, files };
}

async function catalogs() {
  const folder = mkdtempSync(join(tmpdir(), 'terrachip-fuzz-catalogs-'));
  try {
    const path = (name) => join(folder, `${name}.parquet`);
    await writeCatalog(GeoCatalog.from(rows(40, 'x')), path('small'), { rowGroupSize: 9 });
    await writeCatalog(GeoCatalog.from(rows(300, 'Straße 東京')), path('pages'));
    await writeCatalog(GeoCatalog.empty, path('empty'));
    const dated = GeoCatalog.from(rows(30, 'y')).filter(({ interval }) => Number.isFinite(interval.start));
    await writeStacGeoParquet(dated, path('items'), { rowGroupSize: 8 });
    const made = ['small', 'pages', 'empty', 'items'].map((name) => catalogSeed(name, path(name)));
    // A catalog is GeoParquet, and so also a vector file.
    return [
      ...made,
      ...made.map(({ name, files }) => ({ kind: 'parquet', name, files: { '': files[CATALOG] } })),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const feature = (geometry, properties) => ({ type: 'Feature', geometry, properties });

const GEOJSON = {
  type: 'FeatureCollection',
  features: [
    feature({ type: 'Polygon', coordinates: square(5, 49) }, { name: 'a', value: 1 }),
    feature({ type: 'MultiPolygon', coordinates: [square(179, 0), square(-180, 0)] }, { name: 'b' }),
    feature({ type: 'LineString', coordinates: [[0, 0], [1, 1], [2, 0]] }, null),
    feature({ type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 2, 3] }] }, {}),
  ],
}; // biome-ignore format: a document

/** A catalog as `saveCatalog` writes it. */
const CATALOG_GEOJSON = {
  type: 'FeatureCollection',
  features: [
    {
      ...feature(
        { type: 'MultiPolygon', coordinates: [square(5, 49)] },
        { cloud: 3, collection: 'c', href: 'a.tif', interval: ['2021-07-15T00:00:00.000Z', '..'] },
      ),
      id: 'a', assets: { data: { href: 'a.tif', bands: [{ name: 'B1', index: 1, nodata: 'nan' }] } },
    },
  ],
}; // biome-ignore format: a document

const TOPOJSON = {
  type: 'Topology',
  transform: { scale: [0.001, 0.001], translate: [5, 49] },
  objects: {
    areas: {
      type: 'GeometryCollection',
      geometries: [
        { type: 'Polygon', arcs: [[0, 1]], properties: { name: 'a' } },
        { type: 'MultiPolygon', arcs: [[[-2, 2]]], id: 'b' },
      ],
    },
  },
  arcs: [[[0, 0], [1000, 0], [0, 1000]], [[1000, 1000], [-1000, 0], [0, -1000]], [[1000, 1000], [500, -500], [-1500, -500]]],
}; // biome-ignore format: a document

const band = (name) => ({ name, common_name: name });

const STAC = [
  {
    type: 'Feature', stac_version: '1.0.0', id: 'S2B_31UDQ', collection: 'sentinel-2-l2a',
    stac_extensions: ['https://stac-extensions.github.io/projection/v1.1.0/schema.json'],
    geometry: { type: 'Polygon', coordinates: square(3, 50) }, bbox: [3, 50, 4, 51],
    properties: {
      datetime: '2021-07-15T10:50:31Z', 'proj:epsg': 32631, platform: 'sentinel-2b', 's2:processing_baseline': '03.01',
      'earthsearch:boa_offset_applied': true, 'eo:cloud_cover': 3.5,
    },
    assets: {
      red: {
        href: 'https://example.com/B04.tif', type: 'image/tiff; application=geotiff', roles: ['data'],
        'eo:bands': [band('red')], 'raster:bands': [{ nodata: 'nan', scale: 0.0001, offset: -0.1, data_type: 'uint16' }],
        'proj:shape': [10980, 10980], 'proj:transform': [10, 0, 600000, 0, -10, 5700000],
      },
    },
    links: [{ rel: 'self', href: 'https://example.com/item.json' }],
  },
  {
    type: 'FeatureCollection',
    features: [
      {
        type: 'Feature', stac_version: '1.1.0', id: 'LC09', geometry: null,
        properties: { datetime: null, start_datetime: '2021-01-01T00:00:00Z', end_datetime: '2021-02-01T00:00:00Z', 'proj:code': 'EPSG:32618' },
        assets: { b: { href: './b.tif', bands: [{ name: 'nir', 'eo:common_name': 'nir', nodata: 0 }] } }, links: [],
      },
    ],
  },
]; // biome-ignore format: documents

/** Files of a shapefile, by extension. */
function shapeSeed(path, name) {
  const stem = path.slice(0, -4);
  const parts = ['.shp', '.dbf', '.prj', '.cpg', '.shx'].filter((ending) => existsSync(stem + ending));
  return {
    kind: 'shp',
    name,
    files: Object.fromEntries(parts.map((ending) => [`case${ending}`, readFileSync(stem + ending)])),
  };
}

const KINDS = {
  '.fgb': 'fgb',
  '.gpkg': 'gpkg',
  '.geojson': 'geojson',
  '.topojson': 'topojson',
  '.zip': 'shapezip',
  '.parquet': 'parquet',
};

/** Small vector files, catalogs and items below a folder, but no file geodatabases. @returns {Seed[]} */
function filesOf(folder, mostBytes, isStac = false) {
  if (!existsSync(folder)) return [];
  const paths = readdirSync(folder, { recursive: true }).sort();
  return paths.flatMap((name) => {
    const path = join(folder, name);
    if (!statSync(path).isFile() || statSync(path).size > mostBytes) return [];
    const ending = /\.\w+$/.exec(name)?.[0];
    if (ending === '.shp') return [shapeSeed(path, name)];
    if (ending === '.parquet' && isStac) return [catalogSeed(name, path)];
    const bytes = readFileSync(path);
    const isItem =
      isStac && ending === '.json' && /^\s*\{\s*"type": "Feature/.test(bytes.toString('latin1', 0, 200));
    const kind = isItem ? 'stac' : KINDS[ending];
    return kind === undefined || /gdb/i.test(name) ? [] : [{ kind, name, files: { '': bytes } }];
  });
}

/** GeoJSON documents and STAC items of a folder. @returns {Seed[]} */
export function documentSeeds(folder) {
  return readdirSync(folder)
    .filter((name) => /\.(geo)?json$/.test(name))
    .map((name) => ({
      kind: name.endsWith('.geojson') ? 'geojson' : 'stac',
      name,
      files: { '': readFileSync(join(folder, name)) },
    }));
}

/**
 * @param fixtures the folder of the tests' fixtures
 * @param shared the folder of real data, which may be missing
 * @returns {Promise<Seed[]>}
 */
export async function placeSeeds(fixtures, shared, mostBytes) {
  return [
    ...(await catalogs()),
    ...filesOf(join(fixtures, 'vector'), mostBytes),
    { kind: 'geojson', name: 'features', files: { '': json(GEOJSON) } },
    { kind: 'geojson', name: 'catalog', files: { '': json(CATALOG_GEOJSON) } },
    { kind: 'topojson', name: 'areas', files: { '': json(TOPOJSON) } },
    ...STAC.map((document) => ({ kind: 'stac', name: document.type, files: { '': json(document) } })),
    ...filesOf(join(shared, 'vector'), mostBytes),
    ...filesOf(join(shared, 'stac'), mostBytes, true),
  ];
}
