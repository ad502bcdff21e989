import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** The declaration files of an entry of `exports`, including those below its conditions. */
function declarationsIn(entry: unknown): string[] {
  if (typeof entry !== 'object' || entry === null) return [];
  return Object.entries(entry).flatMap(([key, value]) =>
    key === 'types' ? [resolve(String(value))] : declarationsIn(value),
  );
}

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
const entries = [...new Set(Object.values(exports).flatMap(declarationsIn))];
const program = ts.createProgram(entries, {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  types: ['node', '@webgpu/types'],
});
const checker = program.getTypeChecker();
const built = resolve('dist');

function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

interface Export {
  readonly name: string;
  /** Whether only the type is exported. */
  readonly isType: boolean;
}

/** The exports of an entry, by the symbol that they resolve to. */
function exportsOf(entry: string): Map<ts.Symbol, Export> {
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`no module ${entry}`);
  return new Map(
    checker.getExportsOfModule(module).map((symbol) => {
      const [declaration] = symbol.declarations ?? [];
      const isType = ts.isExportSpecifier(declaration) && ts.isTypeOnlyExportDeclaration(declaration);
      return [resolved(symbol), { name: symbol.getName(), isType }];
    }),
  );
}

/** The name in a node that refers to a type, such as `GeoBox` in `GeoBox[]`. */
function typeNameOf(node: ts.Node): ts.Node | null {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  return ts.isImportTypeNode(node) ? (node.qualifier ?? null) : null;
}

/** The symbol of a name, also through an alias of a type: `type Chips = import('./chips.js').Chips`. */
function meaningsOf(symbol: ts.Symbol): ts.Symbol[] {
  const aliases = (symbol.declarations ?? []).flatMap((declaration) => {
    const name = ts.isTypeAliasDeclaration(declaration) ? typeNameOf(declaration.type) : null;
    const type = name === null ? undefined : checker.getSymbolAtLocation(name);
    return type === undefined ? [] : [resolved(type)];
  });
  return [symbol, ...aliases];
}

/** The types of this package in a public declaration. */
function* typesIn(node: ts.Node): Generator<ts.Symbol> {
  const isPrivate =
    ts.isClassElement(node) && (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;
  if (isPrivate || ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')) return;
  const name = typeNameOf(node);
  const symbol = name === null ? undefined : checker.getSymbolAtLocation(name);
  if (symbol !== undefined) {
    const type = resolved(symbol);
    const isOurs = type.declarations?.[0].getSourceFile().fileName.startsWith(built) === true;
    if (isOurs && !(type.flags & ts.SymbolFlags.TypeParameter)) yield type;
  }
  const children: ts.Node[] = [];
  node.forEachChild((child) => void children.push(child));
  for (const child of children) yield* typesIn(child);
}

/** Names that users can see: in documents, examples and scripts, and in tests that import them from an entry. */
function knownNames(): Set<string> {
  const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n');
  const known = new Set<string>();
  const add = (text: string): void => {
    for (const word of text.match(/[A-Za-z_$][\w$]*/g) ?? []) known.add(word);
  };
  for (const file of files) {
    if (
      /^(README\.md$|test\/bundle\.test\.ts$|(docs|examples|scripts|bench)\/.*\.(md|ts|js|html)$)/.test(file)
    ) {
      add(readFileSync(file, 'utf8'));
    } else if (/^test\/.*\.ts$/.test(file)) {
      const imports = /import\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'[^']*src\/(?:\w+\/)?(?:node\/)?index\.js'/g;
      for (const [, names] of readFileSync(file, 'utf8').matchAll(imports)) add(names);
    }
  }
  return known;
}

/**
 * The entry of a file. Tensors and backends are exported by `terrachip/kernels`, the functions of commands by the root.
 */
function roomOf(path: string): string {
  const folder = relative(built, path).split('/')[0];
  if (folder === 'gpu') return 'kernels';
  return folder === 'workflow' || folder.endsWith('.ts') ? '' : folder;
}

describe('what the package exports', () => {
  it.each(entries.map((entry) => relative(built, entry)))(
    '%s has each type that the signatures of its own folder use',
    (name) => {
      const entry = resolve(built, name);
      const own = exportsOf(entry);
      const known = new Set([...own.keys()].flatMap(meaningsOf));
      const missing = [...own].flatMap(([symbol, { name: user }]) =>
        (symbol.declarations ?? [])
          .filter((declaration) => roomOf(declaration.getSourceFile().fileName) === roomOf(entry))
          .flatMap((declaration) => [...typesIn(declaration)])
          .filter((type) => !known.has(type))
          .map((type) => `${type.getName()}, of ${user}`),
      );
      expect([...new Set(missing)].sort()).toEqual([]);
    },
  );

  it('is shown somewhere: in a document, an example, a script, or a test that imports it from an entry', () => {
    const known = knownNames();
    const values = entries.flatMap((entry) =>
      [...exportsOf(entry)].filter(([symbol]) => symbol.flags & ts.SymbolFlags.Value),
    );
    const names = values.filter(([, { isType }]) => !isType).map(([, { name }]) => name);
    expect([...new Set(names)].filter((name) => !known.has(name)).sort()).toEqual([]);
  });
});
