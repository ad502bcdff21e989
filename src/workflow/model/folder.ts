import { invalidInput } from '../../errors.js';
import {
  type EmbeddingManifest,
  type ModelManifest,
  parseEmbeddingManifest,
  parseModelManifest,
} from '../../inference/index.js';
import { readJson } from '../../io/node/index.js';
import { cardPath } from './card.js';

/** The model.json of a folder, be it of a segmentation or of an encoder. */
export async function readCard(folder: string): Promise<ModelManifest | EmbeddingManifest> {
  const path = cardPath(folder);
  const document = await readJson(path);
  if (typeof document !== 'object' || document === null || !('output' in document)) {
    throw invalidInput(path, 'has no output', 'give a model folder');
  }
  const { output } = document;
  return typeof output === 'object' && output !== null && 'tokens' in output
    ? parseEmbeddingManifest(document, path)
    : parseModelManifest(document, path);
}
