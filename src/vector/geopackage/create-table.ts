/** The columns of a table, from the text of its CREATE TABLE statement. */
import type { SqliteValue } from './sqlite.js';

export interface TableColumn {
  readonly name: string;
  /** The value of rows older than the column: the constant of DEFAULT. */
  readonly otherwise: SqliteValue;
}

export interface TableColumns {
  /** In the order of stored values; empty for a virtual table. */
  readonly columns: readonly TableColumn[];
  /** The INTEGER PRIMARY KEY column, whose value is the row number. */
  readonly rowId: string | null;
  /** Whether rows are stored by primary key (WITHOUT ROWID). Its columns are stored first. */
  readonly byKey: boolean;
  /** Columns that are computed on reading (GENERATED … VIRTUAL), not stored. */
  readonly computed: readonly string[];
}

/** A quoted name, a string, a parenthesis, a comma, or a word. Comments and spaces are skipped. */
const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[([^\]]*)\]|'((?:[^']|'')*)'|([(),])|([^\s"`['(),]+)/gy;

/** Words that begin a constraint of the whole table. */
const CONSTRAINT = /^(CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN)$/i;

/** Words that end the type of a column. */
const COLUMN_CONSTRAINT =
  /^(CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN|NOT|NULL|DEFAULT|COLLATE|REFERENCES|GENERATED|AS)$/i;

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Lists the columns of `CREATE TABLE`. Negative row numbers do not occur in tables of features. */
export function columnsOfTable(sql: string): TableColumns {
  const tokens = tokensOf(sql);
  const open = tokens.findIndex((token) => isWord(token, /^\($/));
  const isVirtual = tokens.slice(0, 3).some((token) => isWord(token, /^virtual$/i));
  if (open < 0 || isVirtual) return { columns: [], rowId: null, byKey: false, computed: [] };
  const end = closing(tokens, open);
  const stored: TableColumn[] = [];
  const computed: string[] = [];
  const definitions = partsOf(tokens.slice(open + 1, end));
  const columns = definitions.filter(([first]) => !isWord(first, CONSTRAINT));
  for (const [{ text: name }, ...rest] of columns) {
    if (isComputed(rest)) computed.push(name);
    else stored.push({ name, otherwise: defaultOf(rest) });
  }
  const key = primaryKey(definitions, columns);
  if (tokens.slice(end).some((token) => isWord(token, /^without$/i))) {
    const first = key.flatMap((name) => stored.find((column) => isSame(column.name, name)) ?? []);
    const rest = stored.filter((column) => !first.includes(column));
    return { columns: [...first, ...rest], rowId: null, byKey: true, computed };
  }
  const [only, ...others] = key;
  const declared = columns.find(([{ text }]) => only !== undefined && isSame(text, only));
  const isNumber = others.length === 0 && declared?.[1]?.text.toUpperCase() === 'INTEGER';
  return { columns: stored, rowId: isNumber ? (declared?.[0].text ?? null) : null, byKey: false, computed };
}

/** The columns of the primary key, declared by a column or by the table. */
function primaryKey(definitions: readonly Token[][], columns: readonly Token[][]): string[] {
  for (const [{ text }, ...rest] of columns) {
    const at = rest.findIndex((token) => isWord(token, /^primary$/i));
    if (at >= 0 && rest[at + 1]?.text.toUpperCase() === 'KEY') return [text];
  }
  for (const definition of definitions.filter((each) => !columns.includes(each))) {
    const at = definition.findIndex((token) => isWord(token, /^primary$/i));
    const open = definition.findIndex((token, k) => k > at && isWord(token, /^\($/));
    if (at < 0 || open < 0) continue;
    return partsOf(definition.slice(open + 1, closing(definition, open))).map(([{ text }]) => text);
  }
  return [];
}

/** Whether a column is computed on reading: `AS (…)`, but not `AS (…) STORED`. */
function isComputed(rest: readonly Token[]): boolean {
  const at = topLevel(rest).find((k) => isWord(rest[k], /^as$/i) && rest[k + 1]?.text === '(');
  if (at === undefined) return false;
  return rest[closing(rest, at + 1) + 1]?.text.toUpperCase() !== 'STORED';
}

/** The constant of DEFAULT, converted to the column's type; null without one, or for an expression. */
function defaultOf(rest: readonly Token[]): SqliteValue {
  const at = topLevel(rest).find((k) => isWord(rest[k], /^default$/i));
  if (at === undefined) return null;
  const start = isWord(rest[at + 1], /^\($/) ? at + 2 : at + 1;
  const sign = /^[+-]$/.test(rest[start]?.text ?? '') ? rest[start].text : '';
  const token = rest[sign === '' ? start : start + 1];
  if (token === undefined) return null;
  const end = rest.findIndex((each) => isWord(each, COLUMN_CONSTRAINT));
  const type = rest
    .slice(0, Math.max(0, end))
    .map(({ text }) => text)
    .join(' ');
  return asType(type.toUpperCase(), constantOf(token, sign));
}

function constantOf({ text, quoted }: Token, sign: string): SqliteValue {
  if (quoted) return text;
  if (/^true$/i.test(text)) return 1;
  if (/^false$/i.test(text)) return 0;
  const number = Number(sign + text);
  return Number.isNaN(number) ? null : number;
}

/** A constant, converted to the type of its column (sqlite.org/datatype3.html, section 3). */
function asType(type: string, value: SqliteValue): SqliteValue {
  const isText = !type.includes('INT') && /CHAR|CLOB|TEXT/.test(type);
  if (isText) return typeof value === 'number' ? String(value) : value;
  if (type === '' || /BLOB/.test(type) || typeof value !== 'string') return value;
  const number = Number(value);
  return value.trim() === '' || Number.isNaN(number) ? value : number;
}

/** Whether a token is a given word or mark, not a quoted name. */
function isWord(token: Token | undefined, pattern: RegExp): boolean {
  return token !== undefined && !token.quoted && pattern.test(token.text);
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The end of the parenthesis that opens at a position. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let k = open; k < tokens.length; k++) {
    if (isWord(tokens[k], /^\($/)) depth++;
    if (isWord(tokens[k], /^\)$/) && --depth === 0) return k;
  }
  return tokens.length;
}

/** Positions of tokens outside parentheses, without the parentheses. */
function topLevel(tokens: readonly Token[]): number[] {
  const places: number[] = [];
  for (let k = 0; k < tokens.length; k++) {
    if (isWord(tokens[k], /^\($/)) k = closing(tokens, k);
    else places.push(k);
  }
  return places;
}

/** The parts between commas outside parentheses; empty parts are left out. */
function partsOf(tokens: readonly Token[]): Token[][] {
  const commas = topLevel(tokens).filter((k) => isWord(tokens[k], /^,$/));
  return [...commas, tokens.length]
    .map((end, k) => tokens.slice(k === 0 ? 0 : commas[k - 1] + 1, end))
    .filter(({ length }) => length > 0);
}

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const [, double, back, square, single, mark, word] of sql.matchAll(TOKEN)) {
    const quoted =
      double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? square ?? single?.replaceAll("''", "'");
    if (quoted !== undefined) tokens.push({ text: quoted, quoted: true });
    else if (mark !== undefined || word !== undefined) tokens.push({ text: mark ?? word, quoted: false });
  }
  return tokens;
}
