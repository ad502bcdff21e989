/** The encoder: patches of all modalities as one sequence of tokens, then transformer blocks. */
import type { GraphBuilder, Value, Weight } from '../onnx/index.js';
import { type Architecture, type Modality, PATCH } from './architecture.js';
import { tokenEmbedding } from './position.js';
import { derived, transposed, type Weights } from './weights.js';

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
  let tokens = embed(graph, weights, images, encoder.width, axis);
  const outputs: Value[] = [];
  const last = encoder.depth - 1;
  for (let k = 0; k <= Math.max(...taps); k++) {
    tokens = block(graph, weights.at(`encoder.${k}.`), architecture, tokens);
    const normalised = k === last && encoder.normalised;
    outputs.push(normalised ? normalise(graph, weights.at('encoder_norm.'), tokens) : tokens);
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

/** x + attention(norm(x)), then x + mlp(norm(x)). */
function block(graph: GraphBuilder, weights: Weights, architecture: Architecture, x: Value): Value {
  const attended = graph.add(
    x,
    attention(graph, weights.at('attn.'), architecture, normalise(graph, weights.at('norm1.'), x)),
  );
  const normalised = normalise(graph, weights.at('norm2.'), attended);
  return graph.add(attended, perceptron(graph, weights.at('mlp.'), architecture, normalised));
}

function normalise(graph: GraphBuilder, weights: Weights, x: Value): Value {
  const width = Number(x.shape[2]);
  const bias = weights.optional('bias', [width]) ?? derived([width], [], () => new Float32Array(width));
  return graph.layerNormalization(
    x,
    graph.weight('norm.scale', weights.get('weight', [width])),
    graph.weight('norm.bias', bias),
    EPSILON,
  );
}

/** Multi-head attention: softmax(q · kᵀ / √d) · v per head, over all tokens. */
function attention(
  graph: GraphBuilder,
  weights: Weights,
  { encoder: { heads, width } }: Architecture,
  x: Value,
): Value {
  const [image, tokens] = x.shape as [string, number];
  const depth = width / heads;
  const qkv = linear(graph, weights, 'qkv', x, 3 * width, (values) =>
    scaleFirst(values, values.length / 3, 1 / Math.sqrt(depth)),
  );
  const split = graph.transpose(graph.reshape(qkv, [image, tokens, 3 * heads, depth]), [0, 2, 1, 3]);
  const [q, k, v] = graph.split(split, 1, [heads, heads, heads]);
  const shares = graph.softmax(graph.matMul(q, graph.transpose(k, [0, 1, 3, 2])));
  const mixed = graph.transpose(graph.matMul(shares, v), [0, 2, 1, 3]);
  return linear(graph, weights, 'proj', graph.reshape(mixed, [image, tokens, width]), width);
}

function perceptron(
  graph: GraphBuilder,
  weights: Weights,
  { encoder: { gated, width } }: Architecture,
  x: Value,
): Value {
  const [hidden] = weights.shape('fc1.weight');
  const first = linear(graph, weights, 'fc1', x, hidden);
  const active = gated
    ? graph.multiply(graph.silu(first), linear(graph, weights, 'fc3', x, hidden))
    : graph.gelu(first);
  return linear(graph, weights, 'fc2', active, width);
}

/** A Linear layer; the bias is optional. @param adjust changes weight and bias (output channel first) in place */
function linear(
  graph: GraphBuilder,
  weights: Weights,
  name: string,
  x: Value,
  width: number,
  adjust: (values: Float32Array) => Float32Array = (values) => values,
): Value {
  const weight = weights.get(`${name}.weight`, [width, Number(x.shape[2])]);
  const bias = weights.optional(`${name}.bias`, [width]);
  const product = graph.matMul(
    x,
    graph.weight(`${name}.weight`, transposed(derived(weight.shape, [weight], adjust))),
  );
  if (bias === null) return product;
  return graph.add(product, graph.weight(`${name}.bias`, derived(bias.shape, [bias], adjust)));
}

/** Scales the first `count` values: the queries, so that attention needs no separate scaling. */
function scaleFirst(values: Float32Array, count: number, factor: number): Float32Array {
  for (let k = 0; k < count; k++) values[k] *= factor;
  return values;
}
