/**
 * The expressions of `GeoCatalog.where`: comparisons of a row's fields with values, combined by and, or, not.
 *
 *     condition   = comparison { ("and" | "or") comparison } | "not" condition | "(" condition ")"
 *     comparison  = operand ("=" | "<>" | "!=" | "<" | "<=" | ">" | ">=") operand
 *                 | operand ["not"] ("in" "(" value { "," value } ")" | "like" text | "between" value "and" value)
 *                 | operand "is" ["not"] "null"
 *     operand     = name | value            value = number | 'text' | true | false
 *
 * Expressions are parsed to a tree that `Evaluator` walks, and are never run as code.
 */
import { invalidInput } from '../../errors.js';

export type Literal = number | string | boolean;
export type Operand = { readonly name: string } | { readonly value: Literal };
export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly kind: 'not'; readonly term: Condition }
  | {
      readonly kind: 'compare';
      readonly comparison: Comparison;
      readonly left: Operand;
      readonly right: Operand;
    }
  | { readonly kind: 'in'; readonly operand: Operand; readonly values: readonly Literal[] }
  | { readonly kind: 'like'; readonly operand: Operand; readonly pattern: string }
  | { readonly kind: 'null'; readonly operand: Operand };

type Token =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  /** A name; `quoted` if it is in double quotes, which allow special characters. */
  | { readonly kind: 'name'; readonly value: string; readonly quoted: boolean }
  | { readonly kind: 'symbol'; readonly value: string };

/** Longer expressions are mistakes or attacks. */
const MAX_LENGTH = 20_000;

const TOKEN =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([A-Za-z_][\w:.-]*)|(<=|>=|<>|!=|==|[-=<>(),]))/y;

