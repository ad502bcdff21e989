// Maps of the event of Luxembourg by whole `infer` processes: stages, processor time, the peak memory of the process tree,
// and the share of the model, which is the time of bare model calls on as many chips. With demo-flood, and with the tiny
// TerraMind flood model with random weights, from the package and from the files in one pass. Then maps of 1, 2 and 4 times
// as many strips from files in several layouts: counters, processor time and memory.
//
//   node bench/scene.js [ROUNDS] [--full] [--only demo-flood,tiny,heights] [--from package,files] [-o FILE]
//                      [--layouts tiles,strips,untiled,block,rotated] [--sources FOLDER] [--trial]
//                      [--backend webgpu [--provider webgpu-resident]]
//
// Without --full a quarter of the area. --sources keeps sources, package and model in a folder for other runs; --trial uses
// pixels of 40 m. Each result is saved when it is measured; other results in the file are kept, so that parts can be measured
// one by one. The tiny model needs Debian's python3-torch.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createChipLayout } from '../dist/geo/index.js';
import { bundledModel, openModel } from '../dist/inference/node/index.js';
import { PYTHON, TERRACHIP } from '../scripts/checks/programs.js';
import { FLOOD_SIZES } from '../scripts/checks/torch/sizes.js';
import * as harness from './harness.js';
import { makeLuxembourg } from './luxembourg.js';
import { Server } from './server.js';
import { growthOf } from './tables.js';
import { runTree } from './tree.js';

const { chosenBy, median, optionOf, time } = harness;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const args = process.argv.slice(2);
const rounds = harness.roundsIn(args, 1);
const parts = chosenBy(args, '--only', ['demo-flood', 'tiny', 'heights']);
const layouts = chosenBy(args, '--layouts', ['tiles', 'strips', 'untiled', 'block', 'rotated']);
const { sources, work, event, flags } = makeLuxembourg(args, { layouts: parts.includes('heights') });
const machine = harness.machine();
const threads = String(machine.cores);
const backend = optionOf(args, '--backend', 'cpu');
const provider = optionOf(args, '--provider', backend === 'cpu' ? 'cpu' : 'auto');
const rounded = (value) => Number(value.toPrecision(4));
const mebibytes = (bytes) => Math.round(bytes / 2 ** 20);
/** Chips per call of the model: the default of `infer`. */
const BATCH = 4;
/** Small units: a map with fewer rows than a unit would need less memory. */
const UNITS = ['--unit-rows', '256'];
/** The phases of the event, for models with other names of phases. */
const PHASES = ['pre_month', 'pre_event', 'event', 'post_event'];

const { grid } = event;
const name = [
  'scene',
  ...(args.includes('--full') ? ['full'] : []),
  ...(backend === 'cpu' ? [] : [provider]),
];
const path = optionOf(args, '-o', args.includes('--trial') ? null : here(`results/${name.join('-')}.json`));
const about = {
  schemaVersion: 2,
  benchmark: 'scene',
  machine,
  versions: {
    onnxruntime: harness.version(process.execPath, '-p', "require('onnxruntime-node/package.json').version"),
  },
  threads: Number(threads),
  backend,
  provider,
  size: [grid.width, grid.height],
};
const result = harness.continueResult(path, about, { models: [], heights: [] });

/** Replaces an older record with the same values of some keys, and saves. */
function keep(list, record, keys) {
  const known = list.findIndex((other) => keys.every((key) => other[key] === record[key]));
  list.splice(known < 0 ? list.length : known, known < 0 ? 0 : 1, record);
  harness.save(result, path);
}

