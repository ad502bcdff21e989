/** Neck, decoder and head: from the encoder's feature maps to logits. */
import type { GraphBuilder, Value, Weight } from '../onnx/index.js';
import type { Segmentation } from './segmentation.js';
import { normalise } from './transformer.js';
import { derived, type Weights } from './weights.js';

const EPSILON = 1e-5;
/** FCNDecoder's, of layer normalisation. */
const NORM_EPSILON = 1e-6;
const ANY = Number.NaN;

/**
 * Logits (chip, class, y, x) at the chip's size.
 * @param maps (chip, channel, row, column) of each tap
 */
export function decode(
  graph: GraphBuilder,
  weights: Weights,
  { prefix, neck, decoder }: Segmentation,
  maps: readonly Value[],
  chip: readonly [height: number, width: number],
): Value {
  const levels = neck === null ? maps : pyramid(graph, weights.at(neck), maps);
  const own = weights.at(`${prefix}decoder.`);
  const last = levels[levels.length - 1];
  if (decoder === 'linear') return graph.resizeBilinear(linear(graph, own, last), chip, false);
  let decoded: Value;
  if (decoder === 'unet') decoded = unet(graph, own.at('decoder.'), levels);
  else if (decoder === 'fcn') decoded = fullyConvolutional(graph, own, last);
  else decoded = upernet(graph, own, levels);
  return graph.resizeBilinear(head(graph, weights.at(`${prefix}head.head.`), decoded), chip, false);
}

/** The neck LearnedInterpolateToPyramidal: four maps at 4, 2, 1 and 0.5 times the size of the token grid. */
function pyramid(
  graph: GraphBuilder,
  weights: Weights,
  [first, second, third, fourth]: readonly Value[],
): Value[] {
  const [channels] = weights.shape('fpn1.0.weight');
  const half = channels / 2;
  const up = (x: Value, at: string, from: number, to: number, batchNorm?: string): Value => {
    const kernel = weights.get(`${at}.weight`, [from, to, 2, 2]);
    const bias = weights.get(`${at}.bias`, [to]);
    const folded =
      batchNorm === undefined
        ? { kernel, bias }
        : foldBatchNorm(weights.at(`${batchNorm}.`), kernel, bias, 1);
    return graph.upConvolution(
      x,
      graph.weight('neck.weight', folded.kernel),
      graph.weight('neck.bias', folded.bias),
    );
  };
  const larger = graph.gelu(up(first, 'fpn1.0', channels, half, 'fpn1.1'));
  return [
    up(larger, 'fpn1.3', half, channels / 4),
    up(second, 'fpn2.0', channels, half),
    third,
    graph.maxPool(fourth),
  ];
}

/** segmentation_models_pytorch's UNet as in terratorch, which passes the finest map twice: the last block has no skip. */
function unet(graph: GraphBuilder, weights: Weights, levels: readonly Value[]): Value {
  const skips = [...levels].reverse();
  let x = skips[0];
  for (let k = 0; weights.has(`blocks.${k}.conv1.0.weight`); k++) {
    const skip = skips[k + 1];
    if (skip !== undefined) {
      x = graph.concat([graph.resizeNearest(x, skip.shape.slice(2).map(Number)), skip], 1);
    }
    const own = weights.at(`blocks.${k}.`);
    x = convolve(graph, own, x, 'conv1.0', 'conv1.1', 3);
    x = convolve(graph, own, x, 'conv2.0', 'conv2.1', 3);
  }
  return x;
}

/** UperNet: pyramid pooling of the coarsest map, addition of lateral maps from coarse to fine, and fusion of all maps. */
function upernet(graph: GraphBuilder, weights: Weights, levels: readonly Value[]): Value {
  const module = (x: Value, at: string, kernel: number): Value =>
    convolve(graph, weights, x, `${at}.conv`, `${at}.norm`, kernel);
  const coarsest = levels[levels.length - 1];
  const size = sizeOf(coarsest);
  const pooled: Value[] = [coarsest];
  const SCALES = [1, 2, 3, 6];
  for (const [k, bins] of SCALES.entries()) {
    const averaged = averageInto(graph, coarsest, bins);
    pooled.push(graph.resizeBilinear(module(averaged, `psp_modules.${k}.1`, 1), size, true));
  }
  const laterals = levels.slice(0, -1).map((level, k) => module(level, `lateral_convs.${k}`, 1));
  laterals.push(module(graph.concat(pooled, 1), 'bottleneck', 3));
  for (let k = laterals.length - 1; k > 0; k--) {
    const below = laterals[k - 1];
    laterals[k - 1] = graph.add(below, graph.resizeBilinear(laterals[k], sizeOf(below), true));
  }
  const finest = sizeOf(laterals[0]);
  const outputs = laterals.map((lateral, k) => {
    const own = k < laterals.length - 1 ? module(lateral, `fpn_convs.${k}`, 3) : lateral;
    return graph.resizeBilinear(own, finest, true);
  });
  return module(graph.concat(outputs, 1), 'fpn_bottleneck', 3);
}