/** Levels of nested parentheses and `not`. */
const MAX_DEPTH = 100;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '==': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** Parses an expression. @throws {TerrachipError} INVALID_INPUT with the unexpected token */
export function parseCondition(text: string): Condition {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  parse(): Condition {
    const condition = this.#or();
    if (this.#next < this.#tokens.length) throw this.#unexpected('the end, and or or');
    return condition;
  }

  #or(): Condition {
    const terms = [this.#and()];
    while (this.#word('or')) terms.push(this.#and());
    return terms.length === 1 ? terms[0] : { kind: 'or', terms };
  }

  #and(): Condition {
    const terms = [this.#not()];
    while (this.#word('and')) terms.push(this.#not());
    return terms.length === 1 ? terms[0] : { kind: 'and', terms };
  }

  #not(): Condition {
    if (++this.#depth > MAX_DEPTH) {
      const problem = `is nested deeper than ${MAX_DEPTH} levels`;
      throw invalidInput('the expression', problem, 'use filter with a function');
    }
    const condition = this.#term();
    this.#depth--;
    return condition;
  }

  #term(): Condition {
    if (this.#word('not')) return { kind: 'not', term: this.#not() };
    if (this.#symbol('(')) {
      const inner = this.#or();
      this.#require(')');
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Condition {
    const operand = this.#operand();
    const token = this.#tokens[this.#next];
    if (token?.kind === 'symbol' && Object.hasOwn(COMPARISONS, token.value)) {
      this.#next++;
      return compare(operand, COMPARISONS[token.value], this.#operand());
    }
    if (this.#word('is')) {
      const isNegated = this.#word('not');
      if (!this.#word('null')) throw this.#unexpected('null');
      return negatedIf(isNegated, { kind: 'null', operand });
    }
    const isNegated = this.#word('not');
    if (this.#word('in')) return negatedIf(isNegated, { kind: 'in', operand, values: this.#values() });
    if (this.#word('like')) {
      const pattern = this.#literal();
      if (typeof pattern !== 'string') throw this.#unexpected("a text such as 'S2A%' after like");
      return negatedIf(isNegated, { kind: 'like', operand, pattern });
    }
    if (this.#word('between')) {
      const low = compare(operand, '>=', { value: this.#literal() });
      if (!this.#word('and')) throw this.#unexpected('and');
      const high = compare(operand, '<=', { value: this.#literal() });
      return negatedIf(isNegated, { kind: 'and', terms: [low, high] });
    }
    throw this.#unexpected('a comparison, in, like, between or is null');
  }

  #values(): Literal[] {
    this.#require('(');
    const values = [this.#literal()];
    while (this.#symbol(',')) values.push(this.#literal());
    this.#require(')');
    return values;
  }

  #operand(): Operand {
    const token = this.#tokens[this.#next];
    if (token?.kind === 'name' && (token.quoted || !isBoolean(token.value))) {
      this.#next++;
      return { name: token.value };
    }
    return { value: this.#literal() };
  }

  #literal(): Literal {
    const isNegative = this.#symbol('-');
    const token = this.#tokens[this.#next++];
    if (token?.kind === 'number') return isNegative ? -token.value : token.value;
    if (!isNegative && token?.kind === 'text') return token.value;
    if (!isNegative && token?.kind === 'name' && !token.quoted && isBoolean(token.value))
      return token.value.toLowerCase() === 'true';
    this.#next--;
    throw this.#unexpected('a number, a text in single quotes, true or false');
  }

  #word(word: string): boolean {
    return this.#skipIf(
      (token) => token.kind === 'name' && !token.quoted && token.value.toLowerCase() === word,
    );
  }

  #symbol(symbol: string): boolean {
    return this.#skipIf((token) => token.kind === 'symbol' && token.value === symbol);
  }

  #skipIf(test: (token: Token) => boolean): boolean {
    const token = this.#tokens[this.#next];
    const passes = token !== undefined && test(token);
    if (passes) this.#next++;
    return passes;
  }

  #require(symbol: string): void {
    if (!this.#symbol(symbol)) throw this.#unexpected(`"${symbol}"`);
  }

  #unexpected(wanted: string): Error {
    const token = this.#tokens[this.#next];
    return invalidInput(
      `the expression "${this.#text}"`,
      `has ${token === undefined ? 'its end' : `"${token.value}"`} where ${wanted} belongs`,
      'correct it',
    );
  }
}

function compare(left: Operand, comparison: Comparison, right: Operand): Condition {
  return { kind: 'compare', comparison, left, right };
}

function isBoolean(word: string): boolean {
  return /^(?:true|false)$/i.test(word);
}

function negatedIf(isNegated: boolean, term: Condition): Condition {
  return isNegated ? { kind: 'not', term } : term;
}

/** Splits an expression into tokens. @throws {TerrachipError} INVALID_INPUT with the first invalid character */
function tokensOf(text: string): Token[] {
  if (text.length > MAX_LENGTH) {
    const subject = `an expression of ${text.length} characters`;
    throw invalidInput(subject, `is longer than ${MAX_LENGTH}`, 'use filter with a function');
  }
  const tokens: Token[] = [];
  let end = 0;
  while (text.slice(end).trim() !== '') {
    TOKEN.lastIndex = end;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw invalidInput(
        `the expression "${text}"`,
        `cannot be read from "${text.slice(end).trim().slice(0, 20)}" on`,
        "write names bare, texts in single quotes, as in eo:cloud_cover < 20 and platform = 'sentinel-2a'",
      );
    }
    end = TOKEN.lastIndex;
    const [, number, single, double, name, symbol] = match;
    if (number !== undefined) tokens.push({ kind: 'number', value: Number(number) });
    else if (single !== undefined) tokens.push({ kind: 'text', value: single.replaceAll("''", "'") });
    else if (double !== undefined)
      tokens.push({ kind: 'name', value: double.replaceAll('""', '"'), quoted: true });
    else if (name !== undefined) tokens.push({ kind: 'name', value: name, quoted: false });
    else tokens.push({ kind: 'symbol', value: symbol });
  }
  return tokens;
}
