// Reads 5490 × 5490 pixels in tiles of 512 × 512, compared with rasterio: seconds of reading alone, without the start of
// the process. Also measures the peak memory of reading a window.
//
//   node bench/raster.js [ROUNDS] [FILE ...]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compete, machine, report, time, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = '/usr/bin/python3';
const MEGAPIXELS = 5490 ** 2 / 1e6;
const FILES = [
  'none-uint16',
  'deflate-uint16-p2',
  'deflate-float32-p3',
  'zstd-float32-p3',
  'lzw-uint16-p2',
  'lzw-float32-p3',
];
const rounds = Number(process.argv.slice(2).find((arg) => /^\d+$/.test(arg)) ?? 5);
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

console.log(`| read ${MEGAPIXELS.toFixed(0)} Mpixel | program | median s | Mpixel/s | time ÷ terrachip's |`);
console.log('|---|---|---|---|---|');
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
  for (const { name, seconds, ratio } of results) {
    console.log(
      `| ${file} | ${name} | ${seconds.toFixed(2)} | ${(MEGAPIXELS / seconds).toFixed(1)} | ${ratio.toFixed(2)} |`,
    );
  }
  return { file, results };
});

const mebibytes = (file) => Math.round(report(terrachip(file, '--window')) / 2 ** 20);
const window = { of30: mebibytes('deflate-float32-p3'), of120: mebibytes('large-float32-p3') };
console.log(
  `\nPeak memory of reading 1024 × 1024 pixels: ${window.of30} MiB of 30 Mpixel, ${window.of120} MiB of 120 Mpixel.`,
);

const record = {
  schemaVersion: 1,
  benchmark: 'raster',
  machine: machine(),
  versions: {
    gdal: version('gdalinfo', '--version'),
    rasterio: version(PYTHON, '-c', 'import rasterio; print(rasterio.__version__)'),
  },
  rounds,
  reading,
  windowPeakMebibytes: window,
};
// Only a run over all files is recorded.
if (chosen.length === 0) writeFileSync(here('results/raster.json'), `${JSON.stringify(record, null, 2)}\n`);
