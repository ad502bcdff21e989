/** The columns of a table, from the text of the statement that made it. */

export interface TableColumns {
  /** In the order of stored values; empty for a table that is not stored as rows with numbers. */
  readonly columns: readonly string[];
  /** The column that is declared INTEGER PRIMARY KEY, whose value is the row's number. */
  readonly rowId: string | null;
}

/** A quoted name, a string, a parenthesis, a comma, or a word. Comments and space are left out. */
const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[([^\]]*)\]|'((?:[^']|'')*)'|([(),])|([^\s"`['(),]+)/gy;

/** Words that begin a constraint of the whole table. */
const CONSTRAINTS = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN']);

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Names the columns of `CREATE TABLE`. Negative row numbers do not occur in tables of features. */
export function columnsOfTable(sql: string): TableColumns {
  const tokens = tokensOf(sql);
  const open = tokens.findIndex(({ text, quoted }) => text === '(' && !quoted);
  const isVirtual = tokens.slice(0, 3).some(({ text, quoted }) => !quoted && /^virtual$/i.test(text));
  if (open < 0 || isVirtual) return { columns: [], rowId: null };
  const definitions: Token[][] = [[]];
  let depth = 0;
  let end = open;
  for (const token of tokens.slice(open)) {
    const mark = token.quoted ? '' : token.text;
    if (mark === ')') depth--;
    if (depth === 0 && mark === ')') break;
    if (depth === 1 && mark === ',') definitions.push([]);
    else if (depth > 0) definitions[definitions.length - 1].push(token);
    if (mark === '(') depth++;
    end++;
  }
  if (tokens.slice(end).some(({ text, quoted }) => !quoted && /^without$/i.test(text))) {
    return { columns: [], rowId: null };
  }
  const columns: string[] = [];
  let rowId: string | null = null;
  for (const [first, ...rest] of definitions) {
    if (first === undefined) continue;
    const words = rest.map(({ text }) => text.toUpperCase());
    if (!first.quoted && CONSTRAINTS.has(first.text.toUpperCase())) {
      // PRIMARY KEY (column) of the whole table names the row's number too, where the column is an INTEGER.
      const key = words[0] === 'KEY' && words.length === 4 ? rest[2].text : null;
      const column = definitions.find(([name]) => name?.text === key);
      if (column?.[1]?.text.toUpperCase() === 'INTEGER') rowId = key;
      continue;
    }
    columns.push(first.text);
    const primary = words.indexOf('PRIMARY');
    if (primary > 0 && words[0] === 'INTEGER' && words[primary + 1] === 'KEY') rowId = first.text;
  }
  return { columns, rowId };
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
