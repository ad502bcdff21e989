// Reads, warps and writes 6000 × 8000 float32 pixels, compared with gdalwarp and rasterio: whole processes, without
// overviews and with them. Then the minimum time of a process: `terrachip info` and gdalinfo of a small file.
//
//   npm run bench -- [ROUNDS] [--exact] [--webgpu] [--trial]
//
// --exact adds gdalwarp's exact transformer (slow); --webgpu adds terrachip on WebGPU; --trial uses pixels of 200 m.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, TERRACHIP } from '../scripts/checks/programs.js';
import { compete, load, machine, publish, roundsIn, time, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const args = process.argv.slice(2);
const wants = (flag) => args.includes(flag);
const rounds = roundsIn(args, 5);
const coarse = wants('--trial') ? 20 : 1;
const BOUNDS = ['187260', '4951190', '247590', '5035680'];
const SIZE = [6033, 8449].map((side) => String(Math.ceil(side / coarse)));
const before = load();

const folder = mkdtempSync(join(process.env.TERRACHIP_BENCH_FOLDER ?? tmpdir(), 'terrachip-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const source = join(folder, 'source.tif');
const small = join(folder, 'small.tif');
time([PYTHON, here('peers/make_warp_input.py'), source, String(coarse)]);
time([PYTHON, here('peers/make_warp_input.py'), small, '50']);

const terrachip = (backend, overviews) => [
  process.execPath,
  TERRACHIP,
  'warp',
  source,
  join(folder, 'ours.tif'),
  ...['--crs', 'EPSG:32632', '--bounds', ...BOUNDS, '--size', ...SIZE],
  ...['--resampling', 'bilinear', '--compress', 'none', '--overviews', overviews, '--backend', backend],
];
const gdalwarp = (...extra) => [
  'gdalwarp',
  ...['-q', '-overwrite', '-t_srs', 'EPSG:32632', '-te', ...BOUNDS, '-ts', ...SIZE, '-r', 'bilinear'],
  ...extra,
  source,
  join(folder, 'gdal.tif'),
];
const rasterio = (mode) => [
  PYTHON,
  ...[here('peers/rasterio_warp.py'), source, join(folder, 'rasterio.tif'), mode, ...SIZE, ...BOUNDS],
];
// NaN outside the source, as in our result. Without a nodata value GDAL takes a faster path and writes zeros there,
// which look like data; that row is its lower bound.
const gaps = ['-dstnodata', 'nan'];
const tuned = ['-multi', '-wo', `NUM_THREADS=${machine().cores}`, '-wm', '1024'];
const exact = ['-et', '0', '-wo', 'XSCALE=1', '-wo', 'YSCALE=1'];
const overviews = ['COMPRESS=NONE', 'OVERVIEW_RESAMPLING=AVERAGE', 'NUM_THREADS=ALL_CPUS', 'BIGTIFF=NO'];
const cog = ['-of', 'COG', ...overviews.flatMap((option) => ['-co', option])];
const fastest = { name: 'gdalwarp, tuned, zeros for no data', command: gdalwarp(...tuned) };

/** Contestants by what is compared, ours first. */
const comparisons = {
  'without overviews': [
    { name: 'terrachip warp, cpu', command: terrachip('cpu', 'none') },
    ...(wants('--webgpu') ? [{ name: 'terrachip warp, webgpu', command: terrachip('webgpu', 'none') }] : []),
    { name: 'gdalwarp, defaults', command: gdalwarp(...gaps) },
    { name: 'gdalwarp, tuned', command: gdalwarp(...gaps, ...tuned) },
    fastest,
    ...(wants('--exact')
      ? [{ name: 'gdalwarp, tuned and exact (-et 0)', command: gdalwarp(...gaps, ...tuned, ...exact) }]
      : []),
    { name: 'rasterio, defaults', command: rasterio('defaults') },
    { name: 'rasterio, tuned', command: rasterio('tuned') },
  ],
  'with overviews': [
    { name: 'terrachip warp, cpu, with overviews', command: terrachip('cpu', 'average') },
    { ...fastest, name: `${fastest.name}, without overviews` },
    { name: 'gdalwarp -of COG, tuned, zeros for no data', command: gdalwarp(...tuned, ...cog) },
    { name: 'gdalwarp -of COG, tuned', command: gdalwarp(...gaps, ...tuned, ...cog) },
  ],
  'nothing but a start': [
    { name: 'terrachip info', command: [process.execPath, TERRACHIP, 'info', small] },
    { name: 'gdalinfo', command: ['gdalinfo', small] },
    {
      name: 'rasterio',
      command: [PYTHON, '-c', `import rasterio; print(rasterio.open('${small}').profile)`],
    },
  ],
};
const results = Object.fromEntries(
  Object.entries(comparisons).map(([title, contestants]) => [title, compete(contestants, rounds)]),
);
const record = {
  schemaVersion: 2,
  benchmark: 'warp',
  machine: machine(),
  load: [before, load()],
  versions: {
    gdal: version('gdalwarp', '--version'),
    rasterio: version(PYTHON, '-c', 'import rasterio; print(rasterio.__version__)'),
  },
  rounds,
  results,
};
publish(record, wants('--trial') ? null : here('results/warp.json'));
