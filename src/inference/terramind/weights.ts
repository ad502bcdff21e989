/** A checkpoint's tensors as weights of a graph: rearranged when they are written, and counted as used. */
import { invalidInput, type TerrachipError } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { Weight } from '../onnx/index.js';

/** What was asked for, by full names. */
interface Asked {
  readonly used: Set<string>;
  readonly missing: Set<string>;
  /** Sentences on tensors of another shape. */
  readonly misfits: string[];
}

/** Names that a message lists of each kind. */
const SHOWN = 8;

export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #prefix: string;
  readonly #asked: Asked;

  constructor(
    checkpoint: Checkpoint,
    prefix = '',
    asked: Asked = { used: new Set(), missing: new Set(), misfits: [] },
  ) {
    this.#checkpoint = checkpoint;
    this.#prefix = prefix;
    this.#asked = asked;
  }

  /** The tensors whose names begin with a prefix, by the rest of their names. */
  at(prefix: string): Weights {
    return new Weights(this.#checkpoint, this.#prefix + prefix, this.#asked);
  }

  /** Full names of all tensors that have been asked for and are there. */
  get used(): ReadonlySet<string> {
    return this.#asked.used;
  }

  /**
   * To be called when a graph is whole, since a missing tensor is noted and building goes on, so that one message
   * names all.
   * @param unused the tensors that nothing asked for: one of them may be a missing one under another name
   * @throws {TerrachipError} INVALID_INPUT when tensors were missing or had another shape
   */
  requireAll(unused: () => readonly string[]): void {
    const { missing, misfits } = this.#asked;
    if (missing.size > 0 || misfits.length > 0) throw this.#mismatch(unused());
  }

  has(name: string): boolean {
    return this.#checkpoint.tensors.has(this.#prefix + name);
  }

  /** @throws {TerrachipError} INVALID_INPUT when the checkpoint lacks it: without it, nobody knows what else to ask for */
  shape(name: string): readonly number[] {
    const full = this.#prefix + name;
    const tensor = this.#tensor(full);
    if (tensor === null) throw this.#mismatch([]);
    return tensor.shape;
  }

  /**
   * A tensor as it is stored. One that is missing, or has another shape, is noted for `requireAll`.
   * @param expected its shape; NaN for lengths that may be any
   * @param least no value is below it
   * @throws {TerrachipError} INVALID_INPUT for a missing tensor of which no shape is known, and when it is loaded for
   * values that no training leaves: a model with one NaN would answer with NaN everywhere
   */
  get(name: string, expected: readonly number[], least = Number.NEGATIVE_INFINITY): Weight {
    const full = this.#prefix + name;
    const tensor = this.#tensor(full);
    const isOpen = expected.some(Number.isNaN);
    const shape = tensor?.shape ?? expected;
    if (tensor === null && isOpen) throw this.#mismatch([]);
    if (
      shape.length !== expected.length ||
      shape.some((length, k) => length !== expected[k] && !Number.isNaN(expected[k]))
    ) {
      const wanted = expected.map((length) => (Number.isNaN(length) ? 'any' : length));
      this.#asked.misfits.push(`${full} as (${shape.join(', ')}), not (${wanted.join(', ')})`);
      if (isOpen) throw this.#mismatch([]);
      return this.#weight(full, expected, least);
    }
    return this.#weight(full, shape, least);
  }

  #weight(full: string, shape: readonly number[], least: number): Weight {
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

  #tensor(full: string): { readonly shape: readonly number[] } | null {
    const tensor = this.#checkpoint.tensors.get(full);
    const { used, missing } = this.#asked;
    (tensor === undefined ? missing : used).add(full);
    return tensor ?? null;
  }

  #mismatch(unused: readonly string[]): TerrachipError {
    const { missing, misfits } = this.#asked;
    const parts = [
      ...(missing.size === 0 ? [] : [`holds no ${listed([...missing], ' and no ')}`]),
      ...(misfits.length === 0 ? [] : [`holds ${listed(misfits, ', and ')}`]),
      ...(unused.length === 0 ? [] : [`has ${listed(unused, ' and ')}, which the model has no place for`]),
    ];
    return invalidInput(
      this.#checkpoint.name,
      parts.join('; it '),
      missing.size > 0
        ? 'give a complete checkpoint of a TerraMind model'
        : 'check what the checkpoint was made for and give it with taps, heads, timestamps or merge',
    );
  }
}

/** Names in a sentence, so many that one can still read it. @param last stands before the last of them */
export function listed(names: readonly string[], last: string): string {
  if (names.length === 1) return names[0];
  if (names.length > SHOWN) return `${names.slice(0, SHOWN).join(', ')} … (${names.length} in all)`;
  return `${names.slice(0, -1).join(', ')}${last}${names[names.length - 1]}`;
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
