// Reads, warps and writes 6000 × 8000 float32 pixels, compared with gdalwarp and rasterio.
//
//   npm run bench -- [ROUNDS] [--exact] [--webgpu]
//
// --exact adds gdalwarp's exact transformer (slow); --webgpu adds terrachip on WebGPU.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compete, machine, time, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = '/usr/bin/python3';
const BOUNDS = ['187260', '4951190', '247590', '5035680'];
const SIZE = ['6033', '8449'];
const rounds = Number(process.argv.slice(2).find((arg) => /^\d+$/.test(arg)) ?? 5);
const wants = (flag) => process.argv.includes(flag);

const folder = mkdtempSync(join(process.env.TERRACHIP_BENCH_FOLDER ?? tmpdir(), 'terrachip-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const source = join(folder, 'source.tif');
time([PYTHON, here('peers/make_warp_input.py'), source]);

const terrachip = (backend) => [
  process.execPath,
  here('../bin/terrachip.js'),
  'warp',
  source,
  join(folder, 'ours.tif'),
  '--crs',
  'EPSG:32632',
  '--bounds',
  ...BOUNDS,
  '--size',
  ...SIZE,
  '--resampling',
  'bilinear',
  '--compress',
  'none',
  '--overviews',
  'none',
  '--backend',
  backend,
];
const gdalwarp = (...extra) => [
  'gdalwarp',
  '-q',
  '-overwrite',
  '-t_srs',
  'EPSG:32632',
  '-te',
  ...BOUNDS,
  '-ts',
  ...SIZE,
  '-r',
  'bilinear',
  ...extra,
  source,
  join(folder, 'gdal.tif'),
];
const rasterio = (mode) => [
  PYTHON,
  here('peers/rasterio_warp.py'),
  source,
  join(folder, 'rasterio.tif'),
  mode,
  ...SIZE,
  ...BOUNDS,
];
const threads = String(machine().cores);
// NaN outside the source, as in our result. Without a nodata value GDAL takes a faster path and writes zeros there,
// which look like data; that row is its lower bound.
const gaps = ['-dstnodata', 'nan'];
const tuned = ['-multi', '-wo', `NUM_THREADS=${threads}`, '-wm', '1024'];
const contestants = [
  { name: 'terrachip warp, cpu', command: terrachip('cpu') },
  ...(wants('--webgpu') ? [{ name: 'terrachip warp, webgpu', command: terrachip('webgpu') }] : []),
  { name: 'gdalwarp, defaults', command: gdalwarp(...gaps) },
  { name: 'gdalwarp, tuned', command: gdalwarp(...gaps, ...tuned) },
  { name: 'gdalwarp, tuned, zeros for no data', command: gdalwarp(...tuned) },
  ...(wants('--exact')
    ? [
        {
          name: 'gdalwarp, tuned and exact (-et 0)',
          command: gdalwarp(...gaps, ...tuned, '-et', '0', '-wo', 'XSCALE=1', '-wo', 'YSCALE=1'),
        },
      ]
    : []),
  { name: 'rasterio, defaults', command: rasterio('defaults') },
  { name: 'rasterio, tuned', command: rasterio('tuned') },
];
const results = compete(contestants, rounds);
const megapixels = (Number(SIZE[0]) * Number(SIZE[1])) / 1e6;
console.log(
  `| read, warp, write ${megapixels.toFixed(0)} Mpixel float32, bilinear | median s | Mpixel/s | time ÷ terrachip's |`,
);
console.log('|---|---|---|---|');
for (const { name, seconds, ratio } of results) {
  console.log(
    `| ${name} | ${seconds.toFixed(2)} | ${(megapixels / seconds).toFixed(1)} | ${ratio.toFixed(2)} |`,
  );
}
const record = {
  schemaVersion: 1,
  benchmark: 'warp',
  machine: machine(),
  versions: {
    gdal: version('gdalwarp', '--version'),
    rasterio: version(PYTHON, '-c', 'import rasterio; print(rasterio.__version__)'),
  },
  rounds,
  results,
};
writeFileSync(here('results/warp.json'), `${JSON.stringify(record, null, 2)}\n`);
