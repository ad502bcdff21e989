// Files: GeoPandas and DuckDB read terrachip's files, and terrachip reads those of GeoPandas.
import { join } from 'node:path';
import {
  GeoCatalog,
  openCatalog,
  writeCatalog,
  writeStacGeoParquet,
} from '../../../dist/catalog/node/index.js';
import { TimeInterval } from '../../../dist/geo/node/index.js';
import { box, randomNumbers } from './made-up.js';

const COUNT = 30_000;

export async function checkFiles({ report, folder, python }) {
  if (!python.parquet) {
    report.skip('files', 'there is no pyarrow');
    return;
  }
  const rows = madeUpRows(COUNT);
  const catalog = GeoCatalog.from(rows);
  const [own, stac] = ['catalog.parquet', "items d'été.parquet"].map((name) => join(folder, name));
  await writeCatalog(catalog, own);
  const dated = catalog.filter(({ interval }) => Number.isFinite(interval.start + interval.end));
  await writeStacGeoParquet(dated, stac);

  const asked = [-20, 30, 40, 70];
  const found = await python.call('read_files.py', { own, stac, box: asked, folder });
  console.log(
    `GeoPandas ${found.versions.geopandas}, pyarrow ${found.versions.pyarrow}, DuckDB ${found.versions.duckdb}`,
  );

  report.same('rows that GeoPandas reads', found.own.rows.length, COUNT);
  const wanted = new Map(rows.map((row) => [row.id, rowAsTheySeeIt(row)]));
  const differing = found.own.rows.filter(
    (row) => JSON.stringify(row) !== JSON.stringify(wanted.get(row[0])),
  );
  report.check(
    'rows as GeoPandas reads them',
    differing.length === 0,
    `${differing.length}: ${JSON.stringify(differing[0])}`,
  );
  report.same('the reference system', found.own.crs, 'OGC:CRS84');
  report.same('invalid outlines', found.own.invalid, 0);
  report.check('several row groups', found.own.rowGroups > 1, found.own.rowGroups);
  report.same('rows whose box is not in the statistics of their row group', found.own.outside, 0);

  const near = rows
    .filter(({ footprint }) => footprint.some(([ring]) => meets(ring, asked)))
    .map(({ id }) => id);
  report.same('rows that DuckDB finds by bbox', found.duckdb.near, near.sort());
  report.same('rows that DuckDB finds by outline', found.duckdb.inside, near.sort());
  report.same('rows that DuckDB counts', found.duckdb.rows, COUNT);

  report.same('items that GeoPandas reads', found.stac.rows, dated.length);
  report.same('an asset of an item', found.stac.asset, 'row 1.tif');
  report.same('cloud cover of all items', found.stac.cloud, sumOf(dated));

  for (const [compression, path] of Object.entries(found.written)) {
    const file = await openCatalog(path);
    const ids = Array.from(await file.load(), ({ id }) => id).sort();
    report.same(`items that GeoPandas wrote by ${compression}`, ids, found.writtenIds);
    const some = await file.query({ geometry: asked });
    const same = Array.from(some, ({ id }) => id).sort();
    report.same(`a query of them by ${compression}`, same, found.writtenNear);
    await file.dispose();
  }
}

function sumOf(catalog) {
  let sum = 0;
  for (const { properties } of catalog) sum += properties['eo:cloud_cover'];
  return sum;
}

/** Boxes, some across the antimeridian and some with an open interval. */
function madeUpRows(count) {
  const random = randomNumbers(7);
  return Array.from({ length: count }, (_, k) => {
    const [x, y] = [
      Math.round(3580 * random()) / 10 - 180 + 0.05,
      Math.round(1780 * random()) / 10 - 90 + 0.05,
    ];
    const start = Date.UTC(2015, 0, 1) + Math.floor(3e11 * random());
    const crossing = k % 97 === 0;
    const interval =
      k % 31 === 0 ? TimeInterval.always : new TimeInterval(start, start + Math.floor(1e9 * random()));
    return {
      id: `row ${k}`,
      collection: k % 2 === 0 ? "l'été" : '東京',
      footprint: crossing ? [box(179, y, 180, y + 1), box(-180, y, -179, y + 1)] : [box(x, y, x + 1, y + 1)],
      interval,
      href: `row ${k}.tif`,
      assets: { data: { href: `row ${k}.tif`, roles: ['data'] } },
      properties: { 'eo:cloud_cover': k % 101 },
    };
  });
}

function rowAsTheySeeIt({ id, collection, footprint, interval, href, properties }) {
  const time = (value) => (Number.isFinite(value) ? value : null);
  return [
    id,
    collection,
    href,
    time(interval.start),
    time(interval.end),
    footprint.length,
    areaOf(footprint),
    JSON.stringify(properties),
  ];
}

function areaOf(footprint) {
  return footprint.reduce(
    (sum, [ring]) => sum + Math.round(1e6 * (ring[1][0] - ring[0][0]) * (ring[2][1] - ring[1][1])),
    0,
  );
}

function meets(ring, [x0, y0, x1, y1]) {
  return ring[0][0] <= x1 && ring[2][0] >= x0 && ring[0][1] <= y1 && ring[2][1] >= y0;
}
