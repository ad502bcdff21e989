// npm run parity: writes docs/parity.md, terrachip's warp beside GDAL's on real rasters and on small ones, and the
// small ones with GDAL's results (test/fixtures/parity).
//
//   npm run parity [-- CASE ...]    with names of cases: shows what is measured on real rasters, and writes nothing
//
// Needs Debian's python3-gdal, python3-rasterio and python3-scipy, a WebGPU adapter (lavapipe will do), and the folder
// of real rasters beside the checkout (TERRACHIP_SHARED may name its parent).
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createBackend } from 'terrachip';
import { RESAMPLINGS } from 'terrachip/kernels';
import { requirePackages } from './checks/programs.js';
import { root, withTemporaryFolder } from './checks/support.js';
import { BACKENDS, measureCases } from './parity/measure.js';
import { parityPage, UNEXPLAINED } from './parity/page.js';

const only = process.argv.slice(2);
const data = resolve(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
const fixtures = join(root, 'test', 'fixtures', 'parity');

async function adapterOf(backend) {
  const opened = await createBackend({ backend });
  opened.dispose();
  return opened.info.adapter;
}

await requirePackages(['python3-gdal', 'python3-rasterio', 'python3-scipy']);
await withTemporaryFolder(async (folder) => {
  const [cases, results] = [join(folder, 'cases'), join(folder, 'results')];
  for (const path of [cases, results]) await mkdir(path);
  const options = { results, resamplings: RESAMPLINGS };
  if (only.length > 0) {
    const chosen = await measureCases({ ...options, data, cases, only });
    console.log(JSON.stringify(chosen.cases, null, 2));
    return;
  }
  const real = await measureCases({ ...options, data, cases, only: null });
  await rm(fixtures, { recursive: true, force: true });
  await mkdir(fixtures);
  const small = await measureCases({ ...options, data: null, cases: fixtures, only: null });
  const adapters = Object.fromEntries(
    await Promise.all(BACKENDS.map(async (backend) => [backend, await adapterOf(backend)])),
  );
  const about = small.cases.map(({ name, bands, dtype, nodata }) => ({ name, bands, dtype, nodata }));
  const index = { resamplings: RESAMPLINGS, cases: about };
  await writeFile(join(fixtures, 'cases.json'), `${JSON.stringify(index, null, 1)}\n`);
  const page = parityPage({ gdal: real.gdal, adapters, real: real.cases, small: small.cases });
  await writeFile(join(root, 'docs', 'parity.md'), page);
  if (page.includes(UNEXPLAINED)) {
    console.log(
      'docs/parity.md has differences that nothing explains: scripts/parity/page.js has the explanations',
    );
    process.exitCode = 1;
  }
});
