// The kernels from arrays to arrays, compared with gdalwarp, rasterio and NumPy.
//
//   npm run bench:kernels -- [ROUNDS] [--small] [--exact] [--resamplings NAME,NAME] [--only NAME,NAME]
//
// A round measures every contestant once, in turn. Times include upload, kernels and readback. "Kernel alone" starts with
// tensors on the device; its speed is compared with the device's copy speed for the same bytes.
// --small warps a quarter of the scene; --exact adds gdalwarp's exact transformer (slow).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createBackend, probeAdapter } from 'terrachip/kernels';
import { openRaster } from 'terrachip/raster';
import { pixelKernels } from '../dist/workflow/bench/pixel-kernels.js';
import { WarpScene } from '../dist/workflow/bench/warp-scene.js';
import { competeInTurn, machine, time, timeTask, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = '/usr/bin/python3';
const wants = (flag) => process.argv.includes(flag);
const listed = (flag, otherwise) =>
  wants(flag) ? process.argv[process.argv.indexOf(flag) + 1].split(',') : otherwise;
const rounds = Number(process.argv.slice(2).find((arg) => /^\d+$/.test(arg)) ?? 7);
const resamplings = listed('--resamplings', ['bilinear']);
const only = listed('--only', null);

const size = wants('--small') ? [3016, 4224] : [6033, 8449];
const bounds = [187260, 5035680 - 10 * size[1], 187260 + 10 * size[0], 5035680];
const megapixels = (size[0] * size[1]) / 1e6;

const folder = mkdtempSync(join(process.env.TERRACHIP_BENCH_FOLDER ?? tmpdir(), 'terrachip-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const sourcePath = join(folder, 'source.tif');
time([PYTHON, here('peers/make_warp_input.py'), sourcePath]);

/** The Python process that measures NumPy and rasterio. */
const peer = spawn(
  PYTHON,
  [here('peers/kernels.py'), sourcePath, ...size.map(String), ...bounds.map(String)],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
);
const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
async function askPeer(request) {
  peer.stdin.write(`${JSON.stringify(request)}\n`);
  const { value } = await answers.next();
  return JSON.parse(value).seconds;
}

function gdalwarp(resampling, ...extra) {
  const grid = ['-t_srs', 'EPSG:32632', '-te', ...bounds.map(String), '-ts', ...size.map(String)];
  const names = ['-r', resampling === 'nearest' ? 'near' : resampling];
  const files = [sourcePath, join(folder, 'gdal.tif')];
  return () => time(['gdalwarp', '-q', '-overwrite', ...grid, ...names, ...extra, ...files]);
}

const backends = [await createBackend({ backend: 'cpu' })];
if ((await probeAdapter()).available) backends.push(await createBackend({ backend: 'webgpu' }));
const nameOf = ({ info }) => `terrachip, ${info.kind}`;

const records = [];
function printTable(title, unit, results) {
  console.log(`\n| ${title} | median s (quartiles) | Mpixel/s | GB/s | time ÷ terrachip cpu's (quartiles) |`);
  console.log('|---|---|---|---|---|');
  for (const { name, seconds, quartiles, ratio, ratioQuartiles } of results) {
    const rate = unit.megapixels / seconds;
    console.log(
      `| ${name} | ${seconds.toPrecision(3)} (${quartiles.map((s) => s.toPrecision(3)).join('–')}) | ${rate.toFixed(1)} | ` +
        `${((rate * unit.bytes) / 1000).toFixed(2)} | ${ratio.toFixed(2)} (${ratioQuartiles.map((r) => r.toFixed(2)).join('–')}) |`,
    );
  }
  records.push({ title, ...unit, results });
}

// Copy speed of each device: 4 bytes read and 4 written per value.
const copySpeed = new Map();
for (const backend of backends) {
  const length = 2 ** 24;
  const from = backend.upload(new Float32Array(length));
  const to = backend.allocate([length], 'float32');
  const copy = async () => {
    for (let k = 0; k < 4; k++) backend.copy(from, 0, to, 0, length);
    await backend.submit();
  };
  const [{ seconds }] = await competeInTurn([{ name: 'copy', measure: () => timeTask(copy) }], rounds);
  copySpeed.set(backend, (4 * 8 * length) / seconds / 1e9);
  console.log(
    `${nameOf(backend)} (${backend.info.adapter}) copies at ${copySpeed.get(backend).toFixed(1)} GB/s`,
  );
  from.dispose();
  to.dispose();
}

/** Measures kernels alone, as a share of the copy speed. */
async function measureAlone(title, unit, tasks) {
  const results = await competeInTurn(
    tasks.map(({ backend, run }) => ({ name: nameOf(backend), measure: () => timeTask(run) })),
    rounds,
  );
  for (const [i, { seconds }] of results.entries()) {
    const speed = (unit.megapixels * unit.bytes) / 1000 / seconds;
    const share = speed / copySpeed.get(tasks[i].backend);
    console.log(
      `${title} alone, ${nameOf(tasks[i].backend)}: ${(unit.megapixels / seconds).toFixed(1)} Mpixel/s, ` +
        `${speed.toFixed(2)} GB/s, ${(100 * share).toFixed(0)} % of copying`,
    );
    results[i].shareOfCopy = Number(share.toFixed(3));
  }
  records.push({ title: `${title}, kernel alone`, ...unit, results });
}

if (only === null || only.includes('warp')) {
  const raster = await openRaster(sourcePath);
  const [values] = await raster.readPlanes({ bands: [1] });
  const unit = { megapixels, bytes: 8 };
  for (const resampling of resamplings) {
    const scenes = backends.map(
      (backend) => new WarpScene(backend, values, raster.geobox, { bounds, size }, resampling),
    );
    // NaN outside the source, as in our result. Without a nodata value GDAL takes a faster path.
    const gaps = ['-dstnodata', 'nan'];
    const tuned = ['-multi', '-wo', `NUM_THREADS=${machine().cores}`, '-wm', '1024'];
    const exact = [...tuned, '-et', '0', '-wo', 'XSCALE=1', '-wo', 'YSCALE=1'];
    const results = await competeInTurn(
      [
        ...scenes.map((scene, i) => ({
          name: nameOf(backends[i]),
          measure: () => timeTask(() => scene.run()),
        })),
        { name: 'gdalwarp, tuned', measure: gdalwarp(resampling, ...gaps, ...tuned) },
        { name: 'gdalwarp, tuned, zeros for no data', measure: gdalwarp(resampling, ...tuned) },
        { name: 'gdalwarp, defaults', measure: gdalwarp(resampling, ...gaps) },
        ...(wants('--exact')
          ? [{ name: 'gdalwarp, tuned and exact (-et 0)', measure: gdalwarp(resampling, ...gaps, ...exact) }]
          : []),
        {
          name: 'rasterio, tuned',
          measure: () => askPeer({ task: 'warp', resampling: rasterioName(resampling), tuned: true }),
        },
        {
          name: 'rasterio, defaults',
          measure: () => askPeer({ task: 'warp', resampling: rasterioName(resampling), tuned: false }),
        },
      ],
      rounds,
    );
    printTable(`warp ${megapixels.toFixed(1)} Mpixel float32, ${resampling}`, unit, results);
    await measureAlone(
      `warp, ${resampling}`,
      scenes[0].aloneUnit,
      scenes.map((scene, i) => ({ backend: backends[i], run: scene.prepareAlone() })),
    );
    for (const scene of scenes) scene[Symbol.dispose]();
  }
  await raster.dispose();
}

for (const { name, unit, prepare } of pixelKernels()) {
  if (only !== null && !only.includes(name)) continue;
  const prepared = backends.map((backend) => ({ backend, ...prepare(backend) }));
  const results = await competeInTurn(
    [
      ...prepared.map(({ backend, whole }) => ({ name: nameOf(backend), measure: () => timeTask(whole) })),
      { name: 'NumPy', measure: () => askPeer({ task: name }) },
    ],
    rounds,
  );
  printTable(name, unit, results);
  await measureAlone(
    name,
    prepared[0].aloneUnit ?? unit,
    prepared.map(({ backend, alone }) => ({ backend, run: alone })),
  );
  for (const { dispose } of prepared) dispose();
}

peer.stdin.end();
const record = {
  schemaVersion: 1,
  benchmark: 'kernels',
  machine: machine(),
  backends: backends.map(({ info }) => info),
  copyGigabytesPerSecond: backends.map((backend) => Number(copySpeed.get(backend).toFixed(2))),
  versions: {
    gdal: version('gdalwarp', '--version'),
    rasterio: version(PYTHON, '-c', 'import rasterio; print(rasterio.__version__)'),
    numpy: version(PYTHON, '-c', 'import numpy; print(numpy.__version__)'),
  },
  rounds,
  records,
};
for (const backend of backends) backend.dispose();
if (only === null) writeFileSync(here('results/kernels.json'), `${JSON.stringify(record, null, 2)}\n`);

function rasterioName(resampling) {
  return { cubicspline: 'cubic_spline', median: 'med' }[resampling] ?? resampling;
}
