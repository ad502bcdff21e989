// npm run check:gdal: compares terrachip with GDAL, rasterio and NumPy on synthetic rasters and, where available, on real
// ones. Needs Debian, and root to install missing packages of GDAL.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkSuggestedGrids } from './gdal/grids.js';
import { checkJpeg2000 } from './gdal/jpeg2000.js';
import { checkPackages } from './gdal/packages.js';
import { checkProducts } from './gdal/products.js';
import { checkSafe } from './gdal/safe.js';
import { checkStorage } from './gdal/storage.js';
import { checkReferences, checkWarps } from './gdal/warps.js';
import { checkWritten } from './gdal/written.js';
import { backendsHere, python, Report, requirePackages, run } from './programs.js';
import { installProject, root, withTemporaryFolder } from './support.js';

await requirePackages([
  'gdal-bin',
  'python3-gdal',
  'python3-numpy',
  'python3-pandas',
  'python3-rasterio',
  'python3-scipy',
]);
await installProject();
const version = (await run('gdalwarp', ['--version'])).split(',')[0];

const report = new Report('check:gdal');
const backends = await backendsHere(report);
const shared = resolve(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
await withTemporaryFolder(async (folder) => {
  const made = await python('gdal/make_rasters.py', { folder });
  const title = `made rasters, ${version}`;
  await checkWarps(report, made.warps, { folder, backends, gdal: run, python, title });
  await checkSuggestedGrids(report);
  await checkStorage(report, made.files);
  await checkJpeg2000(report, folder);
  await checkSafe(report, folder);
  await checkProducts(report, folder);
  await checkWritten(report, folder);
  await checkPackages(report, folder, backends);
  if (existsSync(shared)) {
    await checkReferences(report, shared, folder, backends);
  } else report.skip('real references', `there is no ${shared}; TERRACHIP_SHARED may name its parent`);
});
report.end();
