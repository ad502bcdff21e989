/** Embeddings: what chips are like, by a model, in a store. */
export { type CatalogLike, type EmbedCatalogsOptions, embedCatalogs } from './catalogs.js';
export type { ChipTimes, EdgePolicy } from './choices.js';
export { type EmbedChipsOptions, type EmbedReport, embedChips } from './embed.js';
export type { EmbeddingPool } from './pool.js';
export type { EmbedRunOptions } from './run.js';
export { type EmbedScenesOptions, embedScenes } from './scenes.js';
