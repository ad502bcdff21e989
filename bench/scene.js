// Maps of the event of Luxembourg by whole `infer` processes: stages, processor time, the peak memory of the process tree,
// and the share of the model, which is the time of bare model calls on as many chips. With demo-flood, and with the tiny
// TerraMind flood model with random weights, from the package and from the files in one pass. Then the same map at 1, 2 and 4
// times the height from files in several layouts: counters and memory.
//
//   node bench/scene.js [ROUNDS] [--full] [--only demo-flood|tiny|heights] [--sources FOLDER] [--trial]
//                      [--backend webgpu [--provider webgpu-resident]]
//
// Without --full a quarter of the area. --sources keeps the sources in a folder for other runs; --trial takes pixels of 200 m.
// The tiny model needs Debian's python3-torch.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledModel } from '../dist/inference/node/index.js';
import { PYTHON, TERRACHIP } from '../scripts/checks/programs.js';
import { FLOOD_SIZES } from '../scripts/checks/torch/sizes.js';
import { load, machine, median, publish, roundsIn, time, version } from './harness.js';
import { makeLuxembourg } from './luxembourg.js';
import { Server } from './server.js';
import { runTree } from './tree.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const args = process.argv.slice(2);
const rounds = roundsIn(args, 1);
const optionOf = (flag, otherwise) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : otherwise);
const only = optionOf('--only', null);
const wants = (name) => only === null || only === name;
const { sources, work, event, flags } = makeLuxembourg(args, { layouts: wants('heights') });
const before = load();
const threads = String(machine().cores);
const backend = optionOf('--backend', 'cpu');
const provider = optionOf('--provider', backend === 'cpu' ? 'cpu' : 'auto');
const rounded = (value) => Number(value.toPrecision(4));

/** The phases of the event, for models that name theirs differently. */
const PHASES = ['pre_month', 'pre_event', 'event', 'post_event'];

/** Runs `infer`. @returns what was measured, and the stages and counters of run.json */
async function measureInfer(scene, model, phases = PHASES) {
  const output = join(work, 'map');
  rmSync(output, { recursive: true, force: true });
  const command = [
    process.execPath,
    TERRACHIP,
    'infer',
    scene,
    '--model',
    model,
    '-o',
    output,
    '--phases',
    ...phases,
  ];
  const run = await runTree([...command, '--backend', backend, '--provider', provider, '--threads', threads]);
  const { seconds: stages, counters, plan } = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8'));
  const { seconds, cpuSeconds, peakBytes } = run;
  return { seconds, cpuSeconds, peakBytes, stages, counters, batch: plan.batchSize };
}

/** Medians of numbers of runs, each rounded. */
function medians(runs) {
  return Object.fromEntries(
    Object.keys(runs[0]).map((name) => [name, rounded(median(runs.map((run) => run[name] ?? 0)))]),
  );
}

/** Bare calls of a model. @returns wall-clock and processor seconds a chip */
async function bareModel(model, batch) {
  const command = [process.execPath, here('peers/terramind.js'), model, provider, threads, String(batch)];
  const server = new Server(command);
  await server.run();
  const runs = [];
  for (let k = 0; k < 5; k++) runs.push(await server.measure());
  await server.end();
  return medians(runs);
}

/** A checkpoint with random weights, imported. @returns the folder of the model */
function makeTiny() {
  const [configuration, checkpoint, model] = ['tiny.json', 'tiny.pt', 'tiny'].map((name) => join(work, name));
  writeFileSync(configuration, JSON.stringify(FLOOD_SIZES.tiny));
  time([PYTHON, here('peers/terramind.py'), 'make', configuration, checkpoint]);
  time([process.execPath, here('peers/import_model.js'), checkpoint, model, 'fp32']);
  return model;
}

