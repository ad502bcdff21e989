/** Merges the tokens of several modalities. */
import type { GraphBuilder, Value, Weight } from '../onnx/index.js';
import { derived, type Weights } from '../vit/weights.js';
import type { Architecture } from './architecture.js';

/**
 * Merges the modalities of each image.
 * @param tokens (image, modality · token, width)
 * @returns (image, token, channel); with `dict` one per modality
 */
export function mergeModalities(
  graph: GraphBuilder,
  weights: Weights,
  { merge, modalities, encoder }: Architecture,
  tokens: Value,
): Value[] {
  const [image, all, width] = tokens.shape as [string, number, number];
  const count = all / modalities.length;
  if (merge === 'dict') {
    return graph.split(
      tokens,
      1,
      modalities.map(() => count),
    );
  }
  if (modalities.length === 1 && merge !== 'concat') return [tokens];
  const apart = (): Value => graph.reshape(tokens, [image, modalities.length, count, width]);
  if (merge === 'mean') return [graph.mean(apart(), 1)];
  if (merge === 'max') return [graph.maximum(apart(), 1)];
  const present =
    modalities.length === 1
      ? tokens
      : graph.reshape(graph.transpose(apart(), [0, 2, 1, 3]), [image, count, modalities.length * width]);
  const missing = encoder.modalities.length - modalities.length;
  if (missing === 0) return [present];
  const token = weights.get('missing_mod_token', [width]);
  return [appendConstant(graph, present, repeated(token, missing))];
}

/** Appends constant channels to every token. */
function appendConstant(graph: GraphBuilder, x: Value, channels: Weight): Value {
  const [image, count, width] = x.shape as [string, number, number];
  const [added] = channels.shape;
  // ONNX's Concat does not broadcast, so a matrix product adds zero channels and a sum fills them.
  const widen = derived([width, width + added], [], () => {
    const identity = new Float32Array(width * (width + added));
    for (let k = 0; k < width; k++) identity[k * (width + added) + k] = 1;
    return identity;
  });
  const fill = derived([width + added], [channels], (values) => {
    const result = new Float32Array(width + added);
    result.set(values, width);
    return result;
  });
  const widened = graph.matMul(x, graph.weight('missing.widen', widen));
  return graph.reshape(graph.add(widened, graph.weight('missing.token', fill)), [
    image,
    count,
    width + added,
  ]);
}

function repeated(weight: Weight, times: number): Weight {
  const [length] = weight.shape;
  return derived([length * times], [weight], (values) => {
    const result = new Float32Array(length * times);
    for (let k = 0; k < times; k++) result.set(values, k * length);
    return result;
  });
}
