import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as onnxruntime from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../src/inference/node/index.js';
import {
  countParameters,
  detectArchitecture,
  findLeftovers,
  wholeGraph,
} from '../../src/inference/terramind/index.js';
import { FileSource } from '../../src/io/node/index.js';
import { openNpy } from '../../src/raster/node/index.js';
import { webgpuProblem } from '../support/backends.js';
import { builtInference } from '../support/built.js';
import { sharedFolder, temporaryFolder } from '../support/files.js';
import { MemoryCheckpoint } from '../support/memory-checkpoint.js';
import { encodeGraph } from '../support/models.js';

/** The reference model's results on random weights; not part of the project, so absent on most machines. */
const absent = sharedFolder === null;
const folder = resolve(sharedFolder ?? '', 'fixtures', 'terramind');

const CASES = [
  ['micro', 'micro_64x64_b2', 64, 64],
  ['micro', 'micro_96x64_b1', 96, 64],
  ['micro_gated', 'micro_gated_64x64_b1', 64, 64],
  ['micro_gated', 'micro_gated_224x224_b1', 224, 224],
] as const;

const temporary = await temporaryFolder();

type Device = Awaited<ReturnType<typeof builtInference.ResidentDevice.start>>;
type Inputs = Record<string, onnxruntime.Tensor>;

async function read(name: string): Promise<{ values: Float32Array; shape: readonly number[] }> {
  const array = await openNpy(`${folder}/${name}.npy`);
  const { data, shape } = await array.read();
  await array.close();
  return { values: Float32Array.from(data, Number), shape };
}

async function readInputs(tag: string): Promise<Inputs> {
  const inputs: Inputs = {};
  for (const name of ['S2L2A', 'S1RTC', 'DEM']) {
    const { values, shape } = await read(`${tag}_${name}`);
    const dims = name === 'DEM' ? shape.filter((_, axis) => axis !== 2) : shape;
    inputs[name] = new onnxruntime.Tensor('float32', values, dims);
  }
  return inputs;
}

interface Results {
  readonly logits: Float32Array;
  readonly embeddings: Float32Array;
}

async function graphBytes(checkpoint: Checkpoint, height: number, width: number): Promise<Uint8Array> {
  const chip = { height, width };
  const { graph } = wholeGraph(checkpoint, detectArchitecture(checkpoint), chip, { embeddings: true });
  return encodeGraph(graph);
}

async function runGraph(
  model: Uint8Array,
  inputs: Inputs,
  options: onnxruntime.InferenceSession.SessionOptions = {},
): Promise<Results> {
  const session = await onnxruntime.InferenceSession.create(model, options);
  const { logits, embeddings } = await session.run(inputs);
  await session.release();
  return { logits: logits.data as Float32Array, embeddings: embeddings.data as Float32Array };
}

/** The same on the kernels' device: from uploaded to downloaded tensors. */
async function runResident(device: Device, model: Uint8Array, inputs: Inputs): Promise<Results> {
  const path = join(temporary, 'model.onnx');
  await writeFile(path, model);
  const graph = await device.load(path);
  const { backend } = device;
  const feeds = new Map(
    Object.entries(inputs).map(([name, { data, dims }]) => [
      name,
      { tensor: backend.upload(data as Float32Array), shape: dims },
    ]),
  );
  const { outputs, readbackBytes } = await graph.run(feeds, ['logits', 'embeddings']);
  expect(readbackBytes).toBe(0);
  const download = async (name: string): Promise<Float32Array> => {
    const tensor = outputs.get(name);
    if (tensor === undefined) throw new Error(`no ${name}`);
    const values = await backend.download(tensor);
    tensor.dispose();
    return values as Float32Array;
  };
  const results = { logits: await download('logits'), embeddings: await download('embeddings') };
  for (const { tensor } of feeds.values()) tensor.dispose();
  await graph.dispose();
  return results;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, k) => Math.max(largest, Math.abs(value - b[k])), 0);
}

