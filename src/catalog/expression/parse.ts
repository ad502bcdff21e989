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
import { type Token, tokensOf } from './tokens.js';

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
      throw invalidInput(
        'the expression',
        `is nested deeper than ${MAX_DEPTH} levels`,
        'use filter with a function',
      );
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
      return {
        kind: 'compare',
        comparison: COMPARISONS[token.value],
        left: operand,
        right: this.#operand(),
      };
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
      const low = this.#literal();
      if (!this.#word('and')) throw this.#unexpected('and');
      const high = this.#literal();
      return negatedIf(isNegated, {
        kind: 'and',
        terms: [
          { kind: 'compare', comparison: '>=', left: operand, right: { value: low } },
          { kind: 'compare', comparison: '<=', left: operand, right: { value: high } },
        ],
      });
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
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'name' || token.quoted || token.value.toLowerCase() !== word) return false;
    this.#next++;
    return true;
  }

  #symbol(symbol: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'symbol' || token.value !== symbol) return false;
    this.#next++;
    return true;
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

function isBoolean(word: string): boolean {
  return /^(?:true|false)$/i.test(word);
}

function negatedIf(isNegated: boolean, term: Condition): Condition {
  return isNegated ? { kind: 'not', term } : term;
}
