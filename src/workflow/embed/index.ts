/** Stores of embeddings of chips. */
export { type CatalogLike, type EmbedCatalogsOptions, embedCatalogs } from './catalogs.js';
export {
  CHIP_TIMES,
  type ChipTimes,
  EDGE_POLICIES,
  type EdgePolicy,
  EMBEDDINGS_SCHEMA_VERSION,
} from './choices.js';
export { type EmbedChipsOptions, type EmbedReport, embedChips } from './embed.js';
export { EMBEDDING_POOLS, type EmbeddingPool } from './pool.js';
export type { EmbedRunOptions } from './run.js';
export { type EmbedScenesOptions, embedScenes } from './scenes.js';