/** Runs `infer` several times. @returns medians of the measurements and of the stages, and the counters */
async function measureInfer(scene, model, phases, more = []) {
  const output = join(work, 'map');
  const execution = ['--backend', backend, '--provider', provider, '--threads', threads];
  const options = ['--model', model, '-o', output, '--batch', String(BATCH), ...execution, ...more];
  const runs = [];
  let counters = null;
  for (let round = 0; round < rounds; round++) {
    rmSync(output, { recursive: true, force: true });
    const before = harness.load();
    const command = [process.execPath, TERRACHIP, 'infer', scene, ...options, '--phases', ...phases];
    const { seconds, cpuSeconds, peakBytes } = await runTree(command);
    harness.addLoad(result, before);
    const record = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8'));
    counters = record.counters;
    const plannedMiB = mebibytes(record.memory.bytes);
    const whole = { seconds, cpuSeconds, peakMiB: mebibytes(peakBytes), plannedMiB };
    runs.push({ whole, stages: record.seconds });
  }
  const stages = medians(runs.map((run) => run.stages));
  return { runs: rounds, ...medians(runs.map(({ whole }) => whole)), stages, counters };
}

/** Medians of numbers of runs, each rounded. */
function medians(runs) {
  return Object.fromEntries(
    Object.keys(runs[0]).map((key) => [key, rounded(median(runs.map((run) => run[key] ?? 0)))]),
  );
}

/** Bare calls of a model. @returns wall-clock and processor seconds per chip, for each call */
async function callModel(model) {
  const command = [process.execPath, here('peers/terramind.js'), model, provider, threads, String(BATCH)];
  const server = new Server(command);
  await server.run();
  const calls = [];
  for (let k = 0; k < 5; k++) calls.push(await server.measure());
  await server.end();
  return calls;
}

/** Imports a checkpoint with random weights, unless an earlier run has kept it. @returns the folder of the model */
function tinyModel() {
  const [configuration, checkpoint] = ['tiny.json', 'tiny.pt'].map((file) => join(work, file));
  const model = join(sources, 'tiny');
  if (existsSync(join(model, 'model.json'))) return model;
  writeFileSync(configuration, JSON.stringify(FLOOD_SIZES.tiny));
  time([PYTHON, here('peers/terramind.py'), 'make', configuration, checkpoint]);
  time([process.execPath, here('peers/import_model.js'), checkpoint, model, 'fp32']);
  return model;
}

/** Packages the event, unless an earlier run has kept the package. @returns its folder */
function packageOfEvent() {
  const packaged = join(sources, `package-${event.part}`);
  const document = join(packaged, 'scene.json');
  if (existsSync(document)) {
    console.log(
      `uses the package of ${statSync(document).mtime.toISOString()}; remove ${packaged} for a new one`,
    );
    return packaged;
  }
  const expected = Math.ceil((57 * grid.width * grid.height) / 25e6);
  console.log(`packages 57 planes of ${grid.width} × ${grid.height}: about ${expected} s on two cores`);
  time([
    process.execPath,
    ...[TERRACHIP, 'package', join(sources, 'manifest.json'), '-o', packaged, ...flags],
  ]);
  return packaged;
}

/** Whole runs of a model, compared with bare calls of it before and after. */
async function measureModel(model, folder) {
  const { chip } = (await openModel(folder)).spec;
  const layout = createChipLayout(grid.width, grid.height, chip.size, chip.stride);
  const [rows, columns] = [layout.rowStarts.length, layout.columnStarts.length];
  const scenes = { package: packageOfEvent, files: () => join(sources, 'scene.json') };
  for (const from of chosenBy(args, '--from', Object.keys(scenes))) {
    const scene = scenes[from]();
    const calls = await callModel(folder);
    const expected = medians(calls).seconds * rows * Math.ceil(columns / BATCH) * BATCH;
    const last = result.models.find((other) => other.model === model && other.from === from);
    console.log(
      `${model}, ${from}: ${rows * columns} chips, for which bare calls take ${Math.round(expected)} s; ` +
        `${rounds} × the whole run, which takes longer${last ? ` (${last.seconds} s in the last run)` : ''}`,
    );
    const { counters, ...run } = await measureInfer(scene, folder, PHASES);
    const bare = medians([...calls, ...(await callModel(folder))]);
    const chips = counters.chipsRun;
    const record = {
      ...{ model, from, ...run },
      bareModelSeconds: rounded(bare.seconds * chips),
      bareModelCpuSeconds: rounded(bare.cpuSeconds * chips),
      /** The whole run ÷ bare calls of the model: wall-clock, and processor time. */
      ratio: rounded(run.seconds / (bare.seconds * chips)),
      cpuRatio: rounded(run.cpuSeconds / (bare.cpuSeconds * chips)),
      cpuSecondsBesideModel: rounded(run.cpuSeconds - bare.cpuSeconds * chips),
      counters,
    };
    keep(result.models, record, ['model', 'from']);
    print(record);
  }
}

