import { invalidInput } from '../../errors.js';
import { LARGEST } from '../float32.js';
import { INDICES, isIndexName } from './indices.js';
import { OPERATION, STACK_DEPTH } from './operations.js';
import { expressionError, type Token, tokensOf } from './tokens.js';

/** A compiled expression: instructions for a stack machine, as plain data. */
export interface Expression {
  readonly text: string;
  /** Its bands in the order of their first use. */
  readonly bands: readonly string[];
  /** Two words per instruction: an operation and its argument. */
  readonly program: Uint32Array;
  /** The numbers in the text, as float64, in the order of the instructions that push them. */
  readonly numbers: Float64Array;
}

/** Deepest nesting of parentheses, signs and arguments. */
const MAX_DEPTH = 64;

/** Most instructions per pixel. */
const MAX_INSTRUCTIONS = 1024;

const MAX_POWER = 16;

/** Bits of an integer in float32 and in float64. */
const FLOAT32_BITS = 24;
const WHOLE_BITS = 53;

interface Infix {
  readonly precedence: number;
  readonly operation: number;
  /** Whether it compares: `a < b < c` then means nothing. */
  readonly compares?: true;
}

const AND = 2;
const NOT = 3;
const COMPARISON = 4;
const SUM = 5;
const PRODUCT = 6;

const INFIX: Readonly<Record<string, Infix>> = {
  or: { precedence: 1, operation: OPERATION.or },
  and: { precedence: AND, operation: OPERATION.and },
  '<': { precedence: COMPARISON, operation: OPERATION.less, compares: true },
  '<=': { precedence: COMPARISON, operation: OPERATION.lessOrEqual, compares: true },
  '>': { precedence: COMPARISON, operation: OPERATION.greater, compares: true },
  '>=': { precedence: COMPARISON, operation: OPERATION.greaterOrEqual, compares: true },
  '==': { precedence: COMPARISON, operation: OPERATION.equal, compares: true },
  '!=': { precedence: COMPARISON, operation: OPERATION.unequal, compares: true },
  '+': { precedence: SUM, operation: OPERATION.add },
  '-': { precedence: SUM, operation: OPERATION.subtract },
  '*': { precedence: PRODUCT, operation: OPERATION.multiply },
  '/': { precedence: PRODUCT, operation: OPERATION.divide },
};

/** Functions of one value. */
const UNARY: Readonly<Record<string, number>> = {
  abs: OPERATION.absolute,
  sqrt: OPERATION.squareRoot,
  log: OPERATION.logarithm,
  log10: OPERATION.decimalLogarithm,
  exp: OPERATION.exponential,
  floor: OPERATION.floor,
  valid: OPERATION.valid,
};

/** Functions of two values or more. */
const SEVERAL: Readonly<Record<string, number>> = { min: OPERATION.least, max: OPERATION.greatest };

const FUNCTIONS = [...Object.keys(UNARY), ...Object.keys(SEVERAL), 'where', 'bits'];
const WORDS = new Set([...FUNCTIONS, 'and', 'or', 'not', 'nan']);

/**
 * Parses an expression.
 *
 * | written | meaning |
 * |---|---|
 * | `B04`, `vv`, … | a band: letters, digits and `_`, not starting with a digit; capitals count |
 * | `NDVI`, `NDWI`, `MNDWI`, `NBR` | the index, unless a band has that name |
 * | `2`, `0.5`, `1e-4`, `nan` | a number; no data |
 * | `+ - * /` | arithmetic; division by 0 gives no data |
 * | `x ^ 2` (or `**`) | a power: whole numbers from 0 to 16; `-x ^ 2` is `-(x ^ 2)` |
 * | `< <= > >= == !=` | 1 or 0 |
 * | `and or not` | 1 or 0; any number but 0 is true |
 * | `abs sqrt log log10 exp floor` | of one value; no data where there is no real result |
 * | `min max` | of two values or more |
 * | `where(c, a, b)` | `a` where `c` is not 0, else `b`; the other one may have no data |
 * | `bits(x, first, width)` | the bit field of a whole number from bit `first` (0 is the lowest) on |
 * | `valid(x)` | 1 where `x` has data, else 0 |
 *
 * @param bandNames the available bands; other names are errors. Default: any name is a band
 * @throws {TerrachipError} INVALID_INPUT with the column of the error
 */
