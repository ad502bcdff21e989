import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SegmentationSpec } from '../../src/inference/node/index.js';
import { GraphBuilder } from '../../src/inference/onnx/index.js';
import { encodeGraph } from './models.js';
import { randomValues } from './random.js';

/** Features of a phase. */
export const FEATURES = 3;

export interface PhaseModel {
  readonly spec: SegmentationSpec;
  /** (feature, band), with the bands of all inputs in order. */
  readonly encoder: Float32Array;
  /** (class, phase and feature). */
  readonly decoder: Float32Array;
}

type Input = Pick<SegmentationSpec['inputs'][number], 'name' | 'bands' | 'units' | 'kind'>;

/** A per-pixel model in two graphs: features of each phase with a ReLU, and their weighted sum. */
export function phaseModel(inputs: readonly Input[], phases: readonly string[], size: number): PhaseModel {
  const bands = inputs.reduce((sum, input) => sum + input.bands.length, 0);
  return {
    encoder: randomValues(1, FEATURES * bands, -1, 1),
    decoder: randomValues(2, 2 * phases.length * FEATURES, -1, 1),
    spec: {
      schemaVersion: 1,
      name: 'two-graphs',
      version: '0.0.1',
      description: 'Single pixels: features of each phase, and a weighted sum of them.',
      inputs: inputs.map((input) => ({
        ...input,
        mean: input.bands.map(() => 0),
        std: input.bands.map(() => 1),
        nodataReplacement: 0,
      })),
      phases: [...phases],
      validity: 'all',
      chip: { size, stride: size },
      output: {
        name: 'logits',
        classes: [
          { name: 'no', colour: '#000000' },
          { name: 'yes', colour: '#ffffff' },
        ],
      },
      phaseGraphs: { encoder: 'encoder.onnx', decoder: 'decoder.onnx' },
      provenance: {},
      licence: 'Apache-2.0',
      limitations: 'For tests only.',
    },
  };
}

export async function writePhaseModel(folder: string, model: PhaseModel): Promise<string> {
  const { inputs, phases, chip } = model.spec;
  const [size, channels] = [chip.size, phases.length * FEATURES];
  const encoder = new GraphBuilder('encoder', { chip: 1 });
  const image = encoder.concat(
    inputs.map(({ name, bands }) => encoder.input(name, ['chip', bands.length, size, size])),
    1,
  );
  const weight = {
    shape: [FEATURES, model.encoder.length / FEATURES, 1, 1],
    load: async () => model.encoder,
  };
  encoder.output(
    'features',
    encoder.relu(encoder.convolution(image, encoder.weight('weight', weight), null)),
  );
  const decoder = new GraphBuilder('decoder', { chip: 1 });
  const features = decoder.input('features', ['chip', phases.length, FEATURES, size, size]);
  const mixed = { shape: [2, channels, 1, 1], load: async () => model.decoder };
  decoder.output(
    'logits',
    decoder.convolution(
      decoder.reshape(features, ['chip', channels, size, size]),
      decoder.weight('weight', mixed),
      null,
    ),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'encoder.onnx'), await encodeGraph(encoder));
  await writeFile(join(folder, 'decoder.onnx'), await encodeGraph(decoder));
  await writeFile(join(folder, 'model.json'), JSON.stringify(model.spec));
  return folder;
}
