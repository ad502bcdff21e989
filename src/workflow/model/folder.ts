import { type EmbeddingManifest, type ModelManifest, parseManifest } from '../../inference/index.js';
import { readJson } from '../../io/node/index.js';
import { cardPath } from './card.js';

/** The model.json of a folder, be it of a segmentation or of an encoder. */
export async function readCard(folder: string): Promise<ModelManifest | EmbeddingManifest> {
  const path = cardPath(folder);
  return parseManifest(await readJson(path), path);
}
