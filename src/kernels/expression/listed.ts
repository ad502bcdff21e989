import { OPERATION } from './operations.js';
import type { Expression } from './parse.js';

/**
 * Whether the results of an expression are classes: comparisons, bits, and choices among such values or constants, never
 * the values of a band. Classes must not be averaged.
 */
export function givesClasses({ program }: Expression): boolean {
  const stack: boolean[] = [];
  for (let k = 0; k < program.length; k += 2) {
    const operation = program[k];
    if (operation < OPERATION.negate) {
      stack.push(operation !== OPERATION.band);
      continue;
    }
    const operands = stack.splice(operation < OPERATION.add ? -1 : operation < OPERATION.where ? -2 : -3);
    if (operation === OPERATION.where) stack.push(operands[1] && operands[2]);
    else stack.push(ALWAYS.has(operation) || operands.every(Boolean));
  }
  return stack[0];
}

/** Operations with a few possible results for any operands. */
const ALWAYS: ReadonlySet<number> = new Set([
  OPERATION.not,
  OPERATION.bits,
  OPERATION.valid,
  OPERATION.less,
  OPERATION.lessOrEqual,
  OPERATION.greater,
  OPERATION.greaterOrEqual,
  OPERATION.equal,
  OPERATION.unequal,
  OPERATION.and,
  OPERATION.or,
]);
