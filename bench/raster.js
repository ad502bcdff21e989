// Reads 5490 × 5490 pixels in tiles of 512 × 512, compared with rasterio: seconds of reading only, without the start of
// the process. Also measures the peak memory of reading a window.
//
//   node bench/raster.js [ROUNDS] [FILE ...]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../scripts/checks/programs.js';
import { compete, load, machine, publish, report, roundsIn, time, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const FILES = [
  'none-uint16',
  'deflate-uint16-p2',
  'deflate-float32-p3',
  'zstd-float32-p3',
  'lzw-uint16-p2',
  'lzw-float32-p3',
];
const rounds = roundsIn(process.argv.slice(2), 5);
const before = load();
const chosen = FILES.filter((name) => process.argv.includes(name));
const files = chosen.length > 0 ? chosen : FILES;

const folder = mkdtempSync(join(process.env.TERRACHIP_BENCH_FOLDER ?? tmpdir(), 'terrachip-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const path = (name) => join(folder, `${name}.tif`);
time([PYTHON, here('peers/make_raster_inputs.py'), folder]);

const terrachip = (name, ...options) => [
  process.execPath,
  here('peers/terrachip_read.js'),
  path(name),
  ...options,
];
const rasterio = (name, ...options) => [PYTHON, here('peers/rasterio_read.py'), path(name), ...options];

const reading = files.map((file) => {
  const results = compete(
    [
      { name: 'terrachip', command: terrachip(file) },
      { name: 'rasterio', command: rasterio(file) },
      { name: 'rasterio, NUM_THREADS=ALL_CPUS', command: rasterio(file, 'ALL_CPUS') },
    ],
    rounds,
    report,
  );
  return { file, results };
});

const mebibytes = (file) => Math.round(report(terrachip(file, '--window')) / 2 ** 20);
const window = { of30: mebibytes('deflate-float32-p3'), of120: mebibytes('large-float32-p3') };

const record = {
  schemaVersion: 1,
  benchmark: 'raster',
  machine: machine(),
  load: [before, load()],
  versions: {
    gdal: version('gdalinfo', '--version'),
    rasterio: version(PYTHON, '-c', 'import rasterio; print(rasterio.__version__)'),
  },
  rounds,
  reading,
  windowPeakMebibytes: window,
};
// Only a run over all files is recorded.
publish(record, chosen.length === 0 ? here('results/raster.json') : null);
