// Writes 30 Mpixel as a COG with overviews, compared with gdal_translate -of COG; whole processes.
//
//   node bench/cog-writer.js [ROUNDS]
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../scripts/checks/programs.js';
import { compete, load, machine, publish, roundsIn, time, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const rounds = roundsIn(process.argv.slice(2), 5);
const before = load();

const folder = mkdtempSync(join(process.env.TERRACHIP_BENCH_FOLDER ?? tmpdir(), 'terrachip-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const sources = {
  'uint16, predictor 2': join(folder, 'uint16.tif'),
  'float32, predictor 3': join(folder, 'float32.tif'),
};
time([PYTHON, here('peers/make_cog_inputs.py'), ...Object.values(sources)]);

const records = [];
for (const [title, source] of Object.entries(sources)) {
  const target = (k) => join(folder, `out-${k}.tif`);
  const ours = (k, ...options) => [
    process.execPath,
    here('peers/terrachip_translate.js'),
    source,
    target(k),
    ...options,
  ];
  const translate = (k, compression, ...options) => {
    const creation = [`COMPRESS=${compression}`, 'PREDICTOR=YES', ...options].flatMap((option) => [
      '-co',
      option,
    ]);
    return ['gdal_translate', '-q', '-of', 'COG', ...creation, source, target(k)];
  };
  const commands = {
    'terrachip, deflate 6': (k) => ours(k, 'deflate'),
    'gdal_translate, deflate 6': (k) => translate(k, 'DEFLATE'),
    'gdal_translate, deflate 6, ALL_CPUS': (k) => translate(k, 'DEFLATE', 'NUM_THREADS=ALL_CPUS'),
    'terrachip, deflate 1': (k) => ours(k, 'deflate', '1'),
    'gdal_translate, deflate 1, ALL_CPUS': (k) => translate(k, 'DEFLATE', 'LEVEL=1', 'NUM_THREADS=ALL_CPUS'),
    'terrachip, zstd 9': (k) => ours(k, 'zstd'),
    'gdal_translate, zstd 9': (k) => translate(k, 'ZSTD'),
    'gdal_translate, zstd 9, ALL_CPUS': (k) => translate(k, 'ZSTD', 'NUM_THREADS=ALL_CPUS'),
  };
  const contestants = Object.entries(commands).map(([name, command], k) => ({ name, command: command(k) }));
  const results = compete(contestants, rounds).map((result, k) => ({
    ...result,
    megabytes: Number((statSync(target(k)).size / 1e6).toFixed(1)),
  }));
  records.push({ title, results });
}
const record = {
  schemaVersion: 1,
  benchmark: 'cog-writer',
  machine: machine(),
  load: [before, load()],
  versions: { gdal: version('gdal_translate', '--version') },
  rounds,
  rasters: records,
};
publish(record, here('results/cog-writer.json'));
