/** Band arithmetic as text, and what it is compiled to. */
export { INDEX_NAMES, INDICES, type IndexName, isIndexName } from './indices.js';
export { givesClasses } from './listed.js';
export { beyondFloat32, type Expression, parseExpression } from './parse.js';