export function parseExpression(text: string, bandNames?: readonly string[]): Expression {
  for (const name of bandNames ?? []) requireBandName(name);
  const parser = new Parser(text, bandNames);
  parser.parse();
  const { bands, words, numbers } = parser;
  return { text, bands, program: Uint32Array.from(words), numbers: Float64Array.from(numbers) };
}

/** Describes an integer or bit field in an expression that float32 cannot hold; null if there is none. */
export function beyondFloat32({ program, numbers }: Expression): string | null {
  const whole = numbers.find((value) => Number.isSafeInteger(value) && Math.fround(value) !== value);
  if (whole !== undefined) return `the number ${whole}`;
  for (let k = 0; k < program.length; k += 2) {
    const [first, width] = [program[k + 1] & 255, program[k + 1] >> 8];
    if (program[k] === OPERATION.bits && first + width > FLOAT32_BITS) return `bit ${first + width - 1}`;
  }
  return null;
}

function requireBandName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !WORDS.has(name)) return;
  const [problem, remedy] = WORDS.has(name)
    ? ['means something else in expressions', 'choose another name']
    : ['cannot stand in an expression', 'use letters, digits and _, not starting with a digit'];
  throw invalidInput(`the band name "${name}"`, problem, remedy);
}

class Parser {
  readonly bands: string[] = [];
  readonly words: number[] = [];
  readonly numbers: number[] = [];
  #tokens: readonly Token[];
  #at = 0;
  /** Values on the stack after the instructions so far. */
  #height = 0;
  #depth = 0;
  /** The token of the spectral index whose expression is being parsed. */
  #expanding: number | null = null;

  constructor(
    private readonly text: string,
    private readonly names: readonly string[] | undefined,
  ) {
    this.#tokens = tokensOf(text);
  }

  parse(): void {
    this.#expression(0);
    const rest = this.#next;
    if (rest.kind !== 'end')
      throw this.#error(rest, `has "${rest.text}"`, 'write an operator before it, or leave it out');
  }

