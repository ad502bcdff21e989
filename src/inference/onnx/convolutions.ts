/** The convolutions of an ONNX graph. */
import * as v from 'valibot';
import type { OnnxFile, Range } from './onnx-file.js';

/** A convolution (`Conv`) of one group, whose weights are a constant of the file. */
export interface OnnxConvolution {
  /** The name of the node, or else that of its result. */
  readonly name: string;
  /** The shape of the weights: (output channel, input channel, axis, …). */
  readonly weights: readonly number[];
  /** Whether each pixel of the result depends on one pixel only, at its place: one product of matrices. */
  readonly isPointwise: boolean;
}

/** An operation as the file has it. */
interface FoundNode {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The shape of its value, if it is a `Constant`. */
  readonly constant: readonly number[];
}

const Attribute = v.object({
  name: v.optional(v.string(), ''),
  i: v.optional(v.number()),
  ints: v.optional(v.array(v.number()), []),
});

/** Operators that keep the shape of weights. */
const KEEPING = new Set(['Identity', 'Cast', 'DequantizeLinear']);

/** Collects convolutions. Their weights may come before or after them in the file. */
export class Convolutions {
  readonly #nodes: (Omit<OnnxConvolution, 'weights'> & { readonly input: string })[] = [];
  readonly #shapes = new Map<string, readonly number[]>();
  readonly #kept = new Map<string, string>();

  addWeight(name: string, shape: readonly number[]): void {
    if (name !== '') this.#shapes.set(name, shape);
  }

  /** @param attributes where the attributes of the operation are */
  async add(
    { name, operator, inputs, outputs, constant }: FoundNode,
    file: OnnxFile,
    attributes: readonly Range[],
  ): Promise<void> {
    const [result = ''] = outputs;
    if (operator === 'Constant') this.addWeight(result, constant);
    else if (KEEPING.has(operator) && inputs.length > 0) this.#kept.set(result, inputs[0]);
    if (operator !== 'Conv' || inputs.length < 2) return;
    const numbers = new Map<string, readonly number[]>();
    for (const range of attributes) {
      const { name: key, i, ints } = await file.message('AttributeProto', Attribute, range);
      numbers.set(key, i === undefined ? ints : [i]);
    }
    const all = (key: string, wanted: number): boolean =>
      numbers.get(key)?.every((value) => value === wanted) ?? true;
    if (!all('group', 1)) return;
    // Without a stride, automatic zeros around a kernel of one pixel are none.
    const isPointwise = all('strides', 1) && all('pads', 0);
    this.#nodes.push({ name: name === '' ? result : name, input: inputs[1], isPointwise });
  }

  list(): OnnxConvolution[] {
    return this.#nodes.flatMap(({ name, input, isPointwise }) => {
      const weights = this.#shapeOf(input);
      if (weights === undefined) return [];
      return [{ name, weights, isPointwise: isPointwise && weights.slice(2).every((side) => side === 1) }];
    });
  }

  #shapeOf(value: string): readonly number[] | undefined {
    let name = value;
    for (let steps = 0; steps < this.#kept.size && !this.#shapes.has(name); steps++) {
      name = this.#kept.get(name) ?? name;
    }
    return this.#shapes.get(name);
  }
}
