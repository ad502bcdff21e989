/** The tensors of a checkpoint that a graph does not use. */
import type { Checkpoint } from '../checkpoint/index.js';
import { countTrained, type Leftovers, sortLeftovers } from '../vit/leftovers.js';
import type { Architecture } from './architecture.js';

/** Finds the tensors of a checkpoint that a graph does not use. @param used names of the tensors that it uses */
export function findLeftovers(
  checkpoint: Checkpoint,
  architecture: Architecture,
  used: ReadonlySet<string>,
): Leftovers {
  return sortLeftovers(checkpoint, used, (name) => explanation(name, architecture));
}

function explanation(name: string, architecture: Architecture): string | null {
  const { encoderPrefix, encoder, modalities, decoder } = architecture;
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

/** Tensors that were not trained: positions, and the zero biases of the encoder's norms. */
const BUFFER = /\.pos_emb$|(^|\.)(norm1|norm2|encoder_norm)\.bias$/;

/** The number of trained scalars in the named tensors. */
export function countParameters(checkpoint: Checkpoint, names: Iterable<string>): number {
  return countTrained(checkpoint, names, BUFFER);
}
