import { type EmbeddingManifest, findModel, type ModelManifest } from '../../inference/index.js';
import { parseManifest } from '../../inference/manifest.js';
import { readJson } from '../../io/node/json.js';
import { cardPath } from './card.js';

/** The model.json of a folder, or of a bundled model by its name, be it of a segmentation or of an encoder. */
export async function readCard(folder: string): Promise<ModelManifest | EmbeddingManifest> {
  const path = cardPath(await findModel(folder));
  return parseManifest(await readJson(path), path);
}
