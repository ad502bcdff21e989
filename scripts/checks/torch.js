// npm run check:torch: compares TerraMind's graphs with PyTorch, for random checkpoints of many configurations and of the
// tiny and base flood models. Logits and embeddings of ONNX Runtime, in float32 and in half precision, against an
// independent model (torch/reference.py); ONNX's checker on every graph. Needs Debian's python3-torch and python3-onnx.
//   npm run check:torch [-- PROVIDER]      cpu; or webgpu and webgpu-resident on any adapter, without the flood models
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requirePackages } from './programs.js';
import { Checklist, installProject, root, run, withTemporaryFolder } from './support.js';
import { FLOOD_SIZES } from './torch/sizes.js';

await requirePackages(['python3-torch', 'python3-onnx', 'python3-numpy']);
await installProject();
const ort = await import('onnxruntime-node');
const { openCheckpoint, ResidentDevice } = await import('../../dist/inference/node/index.js');
const { halfPrecision, writeGraph } = await import('../../dist/inference/onnx/index.js');
const { decoderGraph, detectArchitecture, encoderGraph, findLeftovers, wholeGraph } = await import(
  '../../dist/inference/terramind/index.js'
);
const { openSource } = await import('../../dist/io/node/index.js');
const { openNpy } = await import('../../dist/raster/node/index.js');

const TOLERANCE = 1e-4;
/** Tolerance of half precision: webgpu also sums products in float16 and loses more. */
const HALF_TOLERANCE = 0.03;
const PYTHON = '/usr/bin/python3';
const provider = process.argv[2] ?? 'cpu';
const device = provider === 'webgpu-resident' ? await ResidentDevice.start() : null;

const BASE = {
  width: 32,
  heads: 2,
  hidden: 48,
  depth: 4,
  taps: [0, 1, 2, 3],
  gated: false,
  bias: true,
  trained: ['S2L2A', 'S1RTC', 'DEM'],
  modalities: ['S2L2A', 'S1RTC', 'DEM'],
  merge: 'mean',
  temporal: true,
  timestamps: 4,
  pooling: 'concat',
  decoder: 'unet',
  neck: true,
  headChannels: [],
  classes: 2,
  size: [64, 64],
  batch: 1,
};

const checklist = new Checklist('check:torch');
await withTemporaryFolder(async (folder) => {
  const configurations = product();
  await writeFile(join(folder, 'configurations.json'), JSON.stringify(configurations));
  await run(PYTHON, [
    join(root, 'scripts/checks/torch/reference.py'),
    join(folder, 'configurations.json'),
    folder,
  ]);
  const graphs = [];
  for (const configuration of configurations) {
    await checklist.check(configuration.name, () => compare(folder, configuration, graphs));
  }
  await checklist.check('ONNX’s checker', async () => {
    const { stdout } = await run(PYTHON, [join(root, 'scripts/checks/torch/check_onnx.py'), ...graphs]);
    return stdout.trim();
  });
});
device?.backend.dispose();
checklist.finish();

/** Configurations with every pair of options that can interact: encoders, merges, phases, poolings, decoders, sizes. */
function product() {
  const all = [];
  const add = (name, change) => all.push({ ...BASE, ...change, name: `${all.length}_${name}` });
  for (const gated of [false, true]) {
    for (const bias of [false, true]) {
      for (const size of [
        [32, 32],
        [96, 64],
        [48, 80],
        [224, 224],
      ]) {
        add(`gated-${gated}_bias-${bias}_${size.join('x')}`, { gated, bias, size });
      }
    }
  }
  const subsets = [['S1RTC'], ['S2L2A', 'DEM'], ['S1RTC', 'DEM'], BASE.modalities];
  for (const merge of ['mean', 'max', 'concat']) {
    for (const modalities of subsets) {
      add(`${merge}_${modalities.join('-')}`, { merge, modalities, timestamps: 2 });
    }
  }
  for (const pooling of ['concat', 'mean', 'max', 'diff']) {
    const apart = { merge: 'dict', decoder: null, size: [48, 80] };
    add(`dict_${pooling}`, { ...apart, pooling, timestamps: 2, batch: 2 });
    for (const decoder of ['unet', 'upernet', null]) {
      add(`${pooling}_${decoder}`, { pooling, decoder, timestamps: 2, batch: 2, gated: true, bias: false });
    }
  }
  for (const neck of [true, false]) {
    for (const size of [
      [96, 96],
      [64, 112],
    ]) {
      add(`upernet_neck-${neck}_${size.join('x')}`, {
        decoder: 'upernet',
        neck,
        size,
        headChannels: [12, 6],
        classes: 5,
      });
    }
  }
  add('dict_one-date_S1RTC-DEM', {
    merge: 'dict',
    modalities: ['S1RTC', 'DEM'],
    decoder: null,
    temporal: false,
    timestamps: 1,
    size: [64, 32],
    batch: 3,
  });
  add('one-date', { temporal: false, timestamps: 1 });
  add('encoder', { temporal: false, timestamps: 1, decoder: null, depth: 3, heads: 1 });
  add('deep', { depth: 8, taps: [1, 3, 5, 7], heads: 4, width: 64 });
  add('other-taps', { depth: 5, taps: [0, 2, 2, 4] });
  // On a software adapter they would take an hour.
  return provider === 'cpu' ? [...all, ...Object.values(FLOOD_SIZES)] : all;
}

