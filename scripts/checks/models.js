// npm run check:models: compares the demo models with baselines on held-out events, whose parameters are outside the
// training ranges, and on real chips where available. Prints a table and fails below the bars.
//   npm run check:models [-- FOLDER]      a folder of Sen1Floods11's hand-labelled chips (S1, Labels)
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printTable, Report } from './programs.js';
import { installProject, root, withTemporaryFolder } from './support.js';

await installProject();
const { openModel } = await import('../../dist/inference/node/index.js');
const { readJson } = await import('../../dist/io/node/json.js');
const { CogWriter, openRaster } = await import('../../dist/raster/node/index.js');
const { bundledModel, evaluateMap, infer } = await import('../../dist/workflow/index.js');
const { makeEvent, SPLITS } = await import('../events.js');

const BARS = { iou: 0.75, overBaselines: 0.1, swap: 0.2, zero: 0.05 };
const SWAPPED = ['pre_month', 'event', 'pre_event', 'post_event'];

const report = new Report('check:models');
await withTemporaryFolder(async (scratch) => {
  await checkFlood(scratch);
  await checkRealChip(scratch);
});
report.end();

async function checkFlood(scratch) {
  const model = bundledModel('demo-flood');
  const { spec } = await openModel(model);
  const { firstSeed, count } = SPLITS['held-out'];
  const rows = [];
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const made = await makeEvent(seed, SPLITS['held-out'], join(scratch, String(seed)));
    const permanent = join(made.folder, 'permanent.tif');
    await copyBand(made.truth, 2, permanent);
    const label = join(made.folder, 'package', 'label.tif');
    const score = async (scene, name, options = {}) => {
      const map = join(made.folder, name);
      await infer({ scene, model, output: map, backend: 'cpu', ...options });
      return evaluateMap({ map, label, positiveClass: 'flood', permanentWater: permanent });
    };
    const metrics = await score(made.scene, 'map');
    const row = {
      seed,
      flood: metrics.classes[1].labelShare,
      iou: metrics.model.iou,
      ...Object.fromEntries(metrics.baselines.map(({ name, scores }) => [name, scores.iou ?? 0])),
      'permanent FP': metrics.permanentWater.falsePositiveRate,
      swapped: (await score(made.scene, 'swapped', { phases: SWAPPED })).model.iou,
    };
    for (const input of spec.inputs) {
      const scene = await withoutInput(made, input);
      row[`no ${input.name}`] = (await score(scene, `no-${input.name}`)).model.iou;
    }
    rows.push(row);
    await rm(made.folder, { recursive: true, force: true });
  }
  const names = Object.keys(rows[0]);
  const mean = Object.fromEntries(
    names.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0) / rows.length]),
  );
  printScores(names, [...rows, { ...mean, seed: 'mean' }]);
  judgeFlood(rows, mean, spec);
}

/** Every event must pass the bar of the IoU and beat its baselines. Losses by ablations are judged by their mean. */
function judgeFlood(rows, mean, { inputs }) {
  const three = (value) => value.toFixed(3);
  for (const { seed, iou, ...row } of rows) {
    const best = Math.max(...['majority', 'otsu-vv', 'vv-drop', 'ndwi'].map((name) => row[name] ?? 0));
    report.check(`event ${seed}: IoU at least ${BARS.iou}`, iou >= BARS.iou, three(iou));
    report.check(
      `event ${seed}: IoU ${BARS.overBaselines} above the best baseline`,
      iou - best >= BARS.overBaselines,
      `${three(iou)}, ${three(best)}`,
    );
  }
  const costs = [
    ['swapping the pre-event and event phases', 'swapped', BARS.swap],
    ...inputs.map(({ name }) => [`the mean in place of ${name}`, `no ${name}`, BARS.zero]),
  ];
  for (const [ablation, name, bar] of costs) {
    const cost = mean.iou - mean[name];
    console.log(`${ablation} costs ${three(cost)} of the mean IoU (at least ${bar})`);
    report.check(`${ablation} costs at least ${bar}`, cost >= bar, three(cost));
  }
}