async function withCheckpoint<T>(name: string, task: (checkpoint: Checkpoint) => Promise<T>): Promise<T> {
  const checkpoint = await openCheckpoint(await FileSource.open(`${folder}/${name}.pt`));
  try {
    return await task(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

describe.skipIf(absent)('TerraMind’s graphs', () => {
  it.each(CASES)('%s: %s gives the reference’s logits and embeddings', async (name, tag, height, width) => {
    await withCheckpoint(name, async (checkpoint) => {
      const model = await graphBytes(checkpoint, height, width);
      const { logits, embeddings } = await runGraph(model, await readInputs(tag));
      expect(largestDifference(logits, (await read(`${tag}_logits`)).values)).toBeLessThan(1e-5);
      expect(largestDifference(embeddings, (await read(`${tag}_encoder_last`)).values)).toBeLessThan(1e-4);
    });
  });

  it.each([
    ['micro', 'micro_64x64_b2', /./],
    // Its other tensors are those of the first.
    ['micro_gated', 'micro_gated_64x64_b1', /\.mlp\./],
  ])('%s: every tensor changes the result', async (name, tag, changing) => {
    await withCheckpoint(name, async (checkpoint) => {
      const inputs = await readInputs(tag);
      const tensors: Record<string, { shape: readonly number[]; values: Float32Array }> = {};
      for (const [key, { shape, dtype }] of checkpoint.tensors) {
        if (dtype === 'float32') tensors[key] = { shape, values: await checkpoint.readFloat32(key) };
      }
      const logitsOf = async (checkpoint: Checkpoint): Promise<Float32Array> => {
        // To optimise a graph takes longer than to run it once.
        const options = { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 } as const;
        return (await runGraph(await graphBytes(checkpoint, 64, 64), inputs, options)).logits;
      };
      const before = await logitsOf(new MemoryCheckpoint(tensors));
      const without: string[] = [];
      for (const [key, { shape, values }] of Object.entries(tensors)) {
        if (!changing.test(key)) continue;
        const changed = values.map((value, k) => value * 1.25 + (k % 2 === 0 ? 0.125 : 0.0625));
        const edited = new MemoryCheckpoint({ ...tensors, [key]: { shape, values: changed } });
        if (!(largestDifference(await logitsOf(edited), before) > 1e-6)) without.push(key);
      }
      expect(without).toEqual([]);
    });
  });

  it.each([
    ['terramind_tiny', 6_071_808, 330],
    ['terramind_small', null, 330],
    ['terramind_base', 87_905_280, 300],
    ['terramind_large', null, 600],
    ['terramind_flood_tiny', 13_992_066, 400],
    ['terramind_flood_base', 167_800_450, 400],
  ])('%s has exactly the published keys and parameters', (name, parameters, nodes) => {
    const lines = readFileSync(`${folder}/keys/${name}_keys.txt`, 'utf8').trim().split('\n');
    const tensors = lines.map((line) => {
      const [key, shape] = line.split('\t');
      return [key, { shape: shape.match(/\d+/g)?.map(Number) ?? [], values: new Float32Array(0) }];
    });
    const checkpoint = new MemoryCheckpoint(Object.fromEntries(tensors));
    const architecture = detectArchitecture(checkpoint);
    const { graph, used } = wholeGraph(checkpoint, architecture, { height: 256, width: 256 });
    const { unused } = findLeftovers(checkpoint, architecture, used);
    expect(unused).toEqual([]);
    const counters = lines.filter((line) => line.includes('num_batches_tracked')).length;
    expect(used.size + counters).toBe(lines.length);
    expect(graph.nodes.length).toBeLessThan(nodes);
    if (parameters !== null) expect(countParameters(checkpoint, used)).toBe(parameters);
  });
});

describe.skipIf(absent || webgpuProblem !== null)('TerraMind’s graphs on a GPU', () => {
  let device: Device;
  beforeAll(async () => {
    device = await builtInference.ResidentDevice.start();
  });
  afterAll(() => device?.backend.dispose());

  it.each(CASES)(
    '%s: %s gives the reference’s logits and embeddings',
    async (name, tag, height, width) => {
      const model = await withCheckpoint(name, (checkpoint) => graphBytes(checkpoint, height, width));
      const inputs = await readInputs(tag);
      const expected = { logits: await read(`${tag}_logits`), embeddings: await read(`${tag}_encoder_last`) };
      const resident = await runResident(device, model, inputs);
      const copied = await runGraph(model, inputs, { executionProviders: ['webgpu'] });
      for (const { logits, embeddings } of [resident, copied]) {
        expect(largestDifference(logits, expected.logits.values)).toBeLessThan(1e-4);
        expect(largestDifference(embeddings, expected.embeddings.values)).toBeLessThan(1e-4);
      }
    },
    300_000,
  );
});
