import {
  type EmbeddingManifest,
  findModel,
  type ModelManifest,
  parseManifest,
} from '../../inference/index.js';
import { readJson } from '../../io/node/json.js';
import { cardPath } from './card.js';

export async function readCard(folder: string): Promise<ModelManifest | EmbeddingManifest> {
  const path = cardPath(await findModel(folder));
  return parseManifest(await readJson(path), path);
}
