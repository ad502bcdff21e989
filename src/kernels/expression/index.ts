/** Band arithmetic as text, and what it is compiled to. */
export { INDEX_NAMES, INDICES, type IndexName, isIndexName } from './indices.js';
export { EXPONENT_RANGE, LARGEST, OPERATION, SMALLEST_NORMAL, STACK_DEPTH } from './operations.js';
export { type Expression, parseExpression } from './parse.js';
