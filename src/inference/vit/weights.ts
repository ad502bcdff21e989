/** A checkpoint's tensors as weights of a graph. Records which tensors are used, missing or of the wrong shape. */
import { invalidInput, type TerrachipError } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { GraphBuilder, Weight } from '../onnx/index.js';

/** A graph built from a checkpoint. */
export interface CheckpointGraph {
  readonly graph: GraphBuilder;
  /** Names of the checkpoint's tensors that the graph uses. */
  readonly used: ReadonlySet<string>;
}

/** Requested tensors, by full names. */
interface Requests {
  readonly used: Set<string>;
  readonly missing: Set<string>;
  /** Descriptions of tensors with the wrong shape. */
  readonly misfits: string[];
}

/** The most names in one list of a message. */
const MAX_LISTED = 8;

export class Weights {
  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly prefix = '',
    private readonly requests: Requests = { used: new Set(), missing: new Set(), misfits: [] },
  ) {}

  /** A view of the tensors whose names begin with a prefix. Their names lack it. */
  at(prefix: string): Weights {
    return new Weights(this.checkpoint, this.prefix + prefix, this.requests);
  }

  /** Full names of all requested tensors that the checkpoint has. */
  get used(): ReadonlySet<string> {
    return this.requests.used;
  }

  /**
   * Call when the graph is complete: one message names all missing tensors and all with the wrong shape.
   * @param unused tensors that were not requested, for the message: one may be a missing tensor under another name
   * @throws {TerrachipError} INVALID_INPUT
   */
  requireAll(unused: () => readonly string[]): void {
    const { missing, misfits } = this.requests;
    if (missing.size > 0 || misfits.length > 0) throw this.#mismatch(unused());
  }

  has(name: string): boolean {
    return this.checkpoint.tensors.has(this.prefix + name);
  }

  /** @throws {TerrachipError} INVALID_INPUT when the checkpoint lacks the tensor, on whose shape others depend */
  shape(name: string): readonly number[] {
    const full = this.prefix + name;
    const tensor = this.#tensor(full);
    if (tensor === null) throw this.#mismatch([]);
    return tensor.shape;
  }

  /**
   * A tensor. One that is missing or has another shape is recorded for `requireAll`.
   * @param expected the shape; NaN for any length
   * @param least the lower limit of the values
   * @throws {TerrachipError} INVALID_INPUT for a missing tensor of unknown shape, and, when it is loaded, for values that
   * are not finite or below `least`
   */
  get(name: string, expected: readonly number[], least = Number.NEGATIVE_INFINITY): Weight {
    const full = this.prefix + name;
    const tensor = this.#tensor(full);
    const isOpen = expected.some(Number.isNaN);
    const shape = tensor?.shape ?? expected;
    if (tensor === null && isOpen) throw this.#mismatch([]);
    if (
      shape.length !== expected.length ||
      shape.some((length, k) => length !== expected[k] && !Number.isNaN(expected[k]))
    ) {
      const wanted = expected.map((length) => (Number.isNaN(length) ? 'any' : length));
      this.requests.misfits.push(`${full} as (${shape.join(', ')}), not (${wanted.join(', ')})`);
      if (isOpen) throw this.#mismatch([]);
      return this.#weight(full, expected, least);
    }
    return this.#weight(full, shape, least);
  }

  #weight(full: string, shape: readonly number[], least: number): Weight {
    const load = async (signal?: AbortSignal): Promise<Float32Array> => {
      const values = await this.checkpoint.readFloat32(full, signal);
      const invalid = values.find((value) => !(Number.isFinite(value) && value >= least));
      if (invalid === undefined) return values;
      const remedy = 'get the file again, or take a checkpoint from before the training went wrong';
      throw invalidInput(this.checkpoint.name, `holds the value ${invalid} in ${full}`, remedy);
    };
    return { shape, load };
  }

  /** A tensor, or null if the checkpoint lacks it. */
  optional(name: string, expected: readonly number[]): Weight | null {
    return this.has(name) ? this.get(name, expected) : null;
  }

  #tensor(full: string): { readonly shape: readonly number[] } | null {
    const tensor = this.checkpoint.tensors.get(full);
    const { used, missing } = this.requests;
    (tensor === undefined ? missing : used).add(full);
    return tensor ?? null;
  }

  #mismatch(unused: readonly string[]): TerrachipError {
    const { missing, misfits } = this.requests;
    const parts = [
      ...(missing.size === 0 ? [] : [`holds no ${listed([...missing], ' and no ')}`]),
      ...(misfits.length === 0 ? [] : [`holds ${listed(misfits, ', and ')}`]),
      ...(unused.length === 0 ? [] : [`has ${listed(unused, ' and ')}, which the model does not use`]),
    ];
    return invalidInput(
      this.checkpoint.name,
      parts.join('; it '),
      missing.size > 0
        ? 'give a complete checkpoint of the model'
        : 'give `taps`, `heads`, `timestamps` or `merge` as in the training configuration',
    );
  }
}

/** A list of names, at most `MAX_LISTED`. @param last the separator of the last name */
export function listed(names: readonly string[], last: string): string {
  if (names.length === 1) return names[0];
  if (names.length > MAX_LISTED) {
    return `${names.slice(0, MAX_LISTED).join(', ')} … (${names.length} in all)`;
  }
  return `${names.slice(0, -1).join(', ')}${last}${names[names.length - 1]}`;
}

/** A weight that is computed from other weights when it is written. */
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

/** (rows, columns) → (columns, rows): a Linear layer's weight as the right operand of a matrix product. */
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
