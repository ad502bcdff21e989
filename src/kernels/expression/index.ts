/** Band arithmetic as text, and what it is compiled to. */
export { INDICES, type IndexName } from './indices.js';
export { givesClasses } from './listed.js';
export { beyondFloat32, type Expression, parseExpression } from './parse.js';
