// npm run check:mosaic: compares mosaics of catalogs with NumPy over layers warped by rasterio with an exact transformer:
// dates of a real Sentinel-2 image in three CRSs with synthetic clouds, real Landsat images, and overlapping tiles. In
// Debian 13, xarray opens a mosaic as a Zarr store. Needs Debian, and root to install missing packages, and real files
// (TERRACHIP_SHARED, or ../shared).
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { printTable, python, Report, requirePackages, terrachip } from './programs.js';
import { installProject, root } from './support.js';
import { openTrixie } from './trixie.js';

await requirePackages(['python3-numpy', 'python3-rasterio', 'python3-scipy']);
await installProject();

const report = new Report('check:mosaic');
const data = join(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
const SENTINEL2 = 'eo/IBM__terramind/S2L2A/433D_629L_3_1.tif';
const METHODS = ['median', 'mean', 'first', 'last', 'min', 'max'];
const rows = [];

/** Mosaics of dates, as COG and Zarr. */
async function checkDates(folder, trixie) {
  const raster = join(data, SENTINEL2);
  if (!existsSync(raster)) return report.skip('dates of Sentinel-2', `${raster} is not there`);
  const files = join(folder, 'dates');
  mkdirSync(files);
  const made = await python('mosaic/make_dates.py', { raster, folder: files, seed: 7 });
  const catalog = join(folder, 'dates.parquet');
  const regex = 'S2_(?<date>\\d{8})_(?<band>B\\d\\d|SCL)';
  await terrachip('catalog', 'build', files, '-o', catalog, '--regex', regex);
  const ofRows = await terrachip(
    'catalog',
    'mosaic',
    catalog,
    '--band',
    'B04',
    '-o',
    join(folder, 'rows.tif'),
  );
  report.same('the grid of the rows', [ofRows.crs, ofRows.rows], [made.crs, made.dates.length]);
  // A grid with another pixel size and CRS, and the grid of most files.
  const [x, y] = [made.transform[2], made.transform[5]];
  const grids = {
    'pixels of the files': ['--like', join(files, `S2_${made.dates[0]}_B04.tif`)],
    'other pixels': ['--crs', made.crs, '--bounds', x - 100, y - 2000, x + 1900, y + 90, '--res', '7.3'].map(
      String,
    ),
  };
  for (const [title, grid] of Object.entries(grids)) {
    const cases = [];
    const common = [
      '--band',
      'B04',
      'B08',
      '--expression',
      'ndvi = NDVI',
      '--mask',
      'scl',
      '--count',
      ...grid,
    ];
    for (const [k, method] of METHODS.entries()) {
      const mosaic = join(folder, `${k}-${title.replaceAll(' ', '-')}.tif`);
      const tile = k % 2 === 0 ? [] : ['--tile', '64'];
      await terrachip('catalog', 'mosaic', catalog, ...common, '--reduce', method, ...tile, '-o', mosaic);
      cases.push({ mosaic, method, layers: ['B04', 'B08', 'ndvi'], masked: true, count: true });
    }
    await checkCases(title, { folder: files, dates: made.dates, cases });
    const [{ mosaic, method }] = cases;
    await checkStore(trixie, title, [catalog, ...common, '--reduce', method, '-o'], mosaic);
  }
}

/** Mosaics of unchanged real files, without masks. */
async function checkFiles(folder, title, names, grid) {
  const files = names.map((name) => join(data, name));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) return report.skip(title, `${missing} is not there`);
  const catalog = join(folder, `${title.replaceAll(' ', '-')}.parquet`);
  await terrachip('catalog', 'build', ...files, '-o', catalog);
  const cases = [];
  for (const method of METHODS) {
    const mosaic = join(folder, `${title.replaceAll(' ', '-')}-${method}.tif`);
    const args = ['--band', '1', '--reduce', method, '--order', 'given', ...grid, '-o', mosaic];
    await terrachip('catalog', 'mosaic', catalog, ...args);
    cases.push({ mosaic, method, layers: ['1'], masked: false });
  }
  await checkCases(title, { folder: '', dates: files, cases });
}

async function checkCases(name, request) {
  const { cases } = await python('mosaic/compare.py', request);
  for (const [k, { bands, count }] of cases.entries()) {
    const title = `${name}, ${request.cases[k].method}`;
    for (const band of bands) {
      const of = `${title}: ${band.name}`;
      report.check(`${of}: holds values`, band.pixels > 1000, `${band.pixels}`);
      report.same(`${of}: values beyond the tolerance`, band.beyond, 0);
      report.same(`${of}: gaps that differ`, band.gaps, 0);
      // Near edges, the pixels under a filter may differ.
      const atEdges = band.beyondAtEdges + band.gapsAtEdges;
      report.check(`${of}: edges`, atEdges <= 0.05 * band.edges, `${atEdges} of ${band.edges}`);
      rows.push([title, band.name, band.pixels, band.missing, band.largest.toExponential(1), atEdges]);
    }
    if (count === undefined) continue;
    report.same(`${title}: counts that differ`, [count.name, count.differing], ['count', 0]);
    report.check(`${title}: counts several rows`, count.most > 3, `${count.most}`);
  }
}

/** The same mosaic as a Zarr store. */
async function checkStore({ folder, python: inside }, title, args, product) {
  const store = join(folder, `${title.replaceAll(' ', '-')}.zarr`);
  await terrachip('catalog', 'mosaic', ...args, store);
  const seen = await inside('mosaic/open_store.py', { store, product });
  report.same(`${title}: centre of the first pixel`, seen.centre, seen.expectedCentre);
  report.check(`${title}: time`, seen.time.startsWith('2021-07-04'), seen.time);
  for (const [name, { dimensions, dtype, differing }] of Object.entries(seen.variables)) {
    report.same(`${title}: ${name} in xarray`, dimensions, ['time', 'y', 'x']);
    report.same(`${title}: type of ${name}`, dtype, name === 'count' ? 'uint32' : 'float32');
    report.same(`${title}: values of ${name} that differ in xarray`, differing, 0);
  }
  console.log(`${title}: xarray ${seen.xarray} opens the store: ${JSON.stringify(seen.sizes)}`);
}

const trixie = await openTrixie();
try {
  await checkDates(trixie.folder, trixie);
  const landsat = ['eo/opengeos__data/landsat/1985.tif', 'eo/opengeos__data/landsat/2020.tif'];
  await checkFiles(trixie.folder, 'Landsat in degrees', landsat, []);
  const tiles = [1, 2, 3].map((k) => `cog/cogeotiff__rio-tiler/mosaic_value_${k}.tif`);
  await checkFiles(trixie.folder, 'overlapping tiles', tiles, []);
} finally {
  trixie.close();
}
printTable(['mosaic', 'band', 'values', 'gaps', 'largest error', 'at edges'], rows);
report.end();
