/** The tensors of a checkpoint that a graph does not use. */
import { sizeOf } from '../../geo/dtype.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { Architecture } from './architecture.js';

/** The tensors of a checkpoint that a graph does not use. */
export interface Leftovers {
  /** Tensors that inference does not need, or of parts that were not requested: counts by part. */
  readonly expected: Readonly<Record<string, number>>;
  /** All other tensors. They may show that the checkpoint is another model. */
  readonly unused: readonly string[];
}

/** Finds the tensors of a checkpoint that a graph does not use. @param used names of the tensors that it uses */
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
  // Files of published encoders also have the pre-training decoder, and no prefix. With a prefix, a decoder belongs to
  // the fine-tuned model. Register tokens take part in attention, so that they must not be left out.
  const own = ['encoder.', 'encoder_norm.', 'register_tokens'];
  return decoder === null && encoderPrefix === '' && !own.some((prefix) => name.startsWith(prefix))
    ? 'the pre-training decoder'
    : null;
}

/** Tensors that were not trained: positions, batch statistics, and the zero biases of the encoder's norms. */
const BUFFER =
  /\.(pos_emb|running_mean|running_var|num_batches_tracked)$|(^|\.)(norm1|norm2|encoder_norm)\.bias$/;

/** The number of trained scalars in the named tensors. */
export function countParameters(checkpoint: Checkpoint, names: Iterable<string>): number {
  let count = 0;
  for (const name of names) {
    if (BUFFER.test(name)) continue;
    count += sizeOf(checkpoint.tensors.get(name)?.shape ?? []);
  }
  return count;
}
