// npm run check:chips [-- pixels|kills]: training chips of real images. rasterio's windows have the same pixels, NumPy the same statistics,
// DuckDB reads the index, and the PyTorch Dataset and DataLoader of the chips' README.md read each format. A
// killed run that is resumed has the same bytes. Needs Debian, DuckDB from npm, and the folder of real data
// (TERRACHIP_SHARED, or ../shared).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openDuckDb } from './chips/duckdb.js';
import { attempt, printTable, Report, TERRACHIP, terrachip } from './programs.js';
import { installProject, root } from './support.js';
import { openTrixie } from './trixie.js';

const report = new Report('check:chips');
const data = join(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data', 'eo');
await installProject();
const parts = process.argv.slice(2);
const readIndex = await openDuckDb();
if (readIndex === null) report.skip('the index', 'DuckDB could not be installed from npm');
const { folder, python, close } = await openTrixie(['python3-torch', 'python3-geopandas']);

const FLOOD = join(data, 'cloudtostreet__Sen1Floods11');
const TILE = 'IBM__terramind';
const CASES = [
  {
    name: 'Sentinel-2 and land cover, a grid',
    image: join(data, TILE, 'S2L2A', '433D_629L_3_1.tif'),
    label: join(data, TILE, 'LULC', '433D_629L_3_1.tif'),
    options: ['--size', '64', '--stride', '48'],
  },
  {
    name: 'Sentinel-2 and floods, splits',
    image: join(FLOOD, 'S2', 'Spain_7370579_S2Hand.tif'),
    label: join(FLOOD, 'Labels', 'Spain_7370579_LabelHand.tif'),
    options: ['--size', '32', '--block', '128', '--split', 'block', '0.6', '0.2', '0.2', '--ignore', '-1'],
  },
  {
    name: 'radar and floods, random',
    image: join(FLOOD, 'S1', 'Spain_7370579_S1Hand.tif'),
    label: join(FLOOD, 'Labels', 'Spain_7370579_LabelHand.tif'),
    options: ['--size', '48', '--sampler', 'random', '--count', '60', '--seed', '5', '--ignore', '-1'],
  },
  {
    name: 'Sentinel-2 and floods, balanced',
    image: join(FLOOD, 'S2', 'Spain_7370579_S2Hand.tif'),
    label: join(FLOOD, 'Labels', 'Spain_7370579_LabelHand.tif'),
    options: [
      '--size',
      '32',
      '--sampler',
      'balanced',
      '--count',
      '60',
      '--stored',
      '--dtype',
      'int16',
      '--nodata',
      '-9999',
      '--ignore',
      '-1',
    ],
  },
];

try {
  if (parts.length === 0 || parts.includes('pixels')) await checkPixels();
  if (parts.length === 0 || parts.includes('kills')) await checkKills();
} finally {
  close();
}
report.end();

/** Compares chips with the same files read by other programs. */
async function checkPixels() {
  const rows = [];
  for (const [k, { name, options, ...files }] of CASES.entries()) {
    if (!existsSync(files.image) || !existsSync(files.label)) {
      report.skip(name, `${files.image} is not there`);
      continue;
    }
    // Python can read only files in its own root.
    mkdirSync(join(folder, String(k)));
    const image = join(folder, String(k), 'image.tif');
    const label = join(folder, String(k), 'label.tif');
    copyFileSync(files.image, image);
    copyFileSync(files.label, label);
    const catalog = join(folder, `${k}.parquet`);
    await terrachip('catalog', 'build', image, '-o', catalog);
    for (const format of ['geotiff', 'npy', 'zarr']) {
      const output = join(folder, `${k}-${format}`);
      const all = ['catalog', 'chips', catalog, ...options, '--labels', label, '--format', format];
      const { splits } = await terrachip(...all, '-o', output);
      const total = splits.reduce((sum, { chips }) => sum + chips, 0);
      const claim = `${name}, ${format}`;
      report.check(`${claim}: there are chips`, total > 0);
      if (readIndex === null) continue;
      const index = await readIndex(join(output, 'index.parquet'));
      const found = await python('chips/verify.py', { chips: output, index, image, label, format });
      report.same(`${claim}: chips in the index`, found.chips, total);
      report.same(`${claim}: chips with other pixels than rasterio's windows`, found.otherImages, 0);
      report.same(`${claim}: labels other than rasterio's windows`, found.otherLabels, 0);
      report.same(`${claim}: class shares other than NumPy's`, found.otherShares, 0);
      report.same(`${claim}: outlines that are not those of the chips`, found.otherOutlines, 0);
      report.check(`${claim}: means and deviations`, found.statistics < 1e-9, String(found.statistics));
      report.same(`${claim}: chips that a DataLoader read`, found.loaded, total);
      report.same(`${claim}: batches of other values`, found.otherBatches, 0);
      report.check(
        `${claim}: splits are separated`,
        found.apart === null || found.apart >= 1,
        String(found.apart),
      );
      rows.push([name, format, total, found.pixels, found.statistics]);
    }
  }
  printTable(['case', 'format', 'chips', 'pixels compared', 'statistics differ by'], rows);
}

/** Kills runs at several moments, and resumes them. */
async function checkKills() {
  const { image, label } = CASES[1];
  if (!existsSync(image)) {
    report.skip('killed runs', `${image} is not there`);
    return;
  }
  const catalog = join(folder, 'kills.parquet');
  await terrachip('catalog', 'build', image, '-o', catalog);
  const args = [
    'catalog',
    'chips',
    catalog,
    '--size',
    '32',
    '--unit-chips',
    '16',
    '--labels',
    label,
    '--ignore',
    '-1',
  ];
  for (const format of ['geotiff', 'npy', 'zarr']) {
    const whole = join(folder, `whole-${format}`);
    const options = [...args, '--format', format];
    await terrachip(...options, '-o', whole);
    const expected = digest(whole);
    for (const units of [1, 6, 12]) {
      const output = join(folder, `killed-${format}-${units}`);
      const child = spawn(process.execPath, [TERRACHIP, ...options, '-o', output], { stdio: 'ignore' });
      const ended = new Promise((done) => child.once('exit', done));
      while (markers(output) < units && child.exitCode === null) await setTimeout(5);
      child.kill('SIGKILL');
      await ended;
      const claim = `${format}, killed after ${units} units`;
      report.check(`${claim}: the result does not exist`, !existsSync(output));
      const refused = await attempt(process.execPath, [
        TERRACHIP,
        ...options,
        '--seed',
        '9',
        '-o',
        output,
        '--resume',
      ]);
      report.check(
        `${claim}: another seed is refused by name`,
        refused.status === 2 && /--seed/.test(refused.stderr),
        refused.stderr,
      );
      const resumed = await terrachip(...options, '-o', output, '--resume');
      report.check(`${claim}: units are kept`, resumed.unitsKept >= units, String(resumed.unitsKept));
      report.same(`${claim}: bytes`, digest(output), expected);
    }
  }
}

function markers(output) {
  if (!existsSync(`${output}.run`)) return 0;
  return readdirSync(`${output}.run`, { recursive: true }).filter((name) => /done\/\d+\.json$/.test(name))
    .length;
}

/** A hash of the names and bytes of all files of a folder. */
function digest(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    const path = join(folder, name);
    if (statSync(path).isFile()) hash.update(name).update(readFileSync(path));
  }
  return hash.digest('hex');
}