async function compare(folder, configuration, graphs) {
  const { name, modalities, size, timestamps, pooling, decoder } = configuration;
  const [height, width] = size;
  const checkpoint = await openCheckpoint(await openSource(join(folder, `${name}.pt`)));
  try {
    const architecture = detectArchitecture(checkpoint, {
      modalities,
      heads: configuration.heads,
      ...(pooling === 'concat' && decoder !== null ? {} : { timestamps, pooling }),
      ...(['max', 'dict'].includes(configuration.merge) ? { merge: configuration.merge } : {}),
      ...(decoder === null ? {} : { taps: configuration.taps }),
    });
    const chip = { height, width };
    const whole = wholeGraph(checkpoint, architecture, chip, { embeddings: true });
    const { unused } = findLeftovers(checkpoint, architecture, whole.used);
    if (unused.length > 0) throw new Error(`unused: ${unused.join(', ')}`);
    const inputs = {};
    for (const modality of modalities) inputs[modality] = await read(folder, `${name}_${modality}`);
    const results = joined(
      await infer(await write(whole, folder, `${name}.onnx`, graphs), inputs),
      modalities,
    );
    let worst = difference(results.embeddings, await read(folder, `${name}_embeddings`));
    const result = decoder === null ? 'embeddings' : 'logits';
    const halves = await halfDifferences(whole.graph, folder, configuration, graphs, inputs, result);
    const report = () =>
      `${worst.toExponential(1)}, ${whole.graph.nodes.length} nodes; in half precision ${halves}`;
    if (decoder === null) return report();
    const expected = await read(folder, `${name}_logits`);
    worst = Math.max(worst, difference(results.logits, expected));
    const encoder = await write(
      encoderGraph(checkpoint, architecture, chip),
      folder,
      `${name}.e.onnx`,
      graphs,
    );
    const rest = await write(decoderGraph(checkpoint, architecture, chip), folder, `${name}.d.onnx`, graphs);
    const parts = await infer(rest, { features: await features(encoder, inputs, timestamps) });
    worst = Math.max(worst, difference(parts.logits, expected));
    return report();
  } finally {
    await checkpoint.close();
  }
}

/** Embeddings of a graph with separate modalities, concatenated per chip. */
function joined(results, modalities) {
  if (results[`embeddings_${modalities[0]}`] === undefined) return results;
  const parts = modalities.map((modality) => results[`embeddings_${modality}`]);
  const [batch, tokens, channels] = parts[0].dims;
  const one = tokens * channels;
  const all = new Float32Array(batch * parts.length * one);
  for (let chip = 0; chip < batch; chip++) {
    for (const [k, { data }] of parts.entries()) {
      all.set(data.subarray(chip * one, (chip + 1) * one), (chip * parts.length + k) * one);
    }
  }
  return { embeddings: new ort.Tensor('float32', all, [batch, parts.length * tokens, channels]) };
}

