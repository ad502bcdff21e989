// Catalogs of 500,000 and of 5 million scenes: build, write, open from disk, and query by a 1° box and a month.
// Compared with GeoPandas (`intersects` without an index, and a warm `sindex`), in turn.
//
//   node bench/catalog.js [ROUNDS] [COUNT ...]
//
// Uses the GeoPandas that `npm run check:geopandas` installs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installed } from '../scripts/checks/geopandas/python.js';
import { machine, median, publish } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const numbers = process.argv.slice(2).map(Number);
const rounds = numbers.find((number) => number < 100) ?? 3;
const chosen = numbers.filter((number) => number >= 100);
const counts = chosen.length > 0 ? chosen : [500_000, 5_000_000];

const packages = await installed();
if (packages === null) throw new Error('GeoPandas and pyarrow could not be installed from PyPI');
const folder = mkdtempSync(join(process.env.TERRACHIP_BENCH_FOLDER ?? tmpdir(), 'terrachip-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function report(command, args, env = {}) {
  const run = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${run.stderr}`);
  return JSON.parse(run.stdout);
}

const contestants = {
  memory: (count) =>
    report(process.execPath, ['--max-old-space-size=8192', here('peers/catalog.js'), 'write', count, folder]),
  file: (count) => report(process.execPath, [here('peers/catalog.js'), 'open', count, folder]),
  geopandas: (count) =>
    report('/usr/bin/python3', ['-W', 'ignore', here('peers/catalog.py'), count, folder], {
      PYTHONPATH: packages,
    }),
};

/** Medians over the rounds of each number that a contestant reports. */
function medians(reports) {
  return Object.fromEntries(
    Object.keys(reports[0])
      .filter((name) => typeof reports[0][name] === 'number')
      .map((name) => [name, Number(median(reports.map((each) => each[name])).toPrecision(4))]),
  );
}

const load = [];
const records = [];
for (const count of counts) {
  const reports = { memory: [], file: [], geopandas: [] };
  // Millions of rows take minutes to write.
  const turns = count > 1_000_000 ? 1 : rounds;
  for (let round = 0; round < turns; round++) {
    for (const [name, run] of Object.entries(contestants)) reports[name].push(run(String(count)));
    load.push(Number(loadavg()[0].toFixed(1)));
    process.stderr.write(`${count} scenes: round ${round + 1} of ${turns}\n`);
  }
  const { memory, file, geopandas } = reports;
  if (memory[0].hits !== geopandas[0].hits || file[0].hits !== geopandas[0].hits) {
    throw new Error(`${memory[0].hits}, ${file[0].hits} and ${geopandas[0].hits} rows were found`);
  }
  const ratio = (ours, place) =>
    Number(median(ours.map((each, k) => geopandas[k][place] / each[place])).toFixed(2));
  records.push({
    count,
    rounds: turns,
    hits: memory[0].hits,
    memory: medians(memory),
    file: medians(file),
    geopandas: medians(geopandas),
    versions: geopandas[0].versions,
    ratio: {
      build: ratio(memory, 'build'),
      write: ratio(memory, 'write'),
      open: ratio(file, 'open'),
      query: ratio(memory, 'query'),
      find: ratio(file, 'query'),
      rows: ratio(file, 'rows'),
    },
  });
}

const record = {
  schemaVersion: 1,
  benchmark: 'catalog',
  machine: machine(),
  // Load average (1 min) after each round.
  load,
  records,
};
// Only a run with the default sizes is recorded.
publish(record, chosen.length === 0 ? here('results/catalog.json') : null);
