// Compares vector files of each format with GeoPandas: geometries, values and CRSs. Measures the bytes fetched by an index.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Crs, createTransform } from '../../../dist/geo/node/index.js';
import { boundsOfFeature } from '../../../dist/vector/features.js';
import { readFeatures } from '../../../dist/vector/node/index.js';
import { attempt, printTable, python, run } from '../programs.js';

const SOURCES = {
  flood: 'vector/CEMS_EMSR517/19.07.2021_EMSR517_json/EMSR517_AOI15_GRA_PRODUCT_observedEventA_r1_v1.json',
  padova: 'vector/CEMS_EMSR332/shapefiles/observed_event/EMSR332_02PADOVA_DEL_v1_observed_event_a.shp',
};
const FILES = [
  'vector/CEMS_EMSR332/shapefiles/observed_event/EMSR332_01VERONA_DEL_v1_observed_event_a.shp',
  'vector/CEMS_EMSR332/shapefiles/observed_event/EMSR332_09VENEZIA_DEL_v1_observed_event_a.shp',
  'vector/flatgeobuf__flatgeobuf/data/poly00.fgb',
  'vector/flatgeobuf__flatgeobuf/data/unknown_feature_count.fgb',
  'vector/gdal/ogr/data/gpkg/poly_golden.gpkg',
  'cog/rasterio__rasterio/box.shp',
  'derived-reference/EMSR517_STD_UTM32N.gdb',
];

/** Formats that GDAL converts each source to. */
const WRITTEN = {
  'flood-utm.shp': ['flood', '-t_srs', 'EPSG:32632', '-lco', 'ENCODING=ISO-8859-1'],
  'flood-laea.gpkg': ['flood', '-t_srs', 'EPSG:3035', '-nlt', 'PROMOTE_TO_MULTI'],
  'flood.fgb': ['flood'],
  'padova-gb.shp': ['padova', '-t_srs', 'EPSG:3003'],
  'padova.gpkg': ['padova', '-dim', 'XYZ'],
  'padova-mercator.fgb': ['padova', '-t_srs', 'EPSG:3857', '-nlt', 'PROMOTE_TO_MULTI'],
};

export async function checkFormats(report, folder, data) {
  const files = FILES.map((path) => join(data, path)).filter(existsSync);
  if (files.length < FILES.length) report.skip('real vector files', `${data} lacks some`);
  for (const [name, [source, ...options]] of Object.entries(WRITTEN)) {
    if (!existsSync(join(data, SOURCES[source]))) continue;
    files.push(join(folder, name));
    await run('ogr2ogr', [...options, join(folder, name), join(data, SOURCES[source])]);
  }
  const rows = [];
  for (const path of files) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const layer = name.endsWith('.gdb') ? 'P06TMFL01_MaxFloodExtent' : undefined;
    let found;
    try {
      found = await readFeatures(path, { layer });
    } catch (error) {
      if (error.code !== 'MISSING_DEPENDENCY') throw error;
      report.skip(name, error.message);
      continue;
    }
    const result = await compare(folder, found, { path, layer });
    report.same(`${name}: features`, result.ours, result.theirs);
    report.same(`${name}: geometries that differ`, result.differingShapes, 0);
    report.same(`${name}: columns that differ`, result.differingValues, []);
    rows.push([name, result.ours, result.columns, result.differingShapes, result.degreesApart]);
    // GDAL's polygons are 4000 km north of the area of their British grid, where programs disagree.
    if (name.startsWith('poly')) continue;
    // Datum shifts by one Helmert transformation are accurate to metres; others agree to the last digits.
    report.check(`${name}: reference system`, result.degreesApart < 2e-5, result.degreesApart);
  }
  if (rows.length > 0) {
    printTable(['file', 'features', 'columns', 'differ', 'degrees apart'], rows);
  }
  await checkIndex(report, folder);
}

async function compare(folder, { crs, features }, request) {
  const ours = join(folder, 'ours.json');
  const toLonLat = createTransform(crs, Crs.wgs84);
  const corners = features.slice(0, 20).map((feature) => boundsOfFeature(feature).slice(0, 2));
  const document = {
    // Longitude and latitude of some positions by terrachip, to check its reading of the CRS.
    probes: corners.map(([x, y]) => [x, y, ...toLonLat.forward(x, y)]),
    features: features.map(({ polygons, lines, points, properties }) => ({
      geometry: {
        type: 'GeometryCollection',
        geometries: [
          ...polygons.map((coordinates) => ({ type: 'Polygon', coordinates })),
          ...lines.map((coordinates) => ({ type: 'LineString', coordinates })),
          ...points.map((coordinates) => ({ type: 'Point', coordinates })),
        ],
      },
      properties,
    })),
  };
  await writeFile(ours, JSON.stringify(document));
  return python('vectors/read_features.py', { ours, ...request });
}

/** Queries a file of 40 000 boxes on a server by bounds and measures the fetched bytes. */
async function checkIndex(report, folder) {
  const path = join(folder, 'boxes.fgb');
  const features = Array.from({ length: 40_000 }, (_, k) => {
    const [x, y] = [((k * 7919) % 3600) / 10 - 180, ((k * 104_729) % 1700) / 10 - 85];
    const ring = [
      [x, y],
      [x + 0.05, y],
      [x + 0.05, y + 0.05],
      [x, y + 0.05],
      [x, y],
    ];
    return { type: 'Feature', properties: { k }, geometry: { type: 'Polygon', coordinates: [ring] } };
  });
  await writeFile(join(folder, 'boxes.geojson'), JSON.stringify({ type: 'FeatureCollection', features }));
  const made = await attempt('ogr2ogr', [path, join(folder, 'boxes.geojson')]);
  if (made.status !== 0) throw new Error(made.stderr);
  const content = await readFile(path);
  const counts = { requests: 0, bytes: 0 };
  const server = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const part = content.subarray(Number(from), Math.min(Number(to) + 1, content.length));
    counts.requests++;
    counts.bytes += part.length;
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${content.length}`;
    response.writeHead(206, { 'content-range': range }).end(part);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}/boxes.fgb`;
  const bbox = [5, 45, 7, 46];
  const found = await readFeatures(url, { bounds: bbox });
  server.close();
  const result = await compare(folder, found, { path, bbox });
  report.same('boxes by the index: features', result.ours, result.theirs);
  report.same('boxes by the index: geometries that differ', result.differingShapes, 0);
  const share = counts.bytes / content.length;
  report.check('boxes by the index: bytes fetched', share < 0.25, share);
  console.log(
    `an index over HTTP: ${result.ours} of 40000 features by ${counts.requests} requests and ${(100 * share).toFixed(1)} % of ${content.length} bytes`,
  );
}
