/** Prefetches chips in order and stacks them into batches. */
import { invalidInput, messageOf, requireWhole } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { allocateArray, dtypeOf, type TypedArray } from '../../geo/index.js';
import { onAbort, untilAborted } from '../../io/abort.js';
import { type Chip, describeChip } from './chip.js';
import type { ItemSource } from './sequence.js';

/** An array of one chip, in C order: a `GeoTensor`, or any typed array with a shape. */
export interface ChipArray<A extends TypedArray = TypedArray> {
  readonly data: A;
  readonly shape: readonly number[];
}

/** The arrays of a chip, by name: `image`, `mask`, … */
export type ChipArrays = Readonly<Record<string, ChipArray>>;

/** Stacked chips; arrays have the types of one chip's. */
export interface Batch<T, Arrays extends ChipArrays = ChipArrays> {
  readonly items: readonly T[];
  /** By name, with shape (item, …shape of one chip). */
  readonly arrays: { readonly [Name in keyof Arrays]: ChipArray<Arrays[Name]['data']> };
}

/** The size of batches, and prefetching. */
export interface BatchOptions {
  /** Chips per batch; the last may have fewer. */
  batchSize: number;
  /** Chips to load ahead of the current batch (default: one batch). */
  prefetch?: number;
  /** Leaves out a last batch with fewer chips (default false). */
  dropLast?: boolean;
  signal?: AbortSignal;
}

/**
 * Loads chips and yields them in batches, in the order of the sequence. At most `batchSize + prefetch` chips are in
 * memory or loading. Leaving the loop, an error or the signal aborts pending loads.
 * @param load reads one chip; all chips must have the names, shapes and types of the first one
 * @throws {TerrachipError} INVALID_INPUT that names the chip, with the original error as its cause
 */
export async function* batches<T, Arrays extends ChipArrays>(
  source: ItemSource<T>,
  load: (item: T, signal: AbortSignal) => Promise<Arrays>,
  options: BatchOptions,
): AsyncGenerator<Batch<T, Arrays>, void, undefined> {
  const { batchSize, prefetch = batchSize, dropLast = false, signal } = options;
  requireWhole('batchSize', batchSize, 1);
  requireWhole('prefetch', prefetch, 0);
  signal?.throwIfAborted();
  const controller = new AbortController();
  const leave = onAbort(signal, () => controller.abort(signal?.reason));
  const end = dropLast ? source.length - (source.length % batchSize) : source.length;
  const ahead: Promise<Loaded<T, Arrays>>[] = [];
  let next = 0;
  let expected: ArrayKinds | null = null;
  const fill = (): void => {
    while (next < end && ahead.length < batchSize + prefetch) {
      const loading = loadOne(source, next++, load, controller.signal);
      // Errors are reported in order, where the promise is awaited.
      loading.catch(() => undefined);
      ahead.push(loading);
    }
  };
  try {
    for (let start = 0; start < end; start += batchSize) {
      fill();
      const loaded: Loaded<T, Arrays>[] = [];
      for (const loading of ahead.slice(0, Math.min(batchSize, end - start)))
        loaded.push(await untilAborted(loading, signal));
      ahead.splice(0, loaded.length);
      expected ??= kindsOf(loaded[0]);
      for (const chip of loaded) checkKinds(chip, expected);
      const batch = stackChips(loaded);
      fill();
      yield batch;
    }
  } finally {
    leave();
    controller.abort();
  }
}

interface Loaded<T, Arrays extends ChipArrays = ChipArrays> {
  readonly item: T;
  /** The name of the chip in messages. */
  readonly name: string;
  readonly arrays: Arrays;
}

async function loadOne<T, Arrays extends ChipArrays>(
  source: ItemSource<T>,
  index: number,
  load: (item: T, signal: AbortSignal) => Promise<Arrays>,
  signal: AbortSignal,
): Promise<Loaded<T, Arrays>> {
  const item = await source.at(index, signal);
  const { geobox } = (item ?? {}) as Partial<Chip>;
  const name = geobox === undefined ? `item ${index}` : describeChip({ index, geobox });
  try {
    return { item, name, arrays: await load(item, signal) };
  } catch (cause) {
    signal.throwIfAborted();
    const problem = `could not be loaded (${messageOf(cause).replace(/\.$/, '')})`;
    throw invalidInput(name, problem, 'see the reason, or leave the chip out', cause);
  }
}

/** Types and shapes of the arrays of a chip, by name: `uint8 (2, 3)`. */
type ArrayKinds = ReadonlyMap<string, string>;

function kindsOf({ arrays }: Loaded<unknown>): ArrayKinds {
  const kindOf = ({ data, shape }: ChipArray): string => `${dtypeOf(data)} (${shape.join(', ')})`;
  return new Map(Object.entries<ChipArray>(arrays).map(([name, array]) => [name, kindOf(array)]));
}

function checkKinds(chip: Loaded<unknown>, expected: ArrayKinds): void {
  const own = kindsOf(chip);
  for (const name of new Set([...expected.keys(), ...own.keys()])) {
    const [wanted, actual] = [expected.get(name) ?? 'nothing', own.get(name) ?? 'nothing'];
    if (actual === wanted) continue;
    throw invalidInput(
      chip.name,
      `has ${actual} for ${name} where chips before it have ${wanted}`,
      'load chips of one shape and type: grids with the policy clip have smaller ones at their edges',
    );
  }
  for (const [name, { data, shape }] of Object.entries(chip.arrays)) {
    if (data.length === sizeOf(shape)) continue;
    const problem = `has ${data.length} values for ${name}, but a shape of ${shape.join(' × ')}`;
    throw invalidInput(chip.name, problem, 'correct what load returns');
  }
}

function stackChips<T, Arrays extends ChipArrays>(loaded: readonly Loaded<T, Arrays>[]): Batch<T, Arrays> {
  const arrays = Object.entries<ChipArray>(loaded[0].arrays).map(([name, { data: first, shape }]) => {
    const data = allocateArray(dtypeOf(first), first.length * loaded.length);
    for (const [k, chip] of loaded.entries()) data.set(chip.arrays[name].data, k * first.length);
    return [name, { data, shape: [loaded.length, ...shape] }];
  });
  return { items: loaded.map(({ item }) => item), arrays: Object.fromEntries(arrays) };
}

/**
 * The tensor constructor of an ONNX runtime, such as `onnxruntime-node` or `onnxruntime-web`, with a type name, values
 * and a shape. The runtime's own types are not imported, so that catalogs do not depend on it.
 */
export interface TensorRuntime<OnnxTensor> {
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OnnxTensor;
}

/** Makes tensors of an ONNX runtime that share the memory of a batch. */
export function batchTensors<OnnxTensor, Name extends string>(
  runtime: TensorRuntime<OnnxTensor>,
  batch: { readonly arrays: Readonly<Record<Name, ChipArray>> },
): Record<Name, OnnxTensor> {
  const construct = runtime.Tensor as new (
    type: string,
    data: TypedArray,
    dims: readonly number[],
  ) => OnnxTensor;
  return Object.fromEntries(
    Object.entries<ChipArray>(batch.arrays).map(([name, { data, shape }]) => [
      name,
      // ONNX and NumPy have the same names for these types.
      new construct(dtypeOf(data), data, shape),
    ]),
  ) as Record<Name, OnnxTensor>;
}
