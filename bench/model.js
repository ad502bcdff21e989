// Flood models of two sizes with random weights: import of the checkpoint, and seconds per chip (four phases of
// 256 × 256) in float32 and float16 by provider, compared with PyTorch on the same cores.
//
//   node bench/model.js [ROUNDS] [tiny] [base] [cpu] [webgpu] [webgpu-resident]
//   node bench/model.js --gpu [ROUNDS] [tiny] [base]     on a hardware adapter: webgpu-resident (chips stay on the
//                                                         device) compared with webgpu (chips are copied)
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FLOOD_SIZES } from '../scripts/checks/torch/sizes.js';
import { competeInTurn, machine, time, version } from './harness.js';
import { Server } from './server.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = '/usr/bin/python3';
const PROVIDERS = ['cpu', 'webgpu', 'webgpu-resident'];
const threads = cpus().length;
const args = process.argv.slice(2);
const onGpu = args.includes('--gpu');
const rounds = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 5);
const chosen = (all) =>
  all.some((name) => args.includes(name)) ? all.filter((name) => args.includes(name)) : all;
const sizes = chosen(Object.keys(FLOOD_SIZES));
const providers = onGpu ? ['webgpu', 'webgpu-resident'] : chosen(PROVIDERS);
const isWhole = sizes.length === 2 && (onGpu || providers.length === PROVIDERS.length);
/** Chips per batch; on a GPU as in `infer`. */
const batch = onGpu ? 4 : 1;

/** Parses the last line of a command's output as JSON. */
async function json([command, ...rest]) {
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const piece of child.stdout) text += piece;
  return JSON.parse(text.trim().split('\n').at(-1));
}

/** Runs all contestants in turn, each in its own process. */
async function compete(contestants, count) {
  const servers = contestants.map(({ command }) => new Server(command));
  const measured = await competeInTurn(
    contestants.map(({ name }, i) => ({ name, measure: () => servers[i].run() })),
    count,
  );
  const results = [];
  for (const [i, server] of servers.entries()) {
    results.push({ ...measured[i], peakMiB: Math.round(await server.end()) });
  }
  return results;
}

async function measure(size, folder) {
  const [configuration, checkpoint] = [join(folder, `${size}.json`), join(folder, `${size}.pt`)];
  writeFileSync(configuration, JSON.stringify(FLOOD_SIZES[size]));
  time([PYTHON, here('peers/terramind.py'), 'make', configuration, checkpoint]);
  const model = (precision) => join(folder, `${size}-${precision}`);
  const imports = {};
  for (const precision of ['fp32', 'fp16']) {
    const script = here('peers/import_model.js');
    imports[precision] = await json([process.execPath, script, checkpoint, model(precision), precision]);
    imports[precision].fileMiB = statSync(join(model(precision), 'model.onnx')).size / 2 ** 20;
  }
  const ours = (provider) =>
    ['fp32', 'fp16'].map((precision) => ({
      name: `terrachip, ${provider}, ${precision}`,
      command: [
        process.execPath,
        here('peers/terramind.js'),
        model(precision),
        provider,
        String(threads),
        String(batch),
      ],
    }));
  const peer = {
    name: 'PyTorch, fp32',
    command: [PYTHON, here('peers/terramind.py'), 'serve', configuration, checkpoint, String(threads)],
  };
  const imported = { size, checkpointMiB: statSync(checkpoint).size / 2 ** 20, imports };
  if (onGpu) return { ...imported, results: await compete(providers.flatMap(ours), rounds), webgpu: [] };
  const results = providers.includes('cpu') ? await compete([...ours('cpu'), peer], rounds) : [];
  // A software adapter takes minutes per chip of the base model: one round, for base only in float32.
  const ofAdapter = ['webgpu', 'webgpu-resident']
    .filter((provider) => providers.includes(provider))
    .flatMap((provider) => ours(provider).slice(0, size === 'base' ? 1 : 2));
  const webgpu = ofAdapter.length > 0 ? await compete(ofAdapter, 1) : [];
  return { ...imported, results, webgpu };
}

const load = loadavg()[0];
const folder = mkdtempSync(join(tmpdir(), 'terrachip-bench-'));
const models = [];
try {
  for (const size of sizes) {
    const model = await measure(size, folder);
    const { parameters, gflopPerChip } = model.imports.fp32;
    console.log(
      `| ${size}: ${(parameters / 1e6).toFixed(0)} M parameters, ${gflopPerChip.toFixed(0)} GFLOP | s a chip | peak MiB | time ÷ ours |`,
    );
    console.log('|---|---|---|---|');
    for (const { name, seconds, peakMiB, ratio } of [...model.results, ...model.webgpu]) {
      console.log(`| ${name} | ${seconds.toFixed(3)} | ${peakMiB} | ${ratio.toFixed(2)} |`);
    }
    for (const [precision, { seconds, peakMiB, fileMiB }] of Object.entries(model.imports)) {
      console.log(
        `| import, ${precision} | ${seconds.toFixed(1)} | ${peakMiB.toFixed(0)} | model.onnx ${fileMiB.toFixed(0)} MiB |`,
      );
    }
    models.push(model);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const record = {
  schemaVersion: 1,
  benchmark: 'model',
  machine: machine(),
  /** Load average (1 min) before and after; above the number of cores, times are unreliable. */
  load: [load, loadavg()[0]].map((value) => Number(value.toFixed(2))),
  versions: {
    onnxruntime: version(process.execPath, '-p', "require('onnxruntime-node/package.json').version"),
    torch: version(PYTHON, '-c', 'import torch; print(torch.__version__)'),
  },
  threads,
  rounds,
  models,
};
// Only a complete run is recorded.
if (isWhole) {
  writeFileSync(
    here(onGpu ? 'results/model-gpu.json' : 'results/model.json'),
    `${JSON.stringify(record, null, 2)}\n`,
  );
}
