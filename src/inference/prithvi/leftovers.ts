/** The tensors of a Prithvi-EO checkpoint that a graph does not use. */
import type { Checkpoint } from '../checkpoint/index.js';
import { countTrained, type Leftovers, sortLeftovers } from '../vit/leftovers.js';
import type { PrithviArchitecture } from './architecture.js';

/** Parts of the masked autoencoder that only its pre-training needs; the first files had them without `decoder.`. */
const PRETRAINING = /^(decoder\.)?(decoder_|mask_token$|(temporal|location)_embed_dec\.)/;

/** Finds the tensors of a checkpoint that a graph does not use. @param used names of the tensors that it uses */
export function findPrithviLeftovers(
  checkpoint: Checkpoint,
  { prefix, encoderPrefix, decoder, encoder, taps }: PrithviArchitecture,
  used: ReadonlySet<string>,
): Leftovers {
  return sortLeftovers(checkpoint, used, (name) => {
    const own = name.startsWith(encoderPrefix) ? name.slice(encoderPrefix.length) : null;
    if (own !== null && /^(temporal|location)_embed_enc\.scale$/.test(own)) {
      return 'coordinates in time and space';
    }
    const [, block] = own?.match(/^blocks\.(\d+)\./) ?? [];
    const last = Math.max(...taps);
    if (block !== undefined && Number(block) > last && Number(block) < encoder.depth)
      return 'blocks after the last tap';
    if (own?.startsWith('norm.') === true && last < encoder.depth - 1) return 'blocks after the last tap';
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    return decoder === null && PRETRAINING.test(rest) ? 'the pre-training decoder' : null;
  });
}

/** The number of trained scalars in the named tensors. */
export function countPrithviParameters(checkpoint: Checkpoint, names: Iterable<string>): number {
  return countTrained(checkpoint, names, /(^|\.)pos_embed$/);
}
