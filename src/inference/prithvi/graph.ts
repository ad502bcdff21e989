/** Prithvi-EO's graph for one chip size. */
import type { Checkpoint } from '../checkpoint/index.js';
import { GraphBuilder, type Value, type Weight } from '../onnx/index.js';
import { type ChipSize, gridOf } from '../vit/chip.js';
import { decode } from '../vit/decoder.js';
import { mergePhases, toMap } from '../vit/phases.js';
import { normalise, type Transformer, transformerBlock } from '../vit/transformer.js';
import { type CheckpointGraph, derived, Weights } from '../vit/weights.js';
import type { PrithviArchitecture } from './architecture.js';
import { findPrithviLeftovers } from './leftovers.js';
import { tokenEmbedding } from './position.js';

/** The name of the graph's input. */
export const PRITHVI_INPUT = 'image';

/** PyTorch's default for layer normalisation, which Prithvi uses. */
const EPSILON = 1e-5;

/**
 * The model in one graph. Input, normalised: `image` (chip, channel, y, x), or (chip, channel, date, y, x) for several dates.
 * Outputs: `logits` (chip, class, y, x) at the chip's size; for an encoder `embeddings` (chip, token, date · channel), tokens
 * row by row, without the class token.
 * @param options `embeddings` also outputs those of a model with a decoder: the last tap
 * @throws {TerrachipError} INVALID_OPTION for a size that is not a multiple of the patch size; INVALID_INPUT for tensors that
 * are missing or have the wrong shape
 */
export function prithviGraph(
  checkpoint: Checkpoint,
  architecture: PrithviArchitecture,
  chip: ChipSize,
  options: { embeddings?: boolean } = {},
): CheckpointGraph {
  const { decoder, timestamps, encoderPrefix } = architecture;
  const grid = gridOf(chip, architecture.encoder.patch);
  const graph = new GraphBuilder('prithvi', { chip: 1, image: timestamps });
  const weights = new Weights(checkpoint);
  const phases = { timestamps, pooling: 'concat' as const };
  const features = encode(graph, weights.at(encoderPrefix), architecture, chip, grid).map((tokens) =>
    mergePhases(graph, phases, tokens),
  );
  if (decoder === null || options.embeddings === true) {
    graph.output('embeddings', features[features.length - 1]);
  }
  if (decoder !== null) {
    const maps = features.map((tokens) => toMap(graph, tokens, grid));
    graph.output('logits', decode(graph, weights, architecture, maps, [chip.height, chip.width]));
  }
  const { used } = weights;
  weights.requireAll(() => findPrithviLeftovers(checkpoint, architecture, used).unused);
  return { graph, used };
}

/** Tokens after each tapped block: (chip · date, row · column, width), without the class token. */
function encode(
  graph: GraphBuilder,
  weights: Weights,
  { encoder, timestamps, taps, side, storedPositions }: PrithviArchitecture,
  { height, width }: ChipSize,
  grid: readonly [rows: number, columns: number],
): Value[] {
  const { channels, patch, depth, heads } = encoder;
  const several = timestamps > 1;
  const input = graph.input(
    PRITHVI_INPUT,
    several ? ['chip', channels, timestamps, height, width] : ['chip', channels, height, width],
  );
  const images = several
    ? graph.reshape(graph.transpose(input, [0, 2, 1, 3, 4]), ['image', channels, height, width])
    : input;
  const kernel = weights.get('patch_embed.proj.weight', [encoder.width, channels, 1, patch, patch]);
  const spare = spareChannels(channels);
  const flat = withSpare(kernel, spare);
  const padded = spare === 0 ? images : graph.padStart(images, 1, spare);
  // The bias is in the embedding. The residual stream begins here; it stays float32 in half precision.
  const map = graph.full(
    graph.convolution(padded, graph.weight('patch.weight', flat), null, { stride: patch }),
  );
  const count = grid[0] * grid[1];
  const patches = graph.transpose(
    graph.reshape(map, ['chip', timestamps, encoder.width, count]),
    [0, 1, 3, 2],
  );
  const positions = weights.get('pos_embed', [1, Number.NaN, encoder.width]);
  const embedding = tokenEmbedding(
    {
      token: weights.get('cls_token', [1, 1, encoder.width]),
      bias: weights.get('patch_embed.proj.bias', [encoder.width]),
      positions: storedPositions ? positions : null,
    },
    { dates: timestamps, side },
    grid,
  );
  let tokens = graph.add(
    graph.padStart(graph.reshape(patches, ['chip', timestamps * count, encoder.width]), 1, 1),
    graph.weight('embedding', embedding),
  );
  const transformer: Transformer = { width: encoder.width, heads, gated: false, epsilon: EPSILON };
  const outputs: Value[] = [];
  for (let k = 0; k <= Math.max(...taps); k++) {
    tokens = transformerBlock(graph, weights.at(`blocks.${k}.`), transformer, tokens);
    outputs.push(k === depth - 1 ? normalise(graph, weights.at('norm.'), tokens, EPSILON) : tokens);
  }
  return taps.map((tap) => {
    const [, own] = graph.split(outputs[tap], 1, [1, timestamps * count]);
    return several ? graph.reshape(own, ['image', count, encoder.width]) : own;
  });
}

/**
 * Channels of zeros that images need: onnxruntime's WebGPU provider (1.30) convolves 6 or 9 channels wrongly, as others that
 * are a multiple of 3 but not of 4, from 6 on.
 */
function spareChannels(channels: number): number {
  return channels > 3 && channels % 3 === 0 && channels % 4 !== 0 ? 1 : 0;
}

/** A three-dimensional kernel of one date as (output, channel, y, x), with channels of zeros before its own. */
function withSpare(kernel: Weight, spare: number): Weight {
  const [width, channels, , rows, columns] = kernel.shape;
  const one = channels * rows * columns;
  const wide = one + spare * rows * columns;
  return derived([width, channels + spare, rows, columns], [kernel], (values) => {
    const result = new Float32Array(width * wide);
    for (let k = 0; k < width; k++) result.set(values.subarray(k * one, (k + 1) * one), (k + 1) * wide - one);
    return result;
  });
}
