/** The tensors of a checkpoint that a graph does not use. */
import { sizeOf } from '../../geo/dtype.js';
import type { Checkpoint } from '../checkpoint/index.js';

const BATCH_STATISTICS = /\.(running_mean|running_var|num_batches_tracked)$/;

/** The tensors of a checkpoint that a graph does not use. */
export interface Leftovers {
  /** Tensors that inference does not need, or of parts that were not requested: counts by part. */
  readonly expected: Readonly<Record<string, number>>;
  /** All other tensors. They may show that the checkpoint is another model. */
  readonly unused: readonly string[];
}

/**
 * Sorts the tensors of a checkpoint that a graph does not use.
 * @param used names of the tensors that it uses
 * @param explain says why a tensor is not needed; null if there is no reason
 */
export function sortLeftovers(
  checkpoint: Checkpoint,
  used: ReadonlySet<string>,
  explain: (name: string) => string | null,
): Leftovers {
  const expected: Record<string, number> = {};
  const unused: string[] = [];
  for (const name of checkpoint.tensors.keys()) {
    if (used.has(name)) continue;
    const reason = name.endsWith('.num_batches_tracked') ? 'counters of batch normalisation' : explain(name);
    if (reason === null) unused.push(name);
    else expected[reason] = (expected[reason] ?? 0) + 1;
  }
  return { expected, unused };
}

/**
 * The number of trained scalars in the named tensors.
 * @param buffers matches the names of tensors that are not trained, besides those of batch normalisation
 */
export function countTrained(checkpoint: Checkpoint, names: Iterable<string>, buffers: RegExp): number {
  let count = 0;
  for (const name of names) {
    if (BATCH_STATISTICS.test(name) || buffers.test(name)) continue;
    count += sizeOf(checkpoint.tensors.get(name)?.shape ?? []);
  }
  return count;
}
