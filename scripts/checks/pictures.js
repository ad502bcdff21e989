// npm run check:pictures: compares quicklooks of real files with matplotlib and NumPy's percentiles. Needs Debian, and
// root to install missing Python packages, and real files (TERRACHIP_SHARED, or ../shared). With `-- --keep FOLDER` it keeps
// the pictures, each beside matplotlib's.
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { printTable, python, Report, requirePackages, terrachip } from './programs.js';
import { installProject, root, withTemporaryFolder } from './support.js';

const { values } = parseArgs({ options: { keep: { type: 'string' } } });
await requirePackages(['python3-numpy', 'python3-rasterio', 'python3-pyproj', 'python3-matplotlib']);
await installProject();

const report = new Report('check:pictures');
const data = join(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
const SENTINEL = 'eo/IBM__terramind/S2L2A/433D_629L_3_1.tif';

/** In levels from 0 to 255: both sides round. */
const TOLERANCE = 2;

/** For viridis: its colours are interpolated, while matplotlib has 256 steps. */
const VIRIDIS_TOLERANCE = 3;

const CASES = [
  {
    name: 'radar',
    raster: 'eo/cloudtostreet__Sen1Floods11/S1/Spain_7370579_S1Hand.tif',
    bands: [1],
    as: 'grey',
  },
  {
    name: 'radar on its sheet',
    raster: 'eo/cloudtostreet__Sen1Floods11/S1/Spain_7370579_S1Hand.tif',
    bands: [1],
    as: 'grey',
    sheet: true,
  },
  { name: 'stack of Sentinel-2', raster: SENTINEL, bands: [4, 3, 2], as: 'colours' },
  { name: 'Sentinel-2 with clouds', stack: true, bands: [1, 2, 3], as: 'colours', cloudBand: 4 },
  { name: 'picture of 8 bits', raster: 'cog/rasterio__rasterio/RGB.byte.tif', bands: [1, 2, 3], as: 'bytes' },
  { name: 'classes', raster: 'eo/IBM__terramind/LULC/433D_629L_3_1.tif', bands: [1], as: 'classes' },
  { name: 'palette', raster: 'eo/GeoTIFF__test-data/utm.tif', bands: [1], as: 'palette' },
  {
    name: 'NDVI',
    raster: SENTINEL,
    bands: [8, 4],
    as: 'index',
    options: [
      '--index',
      'NDVI',
      '--band-names',
      ...'B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12'.split(' '),
    ],
  },
  {
    name: 'heights in degrees, on their sheet',
    raster: 'eo/GeoTIFF__test-data/LisbonElevation.tif',
    bands: [1],
    as: 'grey',
    sheet: true,
  },
];

await withTemporaryFolder(async (folder) => {
  if (values.keep !== undefined) mkdirSync(values.keep, { recursive: true });
  const rows = [];
  for (const { name, raster: file, stack = false, options = [], sheet = false, ...about } of CASES) {
    const source = join(data, stack ? SENTINEL : file);
    if (!existsSync(source)) {
      report.skip(name, `${source} is not there`);
      continue;
    }
    const raster = stack ? join(folder, 'stack.tif') : source;
    if (stack) {
      const { clouds } = await python('pictures/make_stack.py', { raster: source, output: raster });
      report.check(`${name}: clouds`, clouds > 0.1 && clouds < 0.9, `${clouds}`);
    }
    const picture = join(folder, 'picture.png');
    const { stretch } = await terrachip(
      'quicklook',
      raster,
      '-o',
      picture,
      ...(sheet ? [] : ['--plain']),
      ...options,
    );
    const keep = values.keep && resolve(values.keep, `${name.replaceAll(/\W+/g, '-')}.png`);
    const found = await python('pictures/compare.py', { raster, picture, sheet, keep, ...about });
    report.same(`${name}: size`, found.shape, found.expected);
    const tolerance = about.as === 'index' ? VIRIDIS_TOLERANCE : TOLERANCE;
    report.check(`${name}: levels beside matplotlib's`, found.worst <= tolerance, `${found.worst}`);
    report.check(`${name}: shows something`, found.levels > 1, `${found.levels} levels`);
    if (!sheet) report.same(`${name}: pixels without data`, found.gapsAlike, true);
    if (stretch !== null && about.as !== 'bytes') {
      for (const [k, [low, high]] of stretch.entries()) {
        const [least, most] = found.limits[k];
        const error = Math.max(Math.abs(low - least), Math.abs(high - most)) / (most - least);
        report.check(`${name}: stretch`, error < 1e-6, `${low} to ${high} beside ${least} to ${most}`);
      }
    }
    rows.push([name, found.shape.join(' × '), found.gaps, found.levels, found.worst]);
  }
  printTable(['picture', 'rows × columns', 'gaps', 'levels', 'largest difference'], rows);
});
report.end();