/** A scene with an input replaced by its training mean, which normalises to 0. */
async function withoutInput({ scene, folder }, { name, bands, mean, units }) {
  const document = await readJson(scene);
  const like = await openRaster(join(folder, 'package', 'DEM.tif'));
  const { geobox } = like;
  await like.close();
  const path = join(folder, 'package', `zero-${name}.tif`);
  const stored = mean.map((value) => (units === 'dB' ? 10 ** (value / 10) : value));
  await writeBands(
    path,
    geobox,
    stored.map((value) => new Float32Array(geobox.pixelCount).fill(value)),
  );
  const image = Object.fromEntries(bands.map((band, k) => [band, { href: path, band: k + 1 }]));
  const input = document.inputs[name];
  if (input.static !== undefined) input.static = image;
  else for (const phase of Object.keys(input.phases)) input.phases[phase] = image;
  const changed = join(folder, 'package', `without-${name}.json`);
  await writeFile(changed, JSON.stringify(document));
  return changed;
}

async function writeBands(path, geobox, bands) {
  const writer = await CogWriter.create(path, {
    geobox,
    bands: bands.length,
    dtype: 'float32',
    nodata: Number.NaN,
  });
  await writer.writeRows(bands);
  await writer.finish();
}

async function copyBand(source, index, destination) {
  const raster = await openRaster(source);
  const { width, height, geobox } = raster;
  const [plane] = await raster.readPlanes({ window: { x: 0, y: 0, width, height }, bands: [index] });
  await raster.close();
  await writeBands(destination, geobox, [Float32Array.from(plane)]);
}

/** Compares demo-water-s1 with Otsu on VV, on hand-labelled chips of Sen1Floods11, which were not used in training. */
async function checkRealChip(scratch) {
  const shared = process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared');
  const folder = process.argv[2] ?? join(shared, 'data', 'eo', 'cloudtostreet__Sen1Floods11');
  if (!existsSync(join(folder, 'S1'))) {
    report.skip('demo-water-s1 on Sen1Floods11', `there is no ${folder}`);
    return;
  }
  const rows = [];
  for (const file of await readdir(join(folder, 'S1'))) {
    const chip = file.replace('_S1Hand.tif', '');
    const path = join(folder, 'S1', file);
    const scene = join(scratch, `${chip}.json`);
    const phases = { event: { VV: { href: path, band: 1 }, VH: { href: path, band: 2 } } };
    await writeFile(
      scene,
      JSON.stringify({
        schemaVersion: 1,
        id: chip,
        grid: { like: path },
        phases: ['event'],
        inputs: { S1RTC: { units: 'dB', resampling: 'nearest', phases } },
      }),
    );
    const row = { chip };
    for (const model of ['water-threshold', 'demo-water-s1']) {
      const map = join(scratch, `${chip}-${model}`);
      await infer({ scene, model: bundledModel(model), output: map, backend: 'cpu' });
      const metrics = await evaluateMap({ map, label: join(folder, 'Labels', `${chip}_LabelHand.tif`) });
      row[model] = metrics.model.iou;
      row['otsu-vv'] = metrics.baselines.find(({ name }) => name === 'otsu-vv')?.scores.iou ?? 0;
    }
    report.check(
      `${chip}: demo-water-s1 beats Otsu on VV`,
      row['demo-water-s1'] > row['otsu-vv'],
      `${row['demo-water-s1']}, ${row['otsu-vv']}`,
    );
    rows.push(row);
  }
  console.log();
  printScores(Object.keys(rows[0]), rows);
}

function printScores(names, rows) {
  const cell = (value) => (typeof value === 'number' && value <= 1 ? value.toFixed(3) : String(value));
  printTable(
    names,
    rows.map((row) => names.map((name) => cell(row[name]))),
  );
}
