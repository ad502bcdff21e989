/** The blocks of a vision transformer, with the tensors' names of timm. */
import type { GraphBuilder, Value } from '../onnx/index.js';
import { derived, transposed, type Weights } from './weights.js';

/** What the blocks of a transformer share. */
export interface Transformer {
  /** Channels of a token. */
  readonly width: number;
  /** Attention heads, a divisor of `width`. */
  readonly heads: number;
  /** Whether the perceptron is SiLU(fc1) · fc3 (SwiGLU), else GELU(fc1). */
  readonly gated: boolean;
  /** Added to the variance in layer normalisation. */
  readonly epsilon: number;
}

/** x + attention(norm(x)), then x + mlp(norm(x)). */
export function transformerBlock(
  graph: GraphBuilder,
  weights: Weights,
  transformer: Transformer,
  x: Value,
): Value {
  const { epsilon } = transformer;
  const attended = graph.add(
    x,
    attention(graph, weights.at('attn.'), transformer, normalise(graph, weights.at('norm1.'), x, epsilon)),
  );
  const normalised = normalise(graph, weights.at('norm2.'), attended, epsilon);
  return graph.add(attended, perceptron(graph, weights.at('mlp.'), transformer, normalised));
}

/** Layer normalisation over the channels; the bias is optional. @param x (image, token, width) */
export function normalise(graph: GraphBuilder, weights: Weights, x: Value, epsilon: number): Value {
  const width = Number(x.shape[2]);
  const bias = weights.optional('bias', [width]) ?? derived([width], [], () => new Float32Array(width));
  return graph.layerNormalization(
    x,
    graph.weight('norm.scale', weights.get('weight', [width])),
    graph.weight('norm.bias', bias),
    epsilon,
  );
}

/** Multi-head attention: softmax(q · kᵀ / √d) · v per head, over all tokens. */
function attention(graph: GraphBuilder, weights: Weights, { heads, width }: Transformer, x: Value): Value {
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

function perceptron(graph: GraphBuilder, weights: Weights, { gated, width }: Transformer, x: Value): Value {
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
