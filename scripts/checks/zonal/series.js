// Compares series of zonal statistics: cloud-free NDVI of Sentinel-2 with xarray, and two Landsat images with rasterio.
import { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { python, terrachip } from '../programs.js';
import { openTrixie } from '../trixie.js';

const SENTINEL = 'eo/IBM__terramind/S2L2A/433D_629L_3_1.tif';
const DATES = ['20210604', '20210614', '20210629', '20210704', '20210719'];
const CLOUDED = 2;
const SERIES_STATISTICS = 'count nodata min mean max std p10'.split(' ');

const LANDSAT = 'eo/opengeos__data/landsat';
const YEARS = ['1985', '2020'];
const LANDSAT_STATISTICS = 'count nodata min max mean std median'.split(' ');

/** Relative difference of sums of many pixels. */
const TOLERANCE = 1e-9;

/** @param data the folder of real files @param folder for outputs @returns rows for a table */
export async function checkSeries(report, data, folder) {
  return [...(await checkSentinel(report, data)), ...(await checkLandsat(report, data, folder))];
}

async function checkSentinel(report, data) {
  const raster = join(data, SENTINEL);
  const title = 'NDVI of Sentinel-2 by date';
  if (!existsSync(raster)) {
    report.skip(title, `${raster} is not there`);
    return [];
  }
  // xarray is Debian 13's.
  const trixie = await openTrixie();
  try {
    const scenes = join(trixie.folder, 'scenes');
    mkdirSync(scenes);
    const made = { raster, folder: scenes, dates: DATES, clouded: CLOUDED, seed: 5 };
    await python('zonal/make_series.py', made);
    const [zones, catalog, output, plot] = [
      'zones.geojson',
      'scenes.parquet',
      'series.csv',
      'series.png',
    ].map((name) => join(trixie.folder, name));
    await python('zonal/make_zones.py', { raster, zones, crs: null, seed: 3 });
    const pattern = '(?<date>\\d{8})_(?<band>B\\d\\d|SCL)';
    await terrachip('catalog', 'build', join(scenes, '*.tif'), '-o', catalog, '--regex', pattern);
    const what = [
      '--expression',
      '(B08 - B04) / (B08 + B04)',
      '--mask',
      'scl',
      '--by',
      'date',
      '--keep',
      'name',
    ];
    const stat = ['--stat', SERIES_STATISTICS.join(',')];
    const written = await terrachip(
      'zonal',
      catalog,
      '--zones',
      zones,
      ...what,
      ...stat,
      '-o',
      output,
      '--plot',
      plot,
    );
    report.same(`${title}: lines of the picture`, written.plot.zones, [1, 2, 3, 4, 5, 6, 7]);
    const expected = await trixie.python('zonal/xarray_series.py', {
      folder: scenes,
      zones,
      clouds: [3, 8, 9, 10],
    });
    report.same(`${title}: dates`, expected.dates, DATES);
    const found = lastColumns(await readFile(output, 'utf8'), SERIES_STATISTICS);
    const worst = compare(report, title, found, expected.rows);
    const clouded = expected.rows.filter(({ count }) => count === 0).length;
    report.check(`${title}: rows with and without data`, clouded > 0 && clouded < found.length, `${clouded}`);
    return [
      [`${title}, xarray ${expected.version}`, 'centre', found.length, found[0].count, found[0].mean, worst],
    ];
  } finally {
    trixie.close();
  }
}

/** A band by its number, per year. */
async function checkLandsat(report, data, folder) {
  const title = 'Landsat by year';
  const rasters = YEARS.map((year) => join(data, LANDSAT, `${year}.tif`));
  if (!rasters.every(existsSync)) {
    report.skip(title, `${rasters[0]} is not there`);
    return [];
  }
  const [zones, catalog, output] = ['landsat.geojson', 'landsat.parquet', 'landsat.csv'].map((name) =>
    join(folder, name),
  );
  await python('zonal/make_zones.py', { raster: rasters[0], zones, crs: null, seed: 9 });
  const names = ['--regex', '(?<date>\\d{4})', '--date-format', '%Y'];
  await terrachip('catalog', 'build', ...rasters, '-o', catalog, ...names);
  const rows = [];
  for (const band of [1, 4]) {
    const what = ['--band', String(band), '--by', 'year', '--stat', LANDSAT_STATISTICS.join(',')];
    await terrachip('zonal', catalog, '--zones', zones, ...what, '-o', output);
    const found = lastColumns(await readFile(output, 'utf8'), LANDSAT_STATISTICS);
    const expected = [];
    for (const raster of rasters) {
      const request = { raster, zones, coverage: 'centre', band, expression: null };
      const statistics = await python('zonal/zone_statistics.py', request);
      expected.push(
        ...statistics.map((row) =>
          Object.fromEntries(LANDSAT_STATISTICS.map((name) => [name, row[name] ?? null])),
        ),
      );
    }
    const worst = compare(report, `${title}, band ${band}`, found, expected);
    rows.push([`${title}, band ${band}`, 'centre', found.length, found[0].count, found[0].mean, worst]);
  }
  return rows;
}

/** The zones of `make_zones.py`, and the one that extends beyond the raster. */
const ZONES = 8;
const BEYOND = 6;

/**
 * Compares rows by date and zone. Pixels without data of the zone that extends beyond the images are left out: the grid of a
 * catalog continues there, that of a raster does not.
 * @returns the largest relative error
 */
function compare(report, title, found, expected) {
  report.same(`${title}: rows`, found.length, expected.length);
  let worst = 0;
  for (const [k, values] of expected.entries()) {
    for (const [statistic, value] of Object.entries(values)) {
      if (statistic === 'nodata' && k % ZONES === BEYOND) continue;
      const own = found[k]?.[statistic];
      const claim = `${title}: ${statistic} in row ${k + 1}`;
      if (value === null) {
        report.same(claim, own ?? null, null);
        continue;
      }
      const error = Math.abs((own ?? Number.NaN) - value) / Math.max(1, Math.abs(value));
      worst = Math.max(worst, error);
      report.check(claim, error <= TOLERANCE, `${own} beside ${value}`);
    }
  }
  return worst;
}

/** The statistics of each line: the last columns, without commas. */
export function lastColumns(csv, statistics) {
  const lines = csv.trimEnd().split('\r\n').slice(1);
  return lines.map((line) => {
    const cells = line.split(',').slice(-statistics.length);
    return Object.fromEntries(
      statistics.map((name, k) => [name, cells[k] === '' ? undefined : Number(cells[k])]),
    );
  });
}
