import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SegmentationSpec } from '../../src/inference/node/index.js';
import {
  type Graph,
  GraphBuilder,
  type Value,
  type Weight,
  writeGraph,
} from '../../src/inference/onnx/index.js';

export interface TestInput {
  name: string;
  bands: string[];
  kind: 'temporal' | 'static';
  /** Weight of each (band, time step) in the second class's logit. */
  weights: number[];
  units?: SegmentationSpec['inputs'][number]['units'];
  mean?: number[];
  std?: number[];
  nodataReplacement?: number;
}

export interface TestModel {
  inputs: TestInput[];
  phases?: string[];
  size?: number;
  stride?: number;
  /** Side of the averaging window in pixels. */
  window?: number;
  validity?: SegmentationSpec['validity'];
  bias?: number;
  /** Number of final sign changes of the logits, even: each adds one kernel. */
  signChanges?: number;
}

/**
 * Writes a model folder: logits are 0 and the weighted sum of all inputs, averaged over a window around each pixel.
 */
export async function writeModel(folder: string, model: TestModel): Promise<string> {
  const {
    inputs,
    phases = ['event'],
    size = 32,
    stride = 24,
    window = 1,
    validity = 'all',
    bias = 0,
    signChanges = 0,
  } = model;
  const graph = new GraphBuilder('test');
  const sums = inputs.map((input) => {
    const channels = input.weights.length;
    const time = channels / input.bands.length;
    const image = graph.input(input.name, [
      'chip',
      input.bands.length,
      ...(time > 1 ? [time] : []),
      size,
      size,
    ]);
    const flat = time > 1 ? graph.reshape(image, ['chip', channels, size, size]) : image;
    const kernel = input.weights.flatMap((weight) =>
      new Array<number>(window * window).fill(weight / window ** 2),
    );
    const weight = constant([2, channels, window, window], [...kernel.map(() => 0), ...kernel]);
    return graph.convolution(
      flat,
      graph.weight('weight', weight),
      graph.weight('bias', constant([2], [0, bias])),
      { padding: Math.floor(window / 2) },
    );
  });
  const zero = graph.weight('zero', constant([1], [0]));
  let logits = sums.reduce((sum: Value, each) => graph.add(sum, each), zero);
  for (let k = 0; k < signChanges; k++) logits = graph.multiply(logits, graph.scalar(-1));
  graph.output('logits', logits);
  const spec: SegmentationSpec = {
    schemaVersion: 1,
    name: 'test-model',
    version: '0.0.1',
    description: 'A weighted sum.',
    inputs: inputs.map((input) => ({
      name: input.name,
      bands: input.bands,
      units: input.units ?? 'dB',
      kind: input.kind,
      mean: input.mean ?? input.bands.map(() => 0),
      std: input.std ?? input.bands.map(() => 1),
      nodataReplacement: input.nodataReplacement ?? 0,
    })),
    phases,
    validity,
    chip: { size, stride },
    output: {
      name: 'logits',
      classes: [
        { name: 'no', colour: '#000000' },
        { name: 'yes', colour: '#ffffff' },
      ],
    },
    provenance: { builtBy: 'test/support/models.ts' },
    licence: 'Apache-2.0',
    limitations: 'For tests only.',
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), await encodeGraph(graph));
  await writeFile(join(folder, 'model.json'), JSON.stringify(spec, null, 2));
  return folder;
}

/** Writes a graph to a file. */
export async function encodeGraph(graph: Graph): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await writeGraph(graph, async (bytes) => {
    parts.push(bytes);
  });
  return Buffer.concat(parts);
}

function constant(shape: readonly number[], values: readonly number[]): Weight {
  return { shape, load: async () => Float32Array.from(values) };
}