/** Runs the encoder's graph on each phase of each chip. @returns the features in the order of the decoder's input */
async function features(encoder, inputs, timestamps) {
  const session = await load(encoder);
  const [first] = Object.values(inputs);
  const batch = first.dims[0];
  const parts = [];
  let dims = [];
  for (let chip = 0; chip < batch; chip++) {
    for (let phase = 0; phase < timestamps; phase++) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([modality, tensor]) => [modality, phaseOf(tensor, chip, phase)]),
      );
      const { features: result } = await session.run(feeds);
      dims = result.dims.slice(1);
      parts.push(result.data);
    }
  }
  await session.release();
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return new ort.Tensor('float32', all, [batch, timestamps, ...dims]);
}

function phaseOf({ data, dims }, chip, phase) {
  const [, bands, ...rest] = dims;
  const pixels = rest.slice(-2).reduce((product, length) => product * length, 1);
  const phases = rest.length === 3 ? rest[0] : 1;
  const values = new Float32Array(bands * pixels);
  for (let band = 0; band < bands; band++) {
    const start = ((chip * bands + band) * phases + Math.min(phase, phases - 1)) * pixels;
    values.set(data.subarray(start, start + pixels), band * pixels);
  }
  return new ort.Tensor('float32', values, [1, bands, ...rest.slice(-2)]);
}

/** Differences of the graph in float16 and, on the CPU, which computes it in float32, of one with explicit rounding. */
async function halfDifferences(graph, folder, { name, modalities }, graphs, inputs, result) {
  const expected = await read(folder, `${name}_${result}`);
  const found = [];
  for (const form of provider === 'cpu' ? ['float16', 'rounded'] : ['float16']) {
    const path = await write(
      { graph: halfPrecision(graph, form, name) },
      folder,
      `${name}.${form}.onnx`,
      graphs,
    );
    const { [result]: tensor } = joined(await infer(path, inputs), modalities);
    found.push(`${difference(tensor, expected, HALF_TOLERANCE).toExponential(1)} (${form})`);
  }
  return found.join(', ');
}

async function write({ graph }, folder, file, graphs) {
  const path = join(folder, file);
  const stream = createWriteStream(path);
  await writeGraph(graph, async (bytes) => {
    await new Promise((resolve, reject) =>
      stream.write(bytes, (error) => (error ? reject(error) : resolve())),
    );
  });
  await new Promise((resolve) => stream.end(resolve));
  graphs.push(path);
  return path;
}

async function infer(path, inputs) {
  const session = await load(path);
  const results = await session.run(inputs);
  await session.release();
  return results;
}

/** Loads a graph on the checked provider; for webgpu-resident, inputs and outputs are tensors of the backend. */
async function load(path) {
  if (device === null) return ort.InferenceSession.create(path, { executionProviders: [provider] });
  const graph = await device.load(path);
  const { backend } = device;
  const run = async (inputs) => {
    const feeds = new Map();
    for (const [name, { data, dims }] of Object.entries(inputs)) {
      feeds.set(name, { tensor: backend.upload(data), shape: dims });
    }
    const { outputs, readbackBytes } = await graph.run(
      feeds,
      graph.outputs.map(({ name }) => name),
    );
    if (readbackBytes > 0) throw new Error(`${readbackBytes} bytes were read back`);
    const results = {};
    for (const [name, tensor] of outputs) {
      results[name] = { data: await backend.download(tensor), dims: tensor.shape };
      tensor.dispose();
    }
    for (const { tensor } of feeds.values()) tensor.dispose();
    return results;
  };
  return { run, release: () => graph.dispose() };
}

async function read(folder, name) {
  const array = await openNpy(join(folder, `${name}.npy`));
  const { data, shape } = await array.read();
  await array.close();
  return new ort.Tensor('float32', Float32Array.from(data), shape);
}

/** The largest difference, which must be at most the tolerance times the largest value (at least 1). */
function difference(tensor, expected, tolerance = TOLERANCE) {
  if (tensor.dims.join() !== expected.dims.join()) {
    throw new Error(`shape (${tensor.dims}) instead of (${expected.dims})`);
  }
  let worst = 0;
  let largest = 1;
  for (const [k, value] of expected.data.entries()) {
    const distance = Math.abs(tensor.data[k] - value);
    if (!(distance <= worst)) worst = Number.isNaN(distance) ? Infinity : distance;
    largest = Math.max(largest, Math.abs(value));
  }
  if (worst > tolerance * largest) throw new Error(`differs by ${worst} of ${largest}`);
  return worst;
}
