// npm run check:zonal: compares zonal statistics with masks of rasterio, exact areas of shapely, and NumPy, on real rasters
// with synthetic zones and on a real flood with its outlines; series of dates with xarray. Needs Debian, and root to install
// missing Python packages and to make a Debian 13 root, and real files (TERRACHIP_SHARED, or ../shared).
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printTable, python, Report, requirePackages, terrachip } from './programs.js';
import { installProject, root, withTemporaryFolder } from './support.js';
import { checkSeries, lastColumns } from './zonal/series.js';

await requirePackages([
  'python3-numpy',
  'python3-rasterio',
  'python3-shapely',
  'python3-pyproj',
  'python3-geopandas',
]);
await installProject();

const report = new Report('check:zonal');
const data = join(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
const FLOOD =
  'vector/CEMS_EMSR517/19.07.2021_EMSR517_json/EMSR517_AOI15_GRA_PRODUCT_observedEventA_r1_v1.json';
const COVERAGES = ['centre', 'touched', 'fraction'];
const STATISTICS = 'count nodata min max mean sum std median p10 p90 majority minority variety'.split(' ');

/** Relative difference of sums of many pixels. */
const TOLERANCE = 1e-9;

/** The same for shares of pixels with projected edges, which are cut until they deviate by less than 1e-4 pixels. */
const BENT_TOLERANCE = 1e-5;

const CASES = [
  { name: 'land cover', raster: 'eo/IBM__terramind/LULC/433D_629L_3_1.tif', crs: null },
  {
    name: 'land cover, zones in degrees',
    raster: 'eo/IBM__terramind/LULC/433D_629L_3_1.tif',
    crs: 'EPSG:4326',
  },
  {
    name: 'NDVI of Sentinel-2',
    raster: 'eo/IBM__terramind/S2L2A/433D_629L_3_1.tif',
    expression: '(b8 - b4) / (b8 + b4)',
    crs: null,
  },
  {
    name: 'radar in degrees',
    raster: 'eo/cloudtostreet__Sen1Floods11/S1/Spain_7370579_S1Hand.tif',
    crs: null,
  },
  { name: 'elevation', raster: 'eo/opengeos__data/elevation/dtm.tif', crs: null },
  { name: 'flood and its outlines', raster: 'derived-reference/EMSR517_flood_mask.tif', zones: FLOOD },
];

await withTemporaryFolder(async (folder) => {
  const rows = [];
  for (const [k, { name, raster: file, zones: given, crs, expression = null }] of CASES.entries()) {
    const raster = join(data, file);
    if (!existsSync(raster) || (given !== undefined && !existsSync(join(data, given)))) {
      report.skip(name, `${raster} is not there`);
      continue;
    }
    const zones = given === undefined ? join(folder, `zones-${k}.geojson`) : join(data, given);
    if (given === undefined) await python('zonal/make_zones.py', { raster, zones, crs, seed: 11 + k });
    for (const coverage of COVERAGES) {
      const layer = expression === null ? ['--band', '1'] : ['--expression', expression];
      const output = join(folder, 'zones.csv');
      const options = ['--stat', STATISTICS.join(','), '--coverage', coverage, '--keep', 'name'];
      if (given !== undefined) options.splice(-2);
      await terrachip('zonal', raster, '--zones', zones, ...layer, ...options, '-o', output);
      const found = lastColumns(await readFile(output, 'utf8'), STATISTICS);
      const expected = await python('zonal/zone_statistics.py', {
        raster,
        zones,
        coverage,
        band: 1,
        expression,
      });
      const isBent = coverage === 'fraction' && (given !== undefined || crs !== null);
      const tolerance = isBent ? BENT_TOLERANCE : TOLERANCE;
      let worst = 0;
      for (const [zone, values] of expected.entries()) {
        for (const [statistic, value] of Object.entries(values)) {
          const own = found[zone]?.[statistic] ?? Number.NaN;
          const error = Math.abs(own - value) / Math.max(1, Math.abs(value));
          worst = Math.max(worst, error);
          const claim = `${name}, ${coverage}: ${statistic} of zone ${zone + 1}`;
          report.check(claim, error <= tolerance, `${own} beside ${value}`);
        }
      }
      report.same(`${name}, ${coverage}: zones`, found.length, expected.length);
      rows.push([name, coverage, expected.length, found[0].count, found[0].mean, worst]);
    }
  }
  rows.push(...(await checkSeries(report, data, folder)));
  printTable(['raster', 'coverage', 'zones', 'pixels of the first', 'mean', 'largest error'], rows);
});
report.end();
