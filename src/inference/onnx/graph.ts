/** A builder of ONNX graphs (opset 17). Weights are read only when the graph is written. */
import { internalError } from '../../errors.js';
import { ATTRIBUTE_TYPE } from './schema.js';

/** The length of an axis, or its name if the length is free until the model runs. */
export type Axis = number | string;

/** A float32 value of a graph: an input, a constant, or the result of a node. */
export interface Value {
  readonly name: string;
  readonly shape: readonly Axis[];
}

/** A constant of a graph. */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'float16' | 'int64';
  /** The values; for float16 their bits as `Uint16Array`. */
  load(signal?: AbortSignal): Promise<Float32Array | Uint16Array | BigInt64Array>;
}

/** The value of a node’s attribute. */
export type AttributeValue = number | string | readonly number[] | { float: number };

/** One operation of a graph. */
export interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** A complete graph. Nodes are in topological order. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
}

/** A constant before it is added to a graph. */
export interface Weight {
  readonly shape: readonly number[];
  load(signal?: AbortSignal): Promise<Float32Array>;
}

/** A value whose name can still change. */
interface OpenValue {
  name: string;
  readonly shape: readonly Axis[];
}

/** The weights of a convolution, and how it moves. */
export interface ConvolutionOptions {
  stride?: number;
  /** Zeros around the image. */
  padding?: number;
}

/** Builds a graph node by node. */
export class GraphBuilder implements Graph {
  readonly name: string;
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  readonly nodes: GraphNode[] = [];
  readonly initializers: Initializer[] = [];
  /** Results that stay float32 in a half-precision graph. */
  readonly fullResults = new Set<Value>();
  /** Multiplications and additions in matrix products and convolutions, per chip. */
  operations = 0;
  readonly #axes: Readonly<Record<string, number>>;
  readonly #constants = new Map<string, Value>();
  readonly #weights = new Map<Weight, Value>();
  readonly #open = new Map<Value, OpenValue>();

  /** @param axes lengths of the named axes for one chip, to count operations */
  constructor(name: string, axes: Readonly<Record<string, number>> = {}) {
    this.name = name;
    this.#axes = axes;
  }

  input(name: string, shape: readonly Axis[]): Value {
    const value = { name, shape };
    this.inputs.push(value);
    return value;
  }

  /** Makes a node's result an output of the graph, and renames it. */
  output(name: string, value: Value): void {
    const open = this.#open.get(value);
    if (open === undefined) throw internalError('GraphBuilder', `${value.name} is not the result of a node`);
    open.name = name;
    this.outputs.push(value);
  }

  /** Keeps a node's result in float32 when the graph is written in half precision. */
  full(value: Value): Value {
    this.fullResults.add(value);
    return value;
  }

