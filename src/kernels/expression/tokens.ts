import { invalidInput } from '../../errors.js';

export interface Token {
  readonly kind: 'number' | 'name' | 'sign' | 'end';
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

/** Longer texts are refused. */
const MAX_LENGTH = 4096;

const SPACE = /\s*/y;
const PATTERNS = [
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['name', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['sign', /<=|>=|==|!=|\*\*|[-+*/^<>(),]/y],
] as const;

/** @throws {TerrachipError} INVALID_INPUT for any other character, or a text that is too long */
export function tokensOf(text: string): Token[] {
  if (text.length > MAX_LENGTH) {
    const remedy = `give at most ${MAX_LENGTH}, or write intermediate results`;
    throw invalidInput(`an expression of ${text.length} characters`, 'is too long', remedy);
  }
  const tokens: Token[] = [];
  for (let at = 0; ; ) {
    at += matchAt(SPACE, text, at)?.length ?? 0;
    const column = at + 1;
    if (at === text.length) return [...tokens, { kind: 'end', text: 'the end', column }];
    const [kind, found] = PATTERNS.map(([name, pattern]) => [name, matchAt(pattern, text, at)] as const).find(
      ([, match]) => match !== null,
    ) ?? ['sign', null];
    if (found === null) {
      const remedy = 'write numbers, band names, + - * / ^, comparisons, functions and parentheses';
      throw expressionError(text, column, `has "${String.fromCodePoint(text.codePointAt(at) ?? 0)}"`, remedy);
    }
    tokens.push({ kind, text: found, column });
    at += found.length;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** The error for an expression, with the column. */
export function expressionError(text: string, column: number, problem: string, remedy: string): Error {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return invalidInput(`the expression "${shown}"`, `${problem} at column ${column}`, remedy);
}