  get #next(): Token {
    return this.#tokens[this.#at];
  }

  #take(): Token {
    return this.#tokens[this.#at++];
  }

  /** Precedence climbing: an operand and all following operators of at least this precedence. */
  #expression(least: number): void {
    this.#operand();
    let compared = false;
    for (;;) {
      const sign = this.#next;
      const infix = sign.kind === 'number' ? undefined : infixOf(sign.text);
      if (infix === undefined || infix.precedence < least) return;
      if (infix.compares && compared) {
        throw this.#error(sign, `compares twice`, 'join two comparisons with and');
      }
      compared = infix.compares === true;
      this.#take();
      this.#expression(infix.precedence + 1);
      this.#emit(infix.operation, 0, -1, sign);
    }
  }

  #operand(): void {
    const token = this.#take();
    if (++this.#depth > MAX_DEPTH)
      throw this.#error(token, `is nested more than ${MAX_DEPTH} deep`, 'write intermediate results');
    if (token.kind === 'sign' && (token.text === '-' || token.text === '+')) {
      this.#operand();
      if (token.text === '-') this.#emit(OPERATION.negate, 0, 0, token);
    } else if (token.text === 'not') {
      this.#expression(NOT);
      this.#emit(OPERATION.not, 0, 0, token);
    } else {
      this.#primary(token);
      this.#power();
    }
    this.#depth--;
  }

  #primary(token: Token): void {
    if (token.kind === 'number') this.#number(token);
    else if (token.kind === 'name') this.#name(token);
    else if (token.text === '(') {
      this.#expression(0);
      this.#expect(')');
    } else {
      const what = token.kind === 'end' ? 'ends' : `has "${token.text}"`;
      throw this.#error(token, `${what}, where a value should stand,`, 'write a number, a band or "("');
    }
  }

  #number(token: Token): void {
    const value = Number(token.text);
    if (value > LARGEST)
      throw this.#error(token, `has ${token.text}`, 'write a number that float32 can hold');
    const word = new DataView(new ArrayBuffer(4));
    word.setFloat32(0, value);
    this.#emit(OPERATION.number, word.getUint32(0), 1, token);
    this.numbers.push(value);
  }

  #name(token: Token): void {
    const name = token.text;
    if (name === 'nan') this.#emit(OPERATION.missing, 0, 1, token);
    else if (FUNCTIONS.includes(name)) this.#call(token);
    else if (WORDS.has(name))
      throw this.#error(token, `has "${name}", where a value should stand,`, 'write a number, a band or "("');
    else if (this.#isBand(name)) this.#band(name, token);
    else if (isIndexName(name)) this.#index(INDICES[name].expression, token);
    else {
      const names = this.names ?? [];
      throw this.#error(
        token,
        `names ${name}, which is neither a band nor an index,`,
        names.length === 0 ? 'give it as a band' : `give it as a band, or use one of ${names.join(', ')}`,
      );
    }
    if (this.#next.text === '(' && !FUNCTIONS.includes(name))
      throw this.#error(token, `calls ${name}`, `use one of ${FUNCTIONS.join(', ')}`);
  }

  #isBand(name: string): boolean {
    if (this.names !== undefined) return this.names.includes(name);
    return this.#expanding !== null || !isIndexName(name);
  }

  #band(name: string, token: Token): void {
    const known = this.bands.indexOf(name);
    if (known < 0) this.bands.push(name);
    this.#emit(OPERATION.band, known < 0 ? this.bands.length - 1 : known, 1, token);
  }

  /** Replaces the name of an index by its expression. */
  #index(expression: string, token: Token): void {
    const outer = { tokens: this.#tokens, at: this.#at };
    this.#tokens = tokensOf(expression);
    this.#at = 0;
    this.#expanding = token.column;
    this.#expression(0);
    this.#expanding = null;
    this.#tokens = outer.tokens;
    this.#at = outer.at;
  }

  #call(token: Token): void {
    this.#expect('(');
    const several = SEVERAL[token.text];
    this.#expression(0);
    if (token.text === 'where') {
      this.#expect(',');
      this.#expression(0);
      this.#expect(',');
      this.#expression(0);
      this.#emit(OPERATION.where, 0, -2, token);
    } else if (token.text === 'bits') {
      this.#expect(',');
      const first = this.#whole(0, WHOLE_BITS - 1);
      this.#expect(',');
      const width = this.#whole(1, WHOLE_BITS - first);
      this.#emit(OPERATION.bits, first + 256 * width, 0, token);
    } else if (several !== undefined) {
      do {
        this.#expect(',');
        this.#expression(0);
        this.#emit(several, 0, -1, token);
      } while (this.#next.text === ',');
    } else this.#emit(UNARY[token.text], 0, 0, token);
    this.#expect(')');
  }

  #power(): void {
    const sign = this.#next;
    if (sign.text !== '^' && sign.text !== '**') return;
    this.#take();
    this.#emit(OPERATION.power, this.#whole(0, MAX_POWER), 0, sign);
    if (this.#next.text === sign.text)
      throw this.#error(this.#next, `has "${sign.text}" twice`, 'put parentheses around the inner power');
  }

  #whole(least: number, most: number): number {
    const token = this.#take();
    const value = Number(token.text);
    if (token.kind !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      const what = token.kind === 'end' ? 'ends' : `has "${token.text}"`;
      throw this.#error(token, what, `write a whole number from ${least} to ${most} there`);
    }
    return value;
  }

  #expect(sign: string): void {
    const token = this.#take();
    if (token.kind === 'sign' && token.text === sign) return;
    const what = token.kind === 'end' ? 'ends' : `has "${token.text}"`;
    throw this.#error(token, `${what}, where "${sign}" should stand,`, `write "${sign}" there`);
  }

  #emit(operation: number, argument: number, growth: number, token: Token): void {
    this.words.push(operation, argument);
    this.#height += growth;
    if (this.#height > STACK_DEPTH) {
      const advice = 'put the longer operand first, or write intermediate results';
      throw this.#error(token, `holds more than ${STACK_DEPTH} values at once`, advice);
    }
    if (this.words.length > 2 * MAX_INSTRUCTIONS)
      throw this.#error(token, `takes more than ${MAX_INSTRUCTIONS} steps`, 'write intermediate results');
  }

  #error(token: Token, problem: string, remedy: string): Error {
    return expressionError(this.text, this.#expanding ?? token.column, problem, remedy);
  }
}

function infixOf(text: string): Infix | undefined {
  return Object.hasOwn(INFIX, text) ? INFIX[text] : undefined;
}
