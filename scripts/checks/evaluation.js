// npm run check:evaluation: computes every number of metrics.json and statistics.json again by NumPy, rasterio, SciPy,
// shapely and pyproj from the files only, and compares masks of polygons with rasterio's. Needs Debian, and root to
// install missing Python packages.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printTable, python, Report, requirePackages, terrachip } from './programs.js';
import { makeRadarScene } from './radar-scene.js';
import { installProject, root, withTemporaryFolder } from './support.js';

await requirePackages([
  'python3-numpy',
  'python3-rasterio',
  'python3-scipy',
  'python3-shapely',
  'python3-pyproj',
]);
await installProject();

/** Relative tolerance: counts and ratios are exact, areas are computed by another method. */
const TOLERANCE = 1e-9;
const AREA_TOLERANCE = 1e-6;

const report = new Report('check:evaluation');
const rows = [];

/** Compares documents value by value; keys that the second lacks (texts, findings) are skipped. */
function compare(name, actual, expected, worst) {
  if (Array.isArray(expected)) {
    report.same(`${name}: length`, actual?.length, expected.length);
    for (const [k, item] of expected.entries()) compare(`${name}[${k}]`, actual?.[k], item, worst);
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, item] of Object.entries(expected)) compare(`${name}.${key}`, actual?.[key], item, worst);
  } else if (typeof expected === 'number' && typeof actual === 'number') {
    const isArea = /km2|Km2|[sS]hare$/.test(name) && !/labelShare|excludedShare|noDataShare/.test(name);
    const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-12);
    const kind = isArea ? 'area' : 'number';
    worst[kind] = Math.max(worst[kind], actual === expected ? 0 : error);
    worst.count++;
    report.check(
      name,
      actual === expected || error <= (isArea ? AREA_TOLERANCE : TOLERANCE),
      `${actual} instead of ${expected}`,
    );
  } else {
    report.same(name, actual, expected);
  }
}

function read(folder, name) {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

await withTemporaryFolder(async (folder) => {
  const { scene, label: rasterLabel, radar } = await makeRadarScene(join(folder, 'scene'));
  const map = join(folder, 'map');
  await terrachip('infer', scene, '--model', join(root, 'models', 'water-threshold'), '-o', map);
  const classMap = join(map, 'classes.tif');
  const vectors = join(folder, 'vectors');
  mkdirSync(vectors);
  const made = await python('evaluation/make_case.py', {
    map: classMap,
    label: rasterLabel,
    folder: vectors,
  });
  // VV on the map's grid by terrachip's warp, which check:gdal compares with gdalwarp; decibels by NumPy.
  const vv = {};
  for (const phase of ['event', 'pre_event']) {
    const power = join(folder, `${phase}.tif`);
    await terrachip('warp', radar[phase].VV, power, '--like', classMap, '--resampling', 'bilinear');
    vv[phase] = join(folder, `${phase}-db.tif`);
    await python('evaluation/to_decibel.py', { source: power, target: vv[phase] });
  }
  const cases = [
    { name: 'raster label', label: rasterLabel },
    { name: 'polygons as label', label: made.label },
    { name: 'everything', label: made.label, permanent: made.permanent, zones: made.zones, minArea: 20_000 },
    { name: 'raster label, zones', label: rasterLabel, zones: made.zones },
  ];
  for (const { name, label, permanent = null, zones = null, minArea = null } of cases) {
    const options = ['--label', label];
    if (permanent !== null) options.push('--permanent-water', permanent);
    if (zones !== null) options.push('--zones', zones);
    if (minArea !== null) options.push('--min-area', String(minArea));
    await terrachip('evaluate', map, ...options);
    const expected = await python('evaluation/recompute.py', {
      map,
      label,
      permanent,
      zones,
      minArea,
      vv,
      classes: ['land', 'water'],
      positive: 1,
    });
    const worst = { number: 0, area: 0, count: 0 };
    const { table, ...statistics } = expected.statistics;
    compare(`${name}: metrics`, read(map, 'metrics.json'), expected.metrics, worst);
    const actual = read(map, 'statistics.json');
    compare(`${name}: statistics`, actual, statistics, worst);
    if (table !== undefined) {
      const zoneRows = actual.zones.map((zone) => [zone.name, zone.km2, zone.classes[1].km2]);
      report.same(`${name}: zones.csv`, table, zoneRows);
    }
    rows.push([name, worst.count, worst.number, worst.area]);
  }
});
printTable(['case', 'numbers', 'worst relative error', 'of areas'], rows);
report.end();
