/** TerraMind's graphs for one chip size. */
import { invalidOption } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import { GraphBuilder, type Value } from '../onnx/index.js';
import { type ChipSize, gridOf } from '../vit/chip.js';
import { decode } from '../vit/decoder.js';
import { mergePhases, toMap } from '../vit/phases.js';
import { type CheckpointGraph, Weights } from '../vit/weights.js';
import { type Architecture, type Modality, PATCH } from './architecture.js';
import { encode, type ModalityImage } from './encoder.js';
import { findLeftovers } from './leftovers.js';
import { mergeModalities } from './merge.js';
import { MODALITIES } from './modalities.js';

/** Options of `wholeGraph`. */
export interface WholeGraphOptions {
  /** Also output `embeddings` (chip, token, channel): the last tap, with phases merged. */
  embeddings?: boolean;
}

/** Whether a modality has one image for all phases. */
export function isStatic({ name }: Modality): boolean {
  return MODALITIES[name]?.kind === 'static';
}

/**
 * The model in one graph. Inputs, one per modality, normalised: (chip, channel, y, x), or (chip, channel, phase, y, x) for
 * temporal modalities of a model with several phases. Outputs: `logits` (chip, class, y, x); for an encoder `embeddings`
 * (chip, token, channel), tokens row by row, or with the merge `dict` one `embeddings_NAME` per modality.
 * @throws {TerrachipError} INVALID_OPTION for a size that is not a multiple of the patch size; INVALID_INPUT for tensors
 * that are missing or have the wrong shape
 */
export function wholeGraph(
  checkpoint: Checkpoint,
  architecture: Architecture,
  chip: ChipSize,
  options: WholeGraphOptions = {},
): CheckpointGraph {
  const grid = gridOf(chip, PATCH);
  const { timestamps, modalities, decoder, merge, encoderPrefix } = architecture;
  if (decoder !== null) requireDecoder(architecture);
  const axis = timestamps === 1 ? 'chip' : 'image';
  const graph = new GraphBuilder('terramind', { chip: 1, image: timestamps });
  const weights = new Weights(checkpoint);
  const images = modalities.map((modality): ModalityImage => {
    const { height, width } = chip;
    const { name, channels } = modality;
    if (timestamps === 1 || isStatic(modality)) {
      const image = graph.input(name, ['chip', channels, height, width]);
      return { modality, image, repeat: timestamps };
    }
    const input = graph.input(name, ['chip', channels, timestamps, height, width]);
    const phases = graph.transpose(input, [0, 2, 1, 3, 4]);
    return { modality, image: graph.reshape(phases, [axis, channels, height, width]), repeat: 1 };
  });
  const encoder = weights.at(encoderPrefix);
  const features = encode(graph, encoder, architecture, images, axis).map((tokens) =>
    mergeModalities(graph, encoder, architecture, tokens).map((merged) =>
      mergePhases(graph, architecture, merged),
    ),
  );
  const last = features[features.length - 1];
  if (decoder === null || options.embeddings === true) {
    for (const [k, value] of last.entries()) {
      graph.output(merge === 'dict' ? `embeddings_${modalities[k].name}` : 'embeddings', value);
    }
  }
  if (decoder !== null) {
    graph.output(
      'logits',
      logits(
        graph,
        weights,
        architecture,
        features.map(([map]) => map),
        chip,
        grid,
      ),
    );
  }
  return finished(graph, weights, { checkpoint, architecture });
}

/**
 * The encoder for one phase. Inputs, one per modality, normalised: (chip, channel, y, x). Output: `features` (chip, tap,
 * token, channel).
 * @throws {TerrachipError} as `wholeGraph`
 */
export function encoderGraph(
  checkpoint: Checkpoint,
  architecture: Architecture,
  chip: ChipSize,
): CheckpointGraph {
  const [rows, columns] = gridOf(chip, PATCH);
  requireDecoder(architecture);
  const graph = new GraphBuilder('terramind-encoder', { chip: 1 });
  const weights = new Weights(checkpoint);
  const encoder = weights.at(architecture.encoderPrefix);
  const images = architecture.modalities.map((modality) => ({
    modality,
    image: graph.input(modality.name, ['chip', modality.channels, chip.height, chip.width]),
    repeat: 1,
  }));
  const features = encode(graph, encoder, architecture, images, 'chip').map((tokens) => {
    const [merged] = mergeModalities(graph, encoder, architecture, tokens);
    return graph.reshape(merged, ['chip', 1, rows * columns, merged.shape[2]]);
  });
  graph.output('features', graph.concat(features, 1));
  return finished(graph, weights);
}

/**
 * The decoder, with the merge of phases. Input: `features` (chip, phase, tap, token, channel), the encoder's outputs for all
 * phases. Output: `logits` (chip, class, y, x).
 * @throws {TerrachipError} as `wholeGraph`
 */
export function decoderGraph(
  checkpoint: Checkpoint,
  architecture: Architecture,
  chip: ChipSize,
): CheckpointGraph {
  const grid = gridOf(chip, PATCH);
  const { timestamps, taps, encoder, merge } = architecture;
  requireDecoder(architecture);
  const graph = new GraphBuilder('terramind-decoder', { chip: 1, image: timestamps });
  const weights = new Weights(checkpoint);
  const tokens = grid[0] * grid[1];
  const width = encoder.width * (merge === 'concat' ? encoder.modalities.length : 1);
  const input = graph.input('features', ['chip', timestamps, taps.length, tokens, width]);
  const features = graph
    .split(
      input,
      2,
      taps.map(() => 1),
    )
    .map((tap) =>
      mergePhases(
        graph,
        architecture,
        graph.reshape(tap, [timestamps === 1 ? 'chip' : 'image', tokens, width]),
      ),
    );
  graph.output('logits', logits(graph, weights, architecture, features, chip, grid));
  return finished(graph, weights);
}

/** @param whole set for a graph that uses the whole checkpoint: errors about missing tensors then list unused ones */
function finished(graph: GraphBuilder, weights: Weights, whole?: Whole): CheckpointGraph {
  const { used } = weights;
  weights.requireAll(() =>
    whole === undefined ? [] : findLeftovers(whole.checkpoint, whole.architecture, used).unused,
  );
  return { graph, used };
}

interface Whole {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
}

function logits(
  graph: GraphBuilder,
  weights: Weights,
  architecture: Architecture,
  features: readonly Value[],
  { height, width }: ChipSize,
  grid: [number, number],
): Value {
  const maps = features.map((tokens) => toMap(graph, tokens, grid));
  return decode(graph, weights, architecture, maps, [height, width]);
}

/** A decoder takes one map per tap, so `dict`, which does not merge modalities, is refused. */
function requireDecoder({ decoder, merge }: Architecture): void {
  if (decoder === null) {
    const problem = 'is for models with a decoder, and the checkpoint is an encoder';
    throw invalidOption('split', problem, 'leave it out');
  }
  if (merge === 'dict') {
    throw invalidOption('merge', 'cannot be dict for a model with a decoder', 'choose mean, max or concat');
  }
}