function print({ model, from, seconds, cpuSeconds, peakMiB, stages, counters, ...bare }) {
  const each = Object.entries(stages).map(([stage, taken]) => `${stage} ${taken}`);
  console.log(
    `${model}, ${from}: ${seconds} s, ${cpuSeconds} CPU s, peak ${peakMiB} MiB, ${counters.chipsRun} chips; ` +
      `bare model calls ${bare.bareModelSeconds} s, ` +
      `${bare.bareModelCpuSeconds} CPU s; whole ÷ bare ${bare.ratio}, of CPU s ${bare.cpuRatio}, CPU s beside the model ` +
      `${bare.cpuSecondsBesideModel}; ${each.join(', ')}`,
  );
}

/** Maps of one radar image with 1, 2 and 4 times as many strips, by file layout, with a model that takes no time. */
async function measureHeights() {
  const model = bundledModel('water-threshold');
  const { size, stride } = (await openModel(model)).spec.chip;
  const strips = Math.floor(((grid.height - size) / stride + 1) / 4);
  if (strips < 1) throw new Error(`${grid.height} rows are too few for four strips`);
  for (const layout of layouts) {
    for (const times of [1, 2, 4]) {
      const scene = join(work, `${layout}-${times}.json`);
      const href = join(sources, 'src', `layout_${layout}.tif`);
      const phases = { event: { VV: { href }, VH: { href } } };
      const inputs = { S1RTC: { units: 'linear_power', resampling: 'bilinear', phases } };
      const height = size + (times * strips - 1) * stride;
      writeFileSync(
        scene,
        JSON.stringify({ schemaVersion: 1, grid: { ...grid, height }, phases: ['event'], inputs }),
      );
      const { stages, ...run } = await measureInfer(scene, model, ['event'], UNITS);
      keep(result.heights, { layout, times, strips: times * strips, height, ...run }, ['layout', 'times']);
      const { warpedPixels, sourcePixelsRead, blocksDecoded, bytesRead } = run.counters;
      console.log(
        `${layout}, ${times * strips} strips: ${run.seconds} s, ${run.cpuSeconds} CPU s, peak ${run.peakMiB} MiB, ` +
          `${warpedPixels} pixels warped, ${sourcePixelsRead} read of ${bytesRead} bytes, ${blocksDecoded} blocks decoded`,
      );
      if (times === 1) console.log(`${layout}: about ${Math.ceil(6 * run.seconds * rounds)} s more`);
    }
  }
  for (const { layout, exact, cpu, peakMiB } of growthOf(result.heights)) {
    console.log(
      `${layout}: counters grow ${exact ? 'exactly' : 'otherwise than'} as the strips; from 2 to 4 times as many, CPU ` +
        `seconds grow ${cpu.toFixed(3)} × as much as expected; peak memory differs by ${peakMiB} MiB`,
    );
  }
}

if (parts.includes('demo-flood')) await measureModel('demo-flood', bundledModel('demo-flood'));
if (parts.includes('tiny')) await measureModel('TerraMind tiny', tinyModel());
if (parts.includes('heights')) await measureHeights();
harness.publish(result, path);
