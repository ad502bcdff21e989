import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeModel, INTS, integers, type Node, tensor, value } from '../../scripts/onnx-schema.js';
import type { ModelManifest } from '../../src/inference/index.js';

export interface TestInput {
  name: string;
  bands: string[];
  kind: 'temporal' | 'static';
  /** Weight of each (band, time step) in the second class's logit. */
  weights: number[];
  units?: ModelManifest['inputs'][number]['units'];
  mean?: number[];
  std?: number[];
  nodataReplacement?: number;
}

export interface TestModel {
  inputs: TestInput[];
  phases?: string[];
  size?: number;
  stride?: number;
  /** Side of the averaging window: 1 looks at single pixels, 3 at their neighbours too. */
  window?: number;
  validity?: ModelManifest['validity'];
  bias?: number;
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
  } = model;
  const nodes: Node[] = [];
  const initializers: object[] = [];
  const sums: string[] = [];
  for (const input of inputs) {
    const channels = input.weights.length;
    const flat = channels === input.bands.length ? input.name : `${input.name}_flat`;
    if (flat !== input.name) {
      initializers.push(integers(`${input.name}_shape`, [0, channels, size, size]));
      nodes.push({ opType: 'Reshape', input: [input.name, `${input.name}_shape`], output: [flat] });
    }
    const kernel = input.weights.flatMap((weight) =>
      new Array<number>(window * window).fill(weight / window ** 2),
    );
    initializers.push(
      tensor(`${input.name}_weight`, [2, channels, window, window], [...kernel.map(() => 0), ...kernel]),
    );
    initializers.push(tensor(`${input.name}_bias`, [2], [0, bias]));
    const pad = Math.floor(window / 2);
    nodes.push({
      opType: 'Conv',
      input: [flat, `${input.name}_weight`, `${input.name}_bias`],
      output: [`${input.name}_sum`],
      attribute: [
        { name: 'kernel_shape', type: INTS, ints: [window, window] },
        { name: 'pads', type: INTS, ints: [pad, pad, pad, pad] },
      ],
    });
    sums.push(`${input.name}_sum`);
  }
  nodes.push({ opType: 'Sum', input: sums, output: ['logits'] });
  const graph = {
    name: 'test',
    node: nodes,
    initializer: initializers,
    input: inputs.map((input) => {
      const time = input.weights.length / input.bands.length;
      return value(input.name, ['chip', input.bands.length, ...(time > 1 ? [time] : []), 'y', 'x']);
    }),
    output: [value('logits', ['chip', 2, 'y', 'x'])],
  };
  const manifest: ModelManifest = {
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
  await writeFile(join(folder, 'model.onnx'), encodeModel(graph, 17));
  await writeFile(join(folder, 'model.json'), JSON.stringify(manifest, null, 2));
  return folder;
}
