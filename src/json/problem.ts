/** Finds the first JSON syntax error: `JSON.parse` does not always give its position. */

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** The expected next token. */
type Wanted = 'a value' | 'a value or ]' | 'a key' | 'a key or }' | ':' | ', or ]' | ', or }' | 'the end';

/** The first syntax error of a text: `line 3, column 5: found "}" where a value should be`. */
export function problemOfJson(text: string): string {
  const { at, wanted } = firstError(text);
  const before = text.slice(0, at).split('\n');
  const place = `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
  const found = at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0)) : null;
  return `${place}: ${found === null ? 'the text ends' : `found ${found}`} where ${wanted} should be`;
}

function firstError(text: string): { at: number; wanted: string } {
  const open: ('[' | '{')[] = [];
  const afterValue = (): Wanted => {
    const container = open.at(-1);
    return container === undefined ? 'the end' : container === '[' ? ', or ]' : ', or }';
  };
  let wanted: Wanted = 'a value';
  let at = 0;
  while (true) {
    while (/[ \t\r\n]/.test(text.charAt(at))) at++;
    const character = text.charAt(at);
    const start = at;
    if (/[\]},:]/.test(character) && wanted.includes(character)) {
      at++;
      if (character === ':') wanted = 'a value';
      else if (character === ',') wanted = open.at(-1) === '[' ? 'a value' : 'a key';
      else {
        open.pop();
        wanted = afterValue();
      }
    } else if (wanted.startsWith('a value') && (character === '[' || character === '{')) {
      at++;
      open.push(character);
      wanted = character === '[' ? 'a value or ]' : 'a key or }';
    } else if (wanted.startsWith('a ') && character === '"') {
      const end = endOfString(text, at);
      if (end.wanted !== null) return { at: end.at, wanted: end.wanted };
      at = end.at;
      wanted = wanted.startsWith('a key') ? ':' : afterValue();
    } else if (wanted.startsWith('a value')) {
      at += matchLength(NUMBER, text, at) || matchLength(WORD, text, at);
      if (at > start) wanted = afterValue();
    }
    if (at === start) return { at, wanted };
  }
}

/** The position after a string, or of the error in it. */
function endOfString(text: string, start: number): { at: number; wanted: string | null } {
  let at = start + 1;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') return { at: at + 1, wanted: null };
    const length = character === '\\' ? matchLength(ESCAPE, text, at) : Number(character >= ' ');
    if (length === 0) return { at, wanted: character === '\\' ? 'a valid escape' : '" or an escape' };
    at += length;
  }
  return { at, wanted: '"' };
}

function matchLength(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}
