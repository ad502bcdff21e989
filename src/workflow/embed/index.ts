/** Embeddings: what chips are like, by a model, in a store. */
export {
  type CatalogLike,
  CHIP_TIMES,
  type ChipTimes,
  type EmbedCatalogsOptions,
  embedCatalogs,
} from './catalogs.js';
export { EMBEDDINGS_SCHEMA_VERSION, type EmbedChipsOptions, type EmbedReport, embedChips } from './embed.js';
export { EMBEDDING_POOLS, type EmbeddingPool } from './pool.js';
export type { EmbedRunOptions } from './run.js';
export { type EmbedScenesOptions, embedScenes } from './scenes.js';
