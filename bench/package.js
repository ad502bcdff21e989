// Packages the event of Luxembourg with terrachip, and as a notebook does with rasterio and NumPy, on the same files: time
// and peak memory of the process tree, cold (empty page cache, where root may) and warm; then compares the arrays.
//
//   node bench/package.js [ROUNDS]          a quarter of the area
//   node bench/package.js [ROUNDS] --full   all of it, terrachip alone: the arrays need 30 GB
//                        [--only cold,warm,arrays] [--contenders terrachip,npy,notebook,tuned] [-o FILE]
//                        [--sources FOLDER] [--trial]
//
// --sources keeps the sources in a folder for other runs; --trial uses pixels of 40 m. Each run is saved when it ends; other
// results in the file are kept, so that parts can be measured one by one. Ratios are of runs of the same round.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, python, TERRACHIP } from '../scripts/checks/programs.js';
import * as harness from './harness.js';
import { makeLuxembourg } from './luxembourg.js';
import { competeTrees, dropPageCache, summarize } from './tree.js';

const { chosenBy, optionOf, time, version } = harness;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const args = process.argv.slice(2);
const rounds = harness.roundsIn(args, 3);
const full = args.includes('--full');
const parts = chosenBy(args, '--only', full ? ['cold', 'warm'] : ['cold', 'warm', 'arrays']);
const { sources, work, event, flags } = makeLuxembourg(args);
const manifest = join(sources, 'manifest.json');

const folder = (name) => join(work, name);
const terrachip =
  (...options) =>
  (output) => [process.execPath, ...[TERRACHIP, 'package', manifest, '-o', output, ...flags, ...options]];
const notebook = (settings) => (output) => [
  PYTHON,
  ...[here('peers/notebook_package.py'), manifest, join(sources, 'event.json'), output, settings],
];
const COMMANDS = {
  terrachip: ['terrachip package', terrachip()],
  npy: ['terrachip package --format npy', terrachip('--format', 'npy')],
  notebook: ['rasterio and NumPy, settings of the notebook', notebook('own')],
  tuned: ['rasterio and NumPy, all threads, 1 GB for the warp', notebook('best')],
};
const available = full ? ['terrachip', 'npy'] : Object.keys(COMMANDS);
const contenders = chosenBy(args, '--contenders', available).map((key) => ({
  name: COMMANDS[key][0],
  command: COMMANDS[key][1](folder(key)),
  before: () => rmSync(folder(key), { recursive: true, force: true }),
}));

const file = here(full ? 'results/package-full.json' : 'results/package.json');
const path = optionOf(args, '-o', args.includes('--trial') ? null : file);
const about = {
  schemaVersion: 2,
  benchmark: 'package',
  machine: harness.machine(),
  versions: {
    gdal: version('gdalinfo', '--version'),
    rasterio: version(PYTHON, '-c', 'import rasterio; print(rasterio.__version__)'),
    numpy: version(PYTHON, '-c', 'import numpy; print(numpy.__version__)'),
  },
  planes: 57,
  size: [event.grid.width, event.grid.height],
};
const result = harness.continueResult(path, about, { cold: null, warm: null, arrays: null });

/** The finished runs of each contender, ours first. */
function runsOf(state) {
  const known = result[state] ?? [];
  return new Map(
    Object.values(COMMANDS).map(([name]) => [name, known.find((each) => each.name === name)?.runs ?? []]),
  );
}

async function measure(state, warmUp) {
  const runs = runsOf(state);
  const last = contenders.map(({ name }) => harness.median(runs.get(name).map(({ seconds }) => seconds)));
  const known = last.map(
    (seconds, i) => `${contenders[i].name} ${seconds ? `${seconds.toFixed(0)} s` : '?'}`,
  );
  console.log(
    `${state}: ${rounds} rounds${warmUp ? ' after a warm-up' : ''}; the last runs took: ${known.join('; ')}`,
  );
  let before = harness.load();
  await competeTrees(contenders, { cold: state === 'cold', rounds, warmUp }, (name, round, run) => {
    runs.set(name, [...(round === 0 ? [] : runs.get(name)), run]);
    const measured = [...runs].filter(([, list]) => list.length > 0);
    const each = measured.map(([other, list]) => ({ name: other, runs: list }));
    result[state] = summarize(each, COMMANDS.terrachip[0]);
    harness.addLoad(result, before);
    before = harness.load();
    harness.save(result, path);
    const { seconds, cpuSeconds, peakBytes } = run;
    console.log(
      `${state}, round ${round + 1}, ${name}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} CPU s, ` +
        `peak ${Math.round(peakBytes / 2 ** 20)} MiB`,
    );
  });
}

/** Pixels of each array that differ from those without smoothing by more than GDAL's tolerance of an eighth of a pixel. */
async function compareArrays() {
  if (!existsSync(folder('npy'))) time(COMMANDS.npy[1](folder('npy')));
  time(notebook('exact')(folder('exact')));
  const arrays = ['S2L2A', 'S1RTC', 'DEM'].map((modality) => `${modality}_full.npy`);
  const names = Object.fromEntries(arrays.map((name) => [name, join('full_scene', name)]));
  return python('gdal/compare_arrays.py', { expected: folder('exact'), found: folder('npy'), names });
}

const isCold = parts.includes('cold') && dropPageCache();
if (isCold) await measure('cold', false);
// Cold runs have filled the page cache: it is warm now.
if (parts.includes('warm')) await measure('warm', !isCold);
if (parts.includes('arrays')) {
  console.log('arrays: one run of rasterio and NumPy with all threads, and a comparison');
  result.arrays = await compareArrays();
}
harness.publish(result, path);
