/**
 * Graphs in half precision, as in mixed-precision training. Inputs and outputs stay float32.
 *
 * float16: weights, inputs and outputs of matrix products and convolutions. The runtime chooses how it sums products.
 * float32: softmax and layer normalisation, which sum over a row; the error function, which is added to 1; and results
 * marked with `GraphBuilder.full`. Other operators compute in float32 if one input is float32, so that a residual stream
 * that begins in float32 stays in float32.
 */
import { internalError, invalidInput } from '../../errors.js';
import { float32ToHalves, halvesToFloat32 } from '../../raster/arrays/half.js';
import type { AttributeValue, Graph, GraphBuilder, GraphNode, Initializer, Value } from './graph.js';
import { DATA_TYPE } from './schema.js';

const HALF = new Set(['MatMul', 'Conv', 'ConvTranspose']);
const FULL = new Set(['Softmax', 'LayerNormalization', 'Erf']);
/** Operators whose results are values of their inputs, so that no rounding is needed. */
const MOVING = new Set([
  'Reshape',
  'Transpose',
  'Concat',
  'Split',
  'Expand',
  'Pad',
  'MaxPool',
  'ReduceMax',
  'Relu',
]);

/** The largest finite float16. */
const LARGEST = 65504;
/** The least number that rounds to infinity. */
const OVERFLOW = 65520;

type Precision = 'float16' | 'float32';

/**
 * `float16`: the graph to run. `rounded`: a float32 graph that rounds each result which is float16 in the first form. Its
 * results are those of the float16 graph on a device that sums products in float32. It is needed because onnxruntime's CPU
 * provider computes float16 graphs in float32 and omits the roundings.
 */
export type HalfForm = 'float16' | 'rounded';

/**
 * Converts a graph to half precision.
 * @param name the file of the weights, for messages
 * @throws {TerrachipError} INVALID_INPUT, when the graph is written, for a weight beyond the range of float16
 */
export function halfPrecision(graph: GraphBuilder, form: HalfForm, name: string): Graph {
  return new HalfGraph(graph, form, name);
}

class HalfGraph implements Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: GraphNode[] = [];
  readonly initializers: Initializer[] = [];
  readonly #constants: ReadonlyMap<string, Initializer>;
  readonly #precision = new Map<Value, Precision>();
  readonly #converted = new Map<Value, Value>();
  readonly #halves = new Map<string, Value>();
  readonly #kept = new Set<string>();

  constructor(
    graph: GraphBuilder,
    private readonly form: HalfForm,
    private readonly source: string,
  ) {
    this.name = graph.name;
    this.inputs = graph.inputs;
    this.outputs = graph.outputs;
    this.#constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
    for (const input of graph.inputs) this.#precision.set(input, 'float32');
    for (const node of graph.nodes) this.#add(node, this.#precisionOf(node, graph.fullResults));
  }

  #precisionOf(node: GraphNode, full: ReadonlySet<Value>): Precision {
    if (FULL.has(node.operator) || full.has(node.outputs[0])) return 'float32';
    if (HALF.has(node.operator)) return 'float16';
    const inputs = node.inputs.flatMap((input) => (input === null ? [] : (this.#precision.get(input) ?? [])));
    // The result of a Concat goes into a matrix product, so float32 for some of its parts has no use.
    const wide = node.operator === 'Concat' ? inputs.every(isWide) : inputs.some(isWide);
    return wide ? 'float32' : 'float16';
  }

  #add(node: GraphNode, precision: Precision): void {
    const scales = node.operator === 'Resize' ? node.inputs[2] : null;
    const inputs = node.inputs.map((input) => {
      if (input === null) return null;
      const constant = this.#constants.get(input.name);
      if (constant === undefined) return this.#as(input, precision);
      const asStored = precision === 'float32' || constant.dtype === 'int64' || input === scales;
      return asStored ? this.#keep(input, constant) : this.#half(input, constant);
    });
    const outputs = node.outputs.map((output) => {
      const isOutput = this.outputs.includes(output) && precision === 'float16';
      return this.#rounds(node, precision) || (isOutput && this.form === 'float16')
        ? { name: `${output.name}_exact`, shape: output.shape }
        : output;
    });
    this.nodes.push({ ...node, inputs, outputs });
    for (const [k, output] of node.outputs.entries()) {
      const result = outputs[k];
      if (result === output) this.#precision.set(output, precision);
      else if (this.form === 'rounded') {
        this.#round(result, output);
        this.#precision.set(output, precision);
      } else {
        this.#cast(result, output, 'float32');
        this.#precision.set(output, 'float32');
      }
    }
  }

  /** Whether a result in the rounded form must be rounded to float16. */
  #rounds({ operator }: GraphNode, precision: Precision): boolean {
    return this.form === 'rounded' && precision === 'float16' && !MOVING.has(operator);
  }

  /** Casts a value to a precision, if necessary. */
  #as(value: Value, precision: Precision): Value {
    if (this.#precision.get(value) === precision) return value;
    // Rounded values are float32 already.
    if (this.form === 'rounded' && precision === 'float32') return value;
    const known = this.#converted.get(value);
    if (known !== undefined) return known;
    const result = { name: `${value.name}_${precision}`, shape: value.shape };
    if (this.form === 'rounded') this.#round(value, result);
    else this.#cast(value, result, precision);
    this.#converted.set(value, result);
    return result;
  }

  #round(value: Value, result: Value): void {
    const half = { name: `${result.name}_half`, shape: value.shape };
    this.#cast(value, half, 'float16');
    this.#cast(half, result, 'float32');
  }

  #cast(value: Value, result: Value, to: Precision): void {
    const attributes: Record<string, AttributeValue> = { to: DATA_TYPE[to] };
    this.nodes.push({ operator: 'Cast', inputs: [value], outputs: [result], attributes });
  }

  #keep(value: Value, constant: Initializer): Value {
    if (!this.#kept.has(constant.name)) {
      this.#kept.add(constant.name);
      this.initializers.push(constant);
    }
    return value;
  }

  #half(value: Value, constant: Initializer): Value {
    const known = this.#halves.get(constant.name);
    if (known !== undefined) return known;
    const result = { name: `${constant.name}_half`, shape: value.shape };
    this.initializers.push({
      name: result.name,
      shape: constant.shape,
      dtype: this.form === 'float16' ? 'float16' : 'float32',
      load: async (signal) => {
        const halves = float32ToHalves(this.#requireRange(constant.name, await constant.load(signal)));
        return this.form === 'float16' ? halves : halvesToFloat32(halves);
      },
    });
    this.#halves.set(constant.name, result);
    return result;
  }

  #requireRange(name: string, values: Awaited<ReturnType<Initializer['load']>>): Float32Array {
    if (!(values instanceof Float32Array)) throw internalError('halfPrecision', `${name} is not float32`);
    const beyond = values.find((value) => Math.abs(value) >= OVERFLOW);
    if (beyond === undefined) return values;
    const problem = `has ${beyond} in ${name}, beyond ${LARGEST}, the largest float16`;
    throw invalidInput(this.source, problem, 'import it in float32');
  }
}

function isWide(precision: Precision): boolean {
  return precision === 'float32';
}
