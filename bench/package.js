// Packages the event of Luxembourg with terrachip, and as a notebook does with rasterio and NumPy, on the same files: time
// and peak memory of the process tree, cold (empty page cache, where root may) and warm; then compares the arrays.
//
//   node bench/package.js [ROUNDS] [--sources FOLDER] [--trial]     a quarter of the area
//   node bench/package.js [ROUNDS] --full                            all of it, terrachip alone: the arrays need 30 GB
//
// --sources keeps the sources in a folder for other runs; --trial takes pixels of 200 m.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, python, TERRACHIP } from '../scripts/checks/programs.js';
import { load, machine, publish, roundsIn, time, version } from './harness.js';
import { makeLuxembourg } from './luxembourg.js';
import { competeTrees, dropPageCache } from './tree.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const args = process.argv.slice(2);
const rounds = roundsIn(args, 3);
const full = args.includes('--full');
const { sources, work, event, flags } = makeLuxembourg(args);
const manifest = join(sources, 'manifest.json');
const before = load();

const folder = (name) => join(work, name);
const contestant = (name, output, command) => ({
  name,
  command: [...command(folder(output))],
  before: () => rmSync(folder(output), { recursive: true, force: true }),
});
const terrachip =
  (...options) =>
  (output) => [process.execPath, ...[TERRACHIP, 'package', manifest, '-o', output, ...flags, ...options]];
const notebook = (settings) => (output) => [
  PYTHON,
  ...[here('peers/notebook_package.py'), manifest, join(sources, 'event.json'), output, settings],
];
const contestants = [
  contestant('terrachip package', 'cog', terrachip()),
  contestant('terrachip package --format npy', 'npy', terrachip('--format', 'npy')),
  ...(full
    ? []
    : [
        contestant('rasterio and NumPy, settings of the notebook', 'own', notebook('own')),
        contestant('rasterio and NumPy, all threads, 1 GB for the warp', 'best', notebook('best')),
      ]),
];

const canDrop = dropPageCache();
const cold = canDrop ? await competeTrees(contestants, { cold: true, rounds }) : null;
const warm = await competeTrees(contestants, { cold: false, rounds });

/** Pixels of each array beyond GDAL's tolerance of an eighth of a pixel, from those without smoothing. */
async function compareArrays() {
  time(notebook('exact')(folder('exact')));
  const arrays = ['S2L2A', 'S1RTC', 'DEM'].map((modality) => `${modality}_full.npy`);
  const names = Object.fromEntries(arrays.map((name) => [name, join('full_scene', name)]));
  return python('gdal/compare_arrays.py', { expected: folder('exact'), found: folder('npy'), names });
}
const arrays = full ? null : await compareArrays();

const record = {
  schemaVersion: 1,
  benchmark: 'package',
  machine: machine(),
  load: [before, load()],
  versions: {
    gdal: version('gdalinfo', '--version'),
    rasterio: version(PYTHON, '-c', 'import rasterio; print(rasterio.__version__)'),
    numpy: version(PYTHON, '-c', 'import numpy; print(numpy.__version__)'),
  },
  planes: 57,
  size: [event.grid.width, event.grid.height],
  rounds,
  cold,
  warm,
  arrays,
};
const name = full ? 'results/package-full.json' : 'results/package.json';
publish(record, args.includes('--trial') ? null : here(name));
