// npm run parity: compares terrachip's warp with GDAL's on real and on small rasters. Writes docs/parity.md, and the small
// rasters with GDAL's results into test/fixtures/parity.
//
//   npm run parity [-- CASE ...]    with names of cases: prints the measurements on real rasters and writes nothing
//
// Needs Debian's python3-gdal, python3-rasterio and python3-scipy, a WebGPU adapter (such as lavapipe), and the folder of
// real rasters beside the checkout (or its parent in TERRACHIP_SHARED).
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
    console.log('docs/parity.md has unexplained differences: add explanations to scripts/parity/page.js');
    process.exitCode = 1;
  }
});
