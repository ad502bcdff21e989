/** A checkpoint's tensors as weights of a graph: rearranged when they are written, and counted as used. */
import { invalidInput } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { Weight } from '../onnx/index.js';

export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #prefix: string;
  readonly #used: Set<string>;

  constructor(checkpoint: Checkpoint, prefix = '', used = new Set<string>()) {
    this.#checkpoint = checkpoint;
    this.#prefix = prefix;
    this.#used = used;
  }

  /** The tensors whose names begin with a prefix, by the rest of their names. */
  at(prefix: string): Weights {
    return new Weights(this.#checkpoint, this.#prefix + prefix, this.#used);
  }

  /** Full names of all tensors that have been asked for. */
  get used(): ReadonlySet<string> {
    return this.#used;
  }

  has(name: string): boolean {
    return this.#checkpoint.tensors.has(this.#prefix + name);
  }

  /** @throws {TerrachipError} INVALID_INPUT when the checkpoint lacks it */
  shape(name: string): readonly number[] {
    return this.#tensor(name).shape;
  }

  /**
   * A tensor as it is stored.
   * @param expected its shape; NaN for lengths that may be any
   * @param least no value is below it
   * @throws {TerrachipError} INVALID_INPUT for a missing tensor or another shape, and when it is loaded for values
   * that no training leaves: a model with one NaN would answer with NaN everywhere
   */
  get(name: string, expected: readonly number[], least = Number.NEGATIVE_INFINITY): Weight {
    const { name: full, shape } = this.#tensor(name);
    if (
      shape.length !== expected.length ||
      shape.some((length, k) => length !== expected[k] && !Number.isNaN(expected[k]))
    ) {
      const wanted = expected.map((length) => (Number.isNaN(length) ? 'any' : length));
      throw invalidInput(
        this.#checkpoint.name,
        `holds ${full} as (${shape.join(', ')}), not (${wanted.join(', ')})`,
        'check what the checkpoint was made for and give it with --taps, --heads, --timestamps or --merge',
      );
    }
    const load = async (signal?: AbortSignal): Promise<Float32Array> => {
      const values = await this.#checkpoint.readFloat32(full, signal);
      const odd = values.find((value) => !(Number.isFinite(value) && value >= least));
      if (odd === undefined) return values;
      throw invalidInput(
        this.#checkpoint.name,
        `holds the value ${odd} in ${full}`,
        'get the file again, or take a checkpoint from before the training went wrong',
      );
    };
    return { shape, load };
  }

  /** A tensor that may be missing. */
  optional(name: string, expected: readonly number[]): Weight | null {
    return this.has(name) ? this.get(name, expected) : null;
  }

  #tensor(name: string): { name: string; shape: readonly number[] } {
    const full = this.#prefix + name;
    const tensor = this.#checkpoint.tensors.get(full);
    if (tensor === undefined) {
      throw invalidInput(
        this.#checkpoint.name,
        `holds no ${full}`,
        'give a complete checkpoint of a TerraMind model',
      );
    }
    this.#used.add(full);
    return tensor;
  }
}

/** A weight whose values are computed from others when it is written. */
export function derived(
  shape: readonly number[],
  from: readonly Weight[],
  compute: (...values: Float32Array[]) => Float32Array,
): Weight {
  return {
    shape,
    load: async (signal) => {
      const values: Float32Array[] = [];
      for (const weight of from) values.push(await weight.load(signal));
      return compute(...values);
    },
  };
}

/** (rows, columns) → (columns, rows): a Linear layer's weight as the right side of a matrix product. */
export function transposed(weight: Weight): Weight {
  const [rows, columns] = weight.shape;
  return derived([columns, rows], [weight], (values) => {
    const result = new Float32Array(values.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        result[column * rows + row] = values[row * columns + column];
      }
    }
    return result;
  });
}
