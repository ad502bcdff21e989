/** The encoder: patches of all modalities as one sequence of tokens, then transformer blocks. */
import type { GraphBuilder, Value, Weight } from '../onnx/index.js';
import { normalise, transformerBlock } from '../vit/transformer.js';
import { derived, type Weights } from '../vit/weights.js';
import { type Architecture, type Modality, PATCH } from './architecture.js';
import { tokenEmbedding } from './position.js';

const EPSILON = 1e-6;

/** The images of a modality, (image, channel, y, x). `repeat` > 1 uses each for as many images of the other modalities. */
export interface ModalityImage {
  readonly modality: Modality;
  readonly image: Value;
  readonly repeat: number;
}

/**
 * Tokens after each tapped block, in the order of `taps`.
 * @param axis the name of the image axis
 * @returns each (image, modality · row · column, width)
 */
export function encode(
  graph: GraphBuilder,
  weights: Weights,
  architecture: Architecture,
  images: readonly ModalityImage[],
  axis: string,
): Value[] {
  const { encoder, taps } = architecture;
  const transformer = { ...encoder, epsilon: EPSILON };
  let tokens = embed(graph, weights, images, encoder.width, axis);
  const outputs: Value[] = [];
  const last = encoder.depth - 1;
  for (let k = 0; k <= Math.max(...taps); k++) {
    tokens = transformerBlock(graph, weights.at(`encoder.${k}.`), transformer, tokens);
    const normalised = k === last && encoder.normalised;
    outputs.push(normalised ? normalise(graph, weights.at('encoder_norm.'), tokens, EPSILON) : tokens);
  }
  return taps.map((tap) => outputs[tap]);
}

/** Linear projections of all patches, plus position and modality embeddings. */
function embed(
  graph: GraphBuilder,
  weights: Weights,
  images: readonly ModalityImage[],
  width: number,
  axis: string,
): Value {
  const patches: Value[] = [];
  const embeddings: Weight[] = [];
  for (const { modality, image, repeat } of images) {
    const own = weights.at(`encoder_embeddings.${modality.key}.`);
    const projection = own.get('proj.weight', [width, modality.channels * PATCH ** 2]);
    const kernel = graph.weight(`${modality.name}.patch`, patchKernel(projection, modality.channels));
    // The residual stream begins here; it stays float32 in half precision.
    const map = graph.full(graph.convolution(image, kernel, null, { stride: PATCH }));
    const [rows, columns] = map.shape.slice(2).map(Number);
    const count = rows * columns;
    if (repeat === 1) patches.push(graph.reshape(map, [axis, width, count]));
    else {
      const once = graph.reshape(map, ['chip', 1, width, count]);
      patches.push(graph.reshape(graph.repeat(once, 1, repeat), [axis, width, count]));
    }
    embeddings.push(
      tokenEmbedding(own.get('pos_emb', [1, Number.NaN, width]), own.get('mod_emb', [1, 1, width]), [
        rows,
        columns,
      ]),
    );
  }
  const tokens = graph.transpose(graph.concat(patches, 2), [0, 2, 1]);
  const count = embeddings.reduce((sum, { shape }) => sum + shape[1], 0);
  const all = derived([1, count, width], embeddings, (...parts) => {
    const result = new Float32Array(count * width);
    let offset = 0;
    for (const part of parts) {
      result.set(part, offset);
      offset += part.length;
    }
    return result;
  });
  return graph.add(tokens, graph.weight('embedding', all));
}

/** Converts a Linear weight over patches (row, column, channel) to a convolution's (output, channel, row, column). */
function patchKernel(projection: Weight, channels: number): Weight {
  const [width] = projection.shape;
  const pixels = PATCH ** 2;
  return derived([width, channels, PATCH, PATCH], [projection], (values) => {
    const result = new Float32Array(values.length);
    for (let output = 0; output < width; output++) {
      const start = output * pixels * channels;
      for (let pixel = 0; pixel < pixels; pixel++) {
        for (let channel = 0; channel < channels; channel++) {
          result[start + channel * pixels + pixel] = values[start + pixel * channels + channel];
        }
      }
    }
    return result;
  });
}