async function measureModel(name, model, scenes) {
  const records = [];
  for (const [from, scene] of Object.entries(scenes)) {
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await measureInfer(scene, model));
    const [{ counters, batch }] = runs;
    const bare = await bareModel(model, batch);
    // The last batch is padded to its full size.
    const calls = counters.batches * batch;
    const bareSeconds = bare.seconds * calls;
    const { seconds, cpuSeconds, peakBytes } = medians(
      runs.map(({ seconds, cpuSeconds, peakBytes }) => ({ seconds, cpuSeconds, peakBytes })),
    );
    const stages = medians(runs.map((run) => run.stages));
    records.push({
      model: name,
      from,
      seconds,
      cpuSeconds,
      peakMiB: Math.round(peakBytes / 2 ** 20),
      bareModelSeconds: rounded(bareSeconds),
      /** The whole run ÷ bare calls of the model. */
      ratio: rounded(seconds / bareSeconds),
      cpuSecondsBesideModel: rounded(cpuSeconds - bare.cpuSeconds * calls),
      stages,
      counters,
    });
    print(records.at(-1));
  }
  return records;
}

function print({ model, from, seconds, cpuSeconds, peakMiB, ratio, stages, counters, ...bare }) {
  const parts = Object.entries(stages).map(([stage, taken]) => `${stage} ${taken}`);
  console.log(
    `${model}, ${from}: ${seconds} s, ${cpuSeconds} CPU s, peak ${peakMiB} MiB, ${counters.chipsRun} chips; bare model ` +
      `calls ${bare.bareModelSeconds} s, whole ÷ bare ${ratio}, CPU s beside the model ${bare.cpuSecondsBesideModel}; ${parts.join(', ')}`,
  );
}

/** Maps of one radar image at 1, 2 and 4 times the height, by layout of its files. */
async function measureHeights() {
  const { grid } = event;
  const records = [];
  for (const layout of ['tiles', 'strips', 'block', 'rotated']) {
    for (const times of [1, 2, 4]) {
      const scene = join(work, `${layout}-${times}.json`);
      const href = join(sources, 'src', `layout_${layout}.tif`);
      const phases = { event: { VV: { href }, VH: { href } } };
      const inputs = { S1RTC: { units: 'linear_power', resampling: 'bilinear', phases } };
      const height = Math.floor((grid.height * times) / 4);
      writeFileSync(
        scene,
        JSON.stringify({ schemaVersion: 1, grid: { ...grid, height }, phases: ['event'], inputs }),
      );
      const run = await measureInfer(scene, bundledModel('demo-water-s1'), ['event']);
      const { seconds, cpuSeconds, peakBytes, counters } = run;
      records.push({
        layout,
        times,
        height,
        seconds: rounded(seconds),
        cpuSeconds: rounded(cpuSeconds),
        peakMiB: Math.round(peakBytes / 2 ** 20),
        counters,
      });
      const { chipsRun, warpedPixels, sourcePixelsRead } = counters;
      console.log(
        `${layout}, ${height} rows: ${rounded(seconds)} s, ${rounded(cpuSeconds)} CPU s, peak ` +
          `${records.at(-1).peakMiB} MiB, ${chipsRun} chips, ${warpedPixels} pixels warped, ${sourcePixelsRead} read`,
      );
    }
  }
  return records;
}

const packaged = join(work, 'package');
const scenes = { 'the package': packaged, 'the files in one pass': join(sources, 'scene.json') };
const models = [];
if (wants('demo-flood') || wants('tiny')) {
  time([
    process.execPath,
    ...[TERRACHIP, 'package', join(sources, 'manifest.json'), '-o', packaged, ...flags],
  ]);
}
if (wants('demo-flood')) {
  models.push(...(await measureModel('demo-flood', bundledModel('demo-flood'), scenes)));
}
if (wants('tiny')) models.push(...(await measureModel('TerraMind tiny', makeTiny(), scenes)));
const heights = wants('heights') ? await measureHeights() : [];

const record = {
  schemaVersion: 1,
  benchmark: 'scene',
  machine: machine(),
  load: [before, load()],
  versions: {
    onnxruntime: version(process.execPath, '-p', "require('onnxruntime-node/package.json').version"),
  },
  threads: Number(threads),
  backend,
  provider,
  size: [event.grid.width, event.grid.height],
  rounds,
  models,
  heights,
};
// Only a complete run is recorded.
const isTrial = only !== null || args.includes('--trial');
const name = [
  'scene',
  ...(args.includes('--full') ? ['full'] : []),
  ...(backend === 'cpu' ? [] : [provider]),
];
publish(record, isTrial ? null : here(`results/${name.join('-')}.json`));
