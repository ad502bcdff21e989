import { OPERATION } from './operations.js';
import type { Expression } from './parse.js';

/**
 * Whether all that an expression can give follows from its own numbers: comparisons, bits, and choices among such
 * values, never a band's own. Then results are classes, and no mean of them is one.
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

/** What gives one of a few numbers, whatever the operands are. */
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