  /** Adds a constant. Idempotent for the same weight. */
  weight(name: string, weight: Weight): Value {
    const known = this.#weights.get(weight);
    if (known !== undefined) return known;
    const value = { name: this.#unique(name), shape: weight.shape };
    this.initializers.push({
      name: value.name,
      shape: weight.shape,
      dtype: 'float32',
      load: (signal) => weight.load(signal),
    });
    this.#weights.set(weight, value);
    return value;
  }

  scalar(value: number): Value {
    const key = `scalar_${value}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const result = this.weight(key, { shape: [], load: async () => Float32Array.of(value) });
    this.#constants.set(key, result);
    return result;
  }

  /** (…, m, k) × (…, k, n). The leading axes are those of the operand with more axes. */
  matMul(a: Value, b: Value): Value {
    const leading = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
    const shape = [...leading, a.shape[a.shape.length - 2], b.shape[b.shape.length - 1]];
    this.#count(shape, [a.shape[a.shape.length - 1]]);
    return this.#node('MatMul', [a, b], shape);
  }

  add(a: Value, b: Value): Value {
    return this.#elementwise('Add', a, b);
  }

  subtract(a: Value, b: Value): Value {
    return this.#elementwise('Sub', a, b);
  }

  multiply(a: Value, b: Value): Value {
    return this.#elementwise('Mul', a, b);
  }

  divide(a: Value, b: Value): Value {
    return this.#elementwise('Div', a, b);
  }

  relu(x: Value): Value {
    return this.#node('Relu', [x], x.shape);
  }

  /** x · sigmoid(x). */
  silu(x: Value): Value {
    return this.multiply(x, this.#node('Sigmoid', [x], x.shape));
  }

  /** x · (1 + erf(x / √2)) / 2, in the form that runtimes fuse to one operator. */
  gelu(x: Value): Value {
    const erf = this.#node('Erf', [this.full(this.divide(x, this.scalar(Math.SQRT2)))], x.shape);
    return this.multiply(this.multiply(x, this.add(erf, this.scalar(1))), this.scalar(0.5));
  }

  /** Over the last axis. */
  softmax(x: Value): Value {
    return this.#node('Softmax', [x], x.shape, { axis: -1 });
  }

  /** Over the last axis. */
  layerNormalization(x: Value, scale: Value, bias: Value, epsilon: number): Value {
    return this.#node('LayerNormalization', [x, scale, bias], x.shape, {
      axis: -1,
      epsilon: { float: epsilon },
    });
  }

  /** @param shape with at most one named axis, whose length is inferred */
  reshape(x: Value, shape: readonly Axis[]): Value {
    if (shape.filter((axis) => typeof axis === 'string').length > 1) {
      throw internalError('GraphBuilder', `cannot reshape to (${shape.join(', ')})`);
    }
    const target = this.#integerVector(shape.map((axis) => (typeof axis === 'string' ? -1 : axis)));
    return this.#node('Reshape', [x, target], shape);
  }

  transpose(x: Value, order: readonly number[]): Value {
    return this.#node(
      'Transpose',
      [x],
      order.map((axis) => x.shape[axis]),
      { perm: order },
    );
  }

  concat(values: readonly Value[], axis: number): Value {
    if (values.length === 1) return values[0];
    const length = values.reduce((sum, { shape }) => sum + lengthOf(shape[axis]), 0);
    return this.#node('Concat', values, replaced(values[0].shape, axis, length), { axis });
  }

  split(x: Value, axis: number, lengths: readonly number[]): Value[] {
    if (lengths.length === 1) return [x];
    const outputs = lengths.map((length) => this.#value('Split', replaced(x.shape, axis, length)));
    this.nodes.push({
      operator: 'Split',
      inputs: [x, this.#integerVector(lengths)],
      outputs,
      attributes: { axis },
    });
    return outputs;
  }

  /** Repeats x along an axis of length 1. */
  repeat(x: Value, axis: number, times: number): Value {
    const target = x.shape.map((_, k) => (k === axis ? times : 1));
    return this.#node('Expand', [x, this.#integerVector(target)], replaced(x.shape, axis, times));
  }

  /** Puts zeros before x along an axis. */
  padStart(x: Value, axis: number, count: number): Value {
    const before = x.shape.map((_, k) => (k === axis ? count : 0));
    const pads = this.#integerVector([...before, ...x.shape.map(() => 0)]);
    return this.#node('Pad', [x, pads], replaced(x.shape, axis, lengthOf(x.shape[axis]) + count), {
      mode: 'constant',
    });
  }

  mean(x: Value, axis: number): Value {
    return this.#reduce('ReduceMean', x, axis);
  }

  maximum(x: Value, axis: number): Value {
    return this.#reduce('ReduceMax', x, axis);
  }

  /** @param weight (output channel, input channel, y, x) */
  convolution(x: Value, weight: Value, bias: Value | null, options: ConvolutionOptions = {}): Value {
    const { stride = 1, padding = 0 } = options;
    const [channels, depth, ...kernel] = weight.shape.map(lengthOf);
    const size = x.shape
      .slice(2)
      .map((axis, k) =>
        typeof axis === 'string' ? axis : Math.floor((axis + 2 * padding - kernel[k]) / stride) + 1,
      );
    const shape = [x.shape[0], channels, ...size];
    this.#count(shape, [depth, ...kernel]);
    return this.#node('Conv', bias === null ? [x, weight] : [x, weight, bias], shape, {
      kernel_shape: kernel,
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
  }

  /** A transposed convolution whose stride is the kernel's size. @param weight (input channel, output channel, y, x) */
  upConvolution(x: Value, weight: Value, bias: Value | null): Value {
    const [depth, channels, ...kernel] = weight.shape.map(lengthOf);
    const size = x.shape.slice(2).map((axis, k) => lengthOf(axis) * kernel[k]);
    const shape = [x.shape[0], channels, ...size];
    this.#count(shape, [depth]);
    return this.#node('ConvTranspose', bias === null ? [x, weight] : [x, weight, bias], shape, {
      kernel_shape: kernel,
      strides: kernel,
    });
  }

  /** The maximum of each block of 2 × 2 pixels. An odd last row or column is dropped. */
  maxPool(x: Value): Value {
    const size = x.shape.slice(2).map((axis) => Math.floor(lengthOf(axis) / 2));
    return this.#node('MaxPool', [x], [...x.shape.slice(0, 2), ...size], {
      kernel_shape: [2, 2],
      strides: [2, 2],
    });
  }

  /** Nearest neighbour: each pixel of the result takes the source pixel that contains its upper left corner. */
  resizeNearest(x: Value, size: readonly number[]): Value {
    return this.#resize(x, size, {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
  }

  /** Bilinear, with half-pixel centres, or with the centres of the corner pixels aligned. */
  resizeBilinear(x: Value, size: readonly number[], alignCorners: boolean): Value {
    return this.#resize(x, size, {
      mode: 'linear',
      coordinate_transformation_mode: alignCorners ? 'align_corners' : 'half_pixel',
    });
  }

  #resize(x: Value, size: readonly number[], attributes: Record<string, string>): Value {
    const from = x.shape.slice(2).map(lengthOf);
    if (from.every((length, k) => length === size[k])) return x;
    const scales = Float32Array.of(1, 1, ...size.map((length, k) => scaleTo(from[k], length)));
    const weight = this.weight('scales', { shape: [scales.length], load: async () => scales });
    return this.#node('Resize', [x, null, weight], [...x.shape.slice(0, 2), ...size], attributes);
  }

  #reduce(operator: string, x: Value, axis: number): Value {
    const shape = x.shape.filter((_, k) => k !== axis);
    return this.#node(operator, [x], shape, { axes: [axis], keepdims: 0 });
  }

  #elementwise(operator: string, a: Value, b: Value): Value {
    const [longer, shorter] = a.shape.length >= b.shape.length ? [a.shape, b.shape] : [b.shape, a.shape];
    const offset = longer.length - shorter.length;
    const shape = longer.map((axis, k) => (k >= offset && axis === 1 ? shorter[k - offset] : axis));
    return this.#node(operator, [a, b], shape);
  }

  #node(
    operator: string,
    inputs: readonly (Value | null)[],
    shape: readonly Axis[],
    attributes: Record<string, AttributeValue> = {},
  ): Value {
    const result = this.#value(operator, shape);
    this.nodes.push({ operator, inputs, outputs: [result], attributes });
    return result;
  }

  #value(operator: string, shape: readonly Axis[]): Value {
    const value = { name: `${operator}_${this.nodes.length}_${this.#open.size}`, shape };
    this.#open.set(value, value);
    return value;
  }

  #integerVector(values: readonly number[]): Value {
    const name = `int64_${values.join('_')}`;
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const value = { name, shape: [values.length] };
    this.initializers.push({
      name,
      shape: value.shape,
      dtype: 'int64',
      load: async () => BigInt64Array.from(values, BigInt),
    });
    this.#constants.set(name, value);
    return value;
  }

  #unique(name: string): string {
    const taken = this.initializers.filter((initializer) => initializer.name.startsWith(name)).length;
    return taken === 0 ? name : `${name}_${taken}`;
  }