/** FCNDecoder: any number of steps that double the size, each with a 3 × 3 convolution, layer normalisation and GELU. */
function fullyConvolutional(graph: GraphBuilder, weights: Weights, map: Value): Value {
  let x = map;
  for (let k = 0; weights.has(`convs.${k}.0.weight`); k++) {
    const own = weights.at(`convs.${k}.`);
    const larger = upConvolve(graph, own, x, '0', 2);
    const channels = Number(larger.shape[1]);
    const convolved = graph.convolution(
      larger,
      graph.weight('decoder.weight', own.get('1.weight', [channels, channels, 3, 3])),
      graph.weight('decoder.bias', own.get('1.bias', [channels])),
      { padding: 1 },
    );
    const [rows, columns] = sizeOf(convolved);
    // Layer normalisation is over the last axis.
    const pixels = graph.transpose(graph.reshape(convolved, ['chip', channels, rows * columns]), [0, 2, 1]);
    const normalised = graph.transpose(normalise(graph, own.at('2.ln.'), pixels, NORM_EPSILON), [0, 2, 1]);
    x = graph.gelu(graph.reshape(normalised, ['chip', channels, rows, columns]));
  }
  return x;
}

/** LinearDecoder: one transposed convolution to the classes, whose stride is its size. */
function linear(graph: GraphBuilder, weights: Weights, map: Value): Value {
  const [, , size] = weights.shape('conv.weight');
  return graph.full(upConvolve(graph, weights, map, 'conv', size));
}

/** A transposed convolution with a bias, whose stride is its size. */
function upConvolve(graph: GraphBuilder, weights: Weights, x: Value, at: string, size: number): Value {
  const kernel = weights.get(`${at}.weight`, [Number(x.shape[1]), ANY, size, size]);
  const bias = weights.get(`${at}.bias`, [kernel.shape[1]]);
  return graph.upConvolution(x, graph.weight('decoder.weight', kernel), graph.weight('decoder.bias', bias));
}

/** Any number of 3 × 3 convolutions with ReLU, then a 1 × 1 convolution to the classes. */
function head(graph: GraphBuilder, weights: Weights, x: Value): Value {
  let result = x;
  for (let k = 0; weights.has(`0.${k}.0.weight`); k++) {
    const own = weights.at(`0.${k}.0.`);
    const kernel = own.get('weight', [ANY, Number(result.shape[1]), 3, 3]);
    const bias = graph.weight('head.bias', own.get('bias', [kernel.shape[0]]));
    result = graph.relu(graph.convolution(result, graph.weight('head.weight', kernel), bias, { padding: 1 }));
  }
  const kernel = weights.get('2.weight', [ANY, Number(result.shape[1]), 1, 1]);
  // float32 decides the classes at almost no cost.
  return graph.full(
    graph.convolution(
      result,
      graph.weight('head.weight', kernel),
      graph.weight('head.bias', weights.get('2.bias', [kernel.shape[0]])),
    ),
  );
}

/** A convolution without bias, then batch normalisation and ReLU. */
function convolve(
  graph: GraphBuilder,
  weights: Weights,
  x: Value,
  convolution: string,
  normalisation: string,
  size: number,
): Value {
  const kernel = weights.get(`${convolution}.weight`, [ANY, Number(x.shape[1]), size, size]);
  const folded = foldBatchNorm(weights.at(`${normalisation}.`), kernel, null, 0);
  const result = graph.convolution(
    x,
    graph.weight('decoder.weight', folded.kernel),
    graph.weight('decoder.bias', folded.bias),
    { padding: (size - 1) / 2 },
  );
  return graph.relu(result);
}

/**
 * Folds batch normalisation, γ (x − μ) / √(σ² + ε) + β, into the preceding convolution.
 * @param axis the axis of the kernel's output channels
 */
function foldBatchNorm(
  weights: Weights,
  kernel: Weight,
  bias: Weight | null,
  axis: 0 | 1,
): { kernel: Weight; bias: Weight } {
  const channels = kernel.shape[axis];
  const get = (name: string, least?: number): Weight => weights.get(name, [channels], least);
  const [gamma, beta, mean] = [get('weight'), get('bias'), get('running_mean')];
  const variance = get('running_var', 0);
  const inner = kernel.shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const factor = (scale: number, spread: number): number => scale / Math.sqrt(spread + EPSILON);
  return {
    kernel: derived(kernel.shape, [kernel, gamma, variance], (values, scales, spreads) => {
      const factors = scales.map((scale, k) => factor(scale, spreads[k]));
      for (let k = 0; k < values.length; k++) values[k] *= factors[Math.floor(k / inner) % channels];
      return values;
    }),
    bias: derived(
      [channels],
      [gamma, beta, mean, variance, ...(bias === null ? [] : [bias])],
      (scales, offsets, means, spreads, biases) =>
        scales.map((scale, k) => ((biases?.[k] ?? 0) - means[k]) * factor(scale, spreads[k]) + offsets[k]),
    ),
  };
}

/** PyTorch's adaptive average pooling to bins × bins, as matrix products, since bins may overlap. */
function averageInto(graph: GraphBuilder, x: Value, bins: number): Value {
  const [height, width] = sizeOf(x);
  const rows = graph.weight('pool.rows', binMatrix(height, bins, false));
  const columns = graph.weight('pool.columns', binMatrix(width, bins, true));
  return graph.matMul(rows, graph.matMul(x, columns));
}

/** Weights of positions in the means of bins: (bin, position), or transposed (position, bin). */
function binMatrix(length: number, bins: number, transpose: boolean): Weight {
  return derived(transpose ? [length, bins] : [bins, length], [], () => {
    const result = new Float32Array(bins * length);
    for (let bin = 0; bin < bins; bin++) {
      const start = Math.floor((bin * length) / bins);
      const end = Math.ceil(((bin + 1) * length) / bins);
      for (let k = start; k < end; k++) {
        result[transpose ? k * bins + bin : bin * length + k] = 1 / (end - start);
      }
    }
    return result;
  });
}

function sizeOf({ shape }: Value): [number, number] {
  return [Number(shape[2]), Number(shape[3])];
}
