// Queries: compares the rows of random boxes in six CRSs with GeoPandas, over footprints of real and synthetic rasters.
//
// A box in a projected CRS has curved edges in longitude and latitude. GeoDataFrame.to_crs transforms only vertices, so
// that edges are first densified to 512 segments; terrachip densifies them adaptively. Footprints are densified once and
// are identical on both sides. A row found by only one side must then overlap the box by less than the remaining error.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GeoCatalog, openCatalog, writeCatalog } from '../../../dist/catalog/node/index.js';
import { TimeInterval } from '../../../dist/geo/node/index.js';
import { python as debianPython, printTable, requirePackages } from '../programs.js';
import { root } from '../support.js';
import { box, randomNumbers } from './made-up.js';

/** CRSs, with the bounds of the boxes' centres in degrees and the range of box sizes. */
const SYSTEMS = [
  ['EPSG:4326', [-170, -80, 170, 80], [0.01, 20]],
  ['EPSG:32632', [6, 1, 12, 80], [500, 600_000]],
  ['EPSG:32618', [-78, 1, -72, 80], [500, 600_000]],
  ['EPSG:3857', [-170, -70, 170, 70], [500, 2_000_000]],
  ['EPSG:3035', [-8, 36, 30, 68], [500, 800_000]],
  // Bounds without the pole and the antimeridian.
  ['EPSG:3413', [-150, 62, 150, 78], [500, 600_000]],
];
const QUERIES = 40;
const MADE_UP = 20_000;

/** Largest overlap of a row found by only one side, in square degrees: 0.1 m². */
const UNSEEN = 1e-11;

/** Footprints by Debian's rasterio, since PyPI's depends on the machine. */
async function outlinesOf(data) {
  await requirePackages(['python3-rasterio', 'python3-pyproj']);
  return debianPython('geopandas/outlines.py', { data });
}

export async function checkQueries({ report, folder, python }) {
  const data = join(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
  const isReal = existsSync(join(data, 'MANIFEST.md'));
  if (!isReal) report.skip('the outlines of real rasters', `${data} is not there`);
  const { outlines, left } = isReal ? await outlinesOf(data) : { outlines: [], left: 0 };
  if (isReal)
    console.log(`${outlines.length} rasters are georeferenced; ${left} are not, or reach around the globe`);
  const random = randomNumbers(17);
  const day = () => Date.UTC(2015, 0, 1) + Math.floor(3650 * random()) * 86_400_000;
  const row = (id, footprint) => {
    const start = day();
    return {
      id,
      collection: '',
      footprint,
      interval: new TimeInterval(start, start + 86_399_999),
      href: id,
      assets: {},
      properties: {},
    };
  };
  const rows = [
    ...outlines.map(([path, ring]) => row(path, [[ring]])),
    ...Array.from({ length: MADE_UP }, (_, k) => {
      const [x, y, size] = [350 * random() - 175, 160 * random() - 80, 0.02 + 2 * random()];
      return row(`made up ${k}`, [box(x, y, x + size, y + size)]);
    }),
  ];
  const catalog = GeoCatalog.from(rows);
  const path = join(folder, 'rows.parquet');
  await writeCatalog(catalog, path);

  const places = outlines.map(([, ring]) => ring[0]);
  const queries = await python.call('boxes.py', {
    systems: SYSTEMS.map(([crs, area, sizes]) => ({ crs, area, sizes, places, count: QUERIES })),
  });
  for (const [k, query] of queries.entries()) {
    const start = day();
    query.interval = k % 2 === 0 ? null : [start, start + 86_400_000 * Math.floor(1 + 700 * random())];
  }
  const theirs = await python.call('find.py', {
    rows: rows.map(({ id, footprint, interval }) => [id, footprint, interval.start, interval.end]),
    queries,
  });

  const files = await Promise.all(['use', 'ignore'].map((index) => openCatalog(path, { index })));
  const table = SYSTEMS.map(([crs]) => ({ crs, queries: 0, rows: 0, real: 0, bent: 0 }));
  for (const [k, { crs, bounds, interval }] of queries.entries()) {
    const where = {
      geometry: bounds,
      crs,
      ...(interval === null ? {} : { interval: new TimeInterval(...interval) }),
    };
    const asked = [catalog, ...files].map((each) => each.query(where));
    const [ours, ...others] = (await Promise.all(asked)).map((found) =>
      Array.from(found, ({ id }) => id).sort(),
    );
    for (const other of others) report.same(`query ${k} in ${crs}: the file beside the memory`, other, ours);
    const common = new Map(theirs[k].map(([id, area]) => [id, area]));
    const onlyOurs = ours.filter((id) => !common.has(id));
    const found = new Set(ours);
    const onlyTheirs = theirs[k].filter(([id]) => !found.has(id));
    const bent = onlyTheirs.filter(([, area]) => area <= UNSEEN).length;
    report.same(`query ${k} in ${crs}: rows that only terrachip finds`, onlyOurs, []);
    report.same(
      `query ${k} in ${crs}: rows that only GeoPandas finds`,
      onlyTheirs.filter(([, area]) => area > UNSEEN),
      [],
    );
    const line = table.find((each) => each.crs === crs);
    line.queries++;
    line.rows += ours.length;
    line.real += ours.filter((id) => !id.startsWith('made up')).length;
    line.bent += bent;
  }
  for (const file of files) await file.dispose();
  for (const { crs, rows: count } of table) report.check(`queries in ${crs} find something`, count > 0);
  printTable(
    ['system', 'queries', 'rows found', 'of rasters', 'within the bend'],
    table.map((line) => Object.values(line)),
  );
}
