/** Embeddings: what chips are like, by a model, in a store. */
export { EMBEDDINGS_SCHEMA_VERSION, type EmbedChipsOptions, type EmbedReport, embedChips } from './embed.js';
export { EMBEDDING_POOLS, type EmbeddingPool } from './pool.js';
export { type EmbedScenesOptions, embedScenes } from './scenes.js';
