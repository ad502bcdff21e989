import { invalidInput } from '../../errors.js';

export type Token =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  /** A name; `quoted` if it is in double quotes, which allow special characters. */
  | { readonly kind: 'name'; readonly value: string; readonly quoted: boolean }
  | { readonly kind: 'symbol'; readonly value: string };

/** Longer expressions are mistakes or attacks. */
const MAX_LENGTH = 20_000;

const TOKEN =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([A-Za-z_][\w:.-]*)|(<=|>=|<>|!=|==|[-=<>(),]))/y;

/** Splits an expression into tokens. @throws {TerrachipError} INVALID_INPUT with the first invalid character */
export function tokensOf(text: string): Token[] {
  if (text.length > MAX_LENGTH) {
    throw invalidInput(
      `an expression of ${text.length} characters`,
      `is longer than ${MAX_LENGTH}`,
      'use filter with a function',
    );
  }
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
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
