/** Band arithmetic: parses an expression and compiles it to instructions. */
export { INDICES, type IndexName } from './indices.js';
export { givesClasses } from './listed.js';
export { beyondFloat32, type Expression, parseExpression } from './parse.js';
