// npm run check:torch: compares graphs of TerraMind and Prithvi-EO with PyTorch, for random checkpoints of many
// configurations and of three published sizes. Logits and embeddings of ONNX Runtime, in float32 and in half precision,
// against independent models (torch/reference.py); ONNX's checker on every graph. Needs Debian's python3-torch and
// python3-onnx.
//   npm run check:torch [-- PROVIDER]      cpu; or webgpu and webgpu-resident on any adapter, without published sizes
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requirePackages } from './programs.js';
import { Checklist, installProject, root, run, withTemporaryFolder } from './support.js';
import { configurationsFor } from './torch/configurations.js';

await requirePackages(['python3-torch', 'python3-onnx', 'python3-numpy']);
await installProject();
const ort = await import('onnxruntime-node');
const { openCheckpoint, ResidentDevice } = await import('../../dist/inference/node/index.js');
const { halfPrecision, writeGraph } = await import('../../dist/inference/onnx/index.js');
const { decoderGraph, detectArchitecture, encoderGraph, findLeftovers, wholeGraph } = await import(
  '../../dist/inference/terramind/index.js'
);
const { detectPrithvi, findPrithviLeftovers, prithviGraph } = await import(
  '../../dist/inference/prithvi/index.js'
);
const { openSource } = await import('../../dist/io/node/index.js');
const { openNpy } = await import('../../dist/raster/node/index.js');

const TOLERANCE = 1e-4;
/** Tolerance of half precision: webgpu also sums products in float16 and loses more. */
const HALF_TOLERANCE = 0.03;
const PYTHON = '/usr/bin/python3';
const provider = process.argv[2] ?? 'cpu';
const device = provider === 'webgpu-resident' ? await ResidentDevice.start() : null;

const checklist = new Checklist('check:torch');
await withTemporaryFolder(async (folder) => {
  const configurations = configurationsFor(provider);
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

async function compare(folder, configuration, graphs) {
  const { name, size, timestamps, decoder } = configuration;
  const [height, width] = size;
  const checkpoint = await openCheckpoint(await openSource(join(folder, `${name}.pt`)));
  try {
    const chip = { height, width };
    const { whole, unused, parts } = (configuration.family === 'prithvi' ? prithvi : terramind)(
      checkpoint,
      configuration,
      chip,
    );
    if (unused.length > 0) throw new Error(`unused: ${unused.join(', ')}`);
    const inputs = {};
    for (const input of whole.graph.inputs) inputs[input.name] = await read(folder, `${name}_${input.name}`);
    const results = joined(
      await infer(await write(whole, folder, `${name}.onnx`, graphs), inputs),
      Object.keys(inputs),
    );
    let worst = difference(results.embeddings, await read(folder, `${name}_embeddings`));
    const result = decoder === null ? 'embeddings' : 'logits';
    const halves = await halfDifferences(whole.graph, folder, name, graphs, inputs, result);
    const report = () =>
      `${worst.toExponential(1)}, ${whole.graph.nodes.length} nodes; in half precision ${halves}`;
    if (decoder === null) return report();
    const expected = await read(folder, `${name}_logits`);
    worst = Math.max(worst, difference(results.logits, expected));
    if (parts === null) return report();
    const encoder = await write(parts.encoder(), folder, `${name}.e.onnx`, graphs);
    const rest = await write(parts.decoder(), folder, `${name}.d.onnx`, graphs);
    const together = await infer(rest, { features: await features(encoder, inputs, timestamps) });
    worst = Math.max(worst, difference(together.logits, expected));
    return report();
  } finally {
    await checkpoint.close();
  }
}

/** The whole graph, and how to make those of encoder and decoder. */
function terramind(checkpoint, configuration, chip) {
  const { modalities, heads, timestamps, pooling, decoder, merge, taps } = configuration;
  const architecture = detectArchitecture(checkpoint, {
    modalities,
    heads,
    ...(pooling === 'concat' && decoder !== null ? {} : { timestamps, pooling }),
    ...(['max', 'dict'].includes(merge) ? { merge } : {}),
    ...(decoder === null ? {} : { taps }),
  });
  const whole = wholeGraph(checkpoint, architecture, chip, { embeddings: true });
  return {
    whole,
    unused: findLeftovers(checkpoint, architecture, whole.used).unused,
    parts: {
      encoder: () => encoderGraph(checkpoint, architecture, chip),
      decoder: () => decoderGraph(checkpoint, architecture, chip),
    },
  };
}

function prithvi(checkpoint, { heads, timestamps, decoder, taps }, chip) {
  const architecture = detectPrithvi(checkpoint, {
    heads,
    ...(decoder === null ? { timestamps } : { taps }),
  });
  const whole = prithviGraph(checkpoint, architecture, chip, { embeddings: true });
  const { unused } = findPrithviLeftovers(checkpoint, architecture, whole.used);
  return { whole, unused, parts: null };
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
async function halfDifferences(graph, folder, name, graphs, inputs, result) {
  const expected = await read(folder, `${name}_${result}`);
  const found = [];
  for (const form of provider === 'cpu' ? ['float16', 'rounded'] : ['float16']) {
    const path = await write(
      { graph: halfPrecision(graph, form, name) },
      folder,
      `${name}.${form}.onnx`,
      graphs,
    );
    const { [result]: tensor } = joined(await infer(path, inputs), Object.keys(inputs));
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