  #count(shape: readonly Axis[], inner: readonly Axis[]): void {
    const lengths = [...shape, ...inner].map((axis) =>
      typeof axis === 'number' ? axis : (this.#axes[axis] ?? 1),
    );
    this.operations += 2 * lengths.reduce((product, length) => product * length, 1);
  }
}

/** The fields of an `AttributeProto` for a value. */
export function attributeFields(value: AttributeValue): Record<string, unknown> {
  if (typeof value === 'number') return { type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === 'string') {
    return { type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
  }
  if ('float' in value) return { type: ATTRIBUTE_TYPE.float, f: value.float };
  return { type: ATTRIBUTE_TYPE.ints, ints: [...value] };
}

function lengthOf(axis: Axis): number {
  if (typeof axis === 'string') throw internalError('GraphBuilder', `the length of ${axis} must be known`);
  return axis;
}

/** The least float32 scale ≥ to / from for which floor(from · scale), the runtime's output length, is not below `to`. */
function scaleTo(from: number, to: number): number {
  const word = new Int32Array(1);
  const scale = new Float32Array(word.buffer);
  scale[0] = to / from;
  while (scale[0] * from < to) word[0]++;
  return scale[0];
}

function replaced(shape: readonly Axis[], axis: number, length: number): Axis[] {
  return shape.map((old, k) => (k === axis ? length : old));
}
