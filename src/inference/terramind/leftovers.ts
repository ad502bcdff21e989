/** Which of a checkpoint's tensors a graph does not need, and whether that is as it should be. */
import { sizeOf } from '../../geo/dtype.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { Architecture } from './architecture.js';

/** Tensors of a checkpoint that a graph was not made of. */
export interface Leftovers {
  /** Tensors that inference never needs, or that belong to what was not asked for: a count by what they belong to. */
  readonly expected: Readonly<Record<string, number>>;
  /** Tensors that nothing explains: the graph may not be the checkpoint's model. */
  readonly unused: readonly string[];
}

/**
 * The tensors of a checkpoint that a graph does not use.
 * @param used names of the tensors that the graph is made of
 */
export function findLeftovers(
  checkpoint: Checkpoint,
  architecture: Architecture,
  used: ReadonlySet<string>,
): Leftovers {
  const expected: Record<string, number> = {};
  const unused: string[] = [];
  for (const name of checkpoint.tensors.keys()) {
    if (used.has(name)) continue;
    const reason = explanation(name, architecture);
    if (reason === null) unused.push(name);
    else expected[reason] = (expected[reason] ?? 0) + 1;
  }
  return { expected, unused };
}

function explanation(name: string, architecture: Architecture): string | null {
  const { encoderPrefix, encoder, modalities, decoder } = architecture;
  if (name.endsWith('.num_batches_tracked')) return 'counters of batch normalisation';
  if (name === `${encoderPrefix}missing_mod_token`) return 'missing modalities';
  const embeddings = `${encoderPrefix}encoder_embeddings.`;
  if (name.startsWith(embeddings)) {
    const key = name.slice(embeddings.length);
    const left = encoder.modalities.find(
      (modality) => key.startsWith(`${modality.key}.`) && !modalities.includes(modality),
    );
    if (left !== undefined) return `the modality ${left.name}`;
    return decoder === null && key.startsWith('tok_') ? 'tokenised modalities' : null;
  }
  // Published encoders lie in files of the whole pre-training model, at its root; a decoder behind an encoder that
  // is part of another model is that model's own. Registers are tokens that attention sees.
  const own = ['encoder.', 'encoder_norm.', 'register_tokens'];
  return decoder === null && encoderPrefix === '' && !own.some((prefix) => name.startsWith(prefix))
    ? 'the pre-training decoder'
    : null;
}

/** What is in a checkpoint but was not trained: positions, batch statistics, and the zero bias of the encoder's norms. */
const BUFFER =
  /\.(pos_emb|running_mean|running_var|num_batches_tracked)$|(^|\.)(norm1|norm2|encoder_norm)\.bias$/;

/** Trained scalars among the given tensors. */
export function countParameters(checkpoint: Checkpoint, names: Iterable<string>): number {
  let count = 0;
  for (const name of names) {
    if (BUFFER.test(name)) continue;
    count += sizeOf(checkpoint.tensors.get(name)?.shape ?? []);
  }
  return count;
}
