export { Evaluator } from './evaluate.js';
export { type Condition, parseCondition } from './parse.js';
