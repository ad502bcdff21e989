import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

interface Target {
  types: string;
  default: string;
}

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | (Target & { node?: Target })>;
};

/** The source file of each subpath of the package in Node, where `/node` entries are the default. */
const ENTRIES = Object.fromEntries(
  Object.entries(exports).flatMap(([subpath, entry]) =>
    typeof entry === 'string' || subpath.endsWith('/node')
      ? []
      : [[subpath, (entry.node ?? entry).default.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')]],
  ),
);

const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile('tsconfig.json', ts.sys.readFile).config,
  ts.sys,
  process.cwd(),
);
const program = ts.createProgram(Object.values(ENTRIES), config.options);
const checker = program.getTypeChecker();
const FLAGS = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.WriteArrowStyleSignature;

/** A type as text that does not depend on which file the program reads first. */
function printType(type: ts.Type, at: ts.Node): string {
  return checker
    .typeToString(type, at, FLAGS)
    .replace(/import\("[^"]*"\)\./g, '')
    .replace(/"[^"]*"(?: \| "[^"]*")+/g, (union) => union.split(' | ').sort().join(' | '));
}

/** The public form of an export: a signature, the members of a class or an interface, or a type. */
function describeExport(symbol: ts.Symbol): string {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declaration = target.declarations?.[0];
  if (declaration === undefined) return 'unknown';
  if (ts.isClassDeclaration(declaration))
    return [
      `class ${members(checker.getDeclaredTypeOfSymbol(target), declaration)}`,
      `static ${members(checker.getTypeOfSymbolAtLocation(target, declaration), declaration)}`,
    ].join('\n');
  if (ts.isInterfaceDeclaration(declaration))
    return `interface ${members(checker.getDeclaredTypeOfSymbol(target), declaration)}`;
  if (ts.isTypeAliasDeclaration(declaration) && ts.isImportTypeNode(declaration.type))
    return [
      `interface ${members(checker.getDeclaredTypeOfSymbol(target), declaration)}`,
      `value ${members(checker.getTypeOfSymbolAtLocation(target, declaration), declaration)}`,
    ].join('\n');
  if (ts.isTypeAliasDeclaration(declaration))
    return `type ${declaration.type.getText().replace(/\s+/g, ' ')}`;
  return printType(checker.getTypeOfSymbolAtLocation(target, declaration), declaration);
}

function members(type: ts.Type, at: ts.Node): string {
  const lines = checker
    .getPropertiesOfType(type)
    .filter((property) => !/^(__)?#|^prototype$/.test(property.getName()))
    .filter((property) => {
      const declaration = property.declarations?.[0];
      const internal = ts.getJSDocTags(declaration ?? at).some((tag) => tag.tagName.text === 'internal');
      const hidden =
        declaration !== undefined &&
        ts.getCombinedModifierFlags(declaration as ts.Declaration) & ts.ModifierFlags.Private;
      return !internal && !hidden && property.getName() !== 'stack';
    })
    .map((property) => {
      const optional = property.flags & ts.SymbolFlags.Optional ? '?' : '';
      const name = property.getName().replace(/^__@(\w+)@\d+$/, '[Symbol.$1]');
      return `  ${name}${optional}: ${printType(checker.getTypeOfSymbolAtLocation(property, at), at)}`;
    })
    .sort();
  return `{\n${lines.join('\n')}\n}`;
}

describe('public API', () => {
  it('has one entry per module, and a /node entry for each module with a Node part', () => {
    expect(Object.keys(ENTRIES).sort()).toEqual([
      '.',
      './archives',
      './catalog',
      './geo',
      './geo/epsg',
      './inference',
      './io',
      './kernels',
      './raster',
      './vector',
    ]);
    const named = Object.entries(exports).flatMap(([subpath, entry]) =>
      typeof entry === 'string' || entry.node === undefined ? [] : [[`${subpath}/node`, entry.node]],
    );
    expect(
      Object.fromEntries(Object.entries(exports).filter(([subpath]) => subpath.endsWith('/node'))),
    ).toEqual(Object.fromEntries(named));
  });

  it('is complete in the reference', () => {
    const { entryPoints } = JSON.parse(readFileSync('typedoc.json', 'utf8')) as { entryPoints: string[] };
    expect(entryPoints.toSorted()).toEqual(Object.values(ENTRIES).toSorted());
  });

  it.each(Object.entries(ENTRIES))('of %s has a doc comment for each name', (_, file) => {
    const source = program.getSourceFile(resolve(file));
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`no module ${file}`);
    const bare = checker.getExportsOfModule(module).filter((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const isOurs = target.declarations?.[0].getSourceFile().fileName.startsWith(resolve('src')) === true;
      return isOurs && ts.displayPartsToString(target.getDocumentationComment(checker)).trim() === '';
    });
    expect(bare.map((symbol) => symbol.getName())).toEqual([]);
  });

  it.each(Object.entries(ENTRIES))('of %s is equal to its snapshot', async (subpath, file) => {
    const source = program.getSourceFile(resolve(file));
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`no module ${file}`);
    const text = checker
      .getExportsOfModule(module)
      .map((symbol) => `${symbol.getName()}: ${describeExport(symbol)}`)
      .sort()
      .join('\n\n');
    const name = subpath === '.' ? 'index' : subpath.slice(2).replace('/', '-');
    await expect(`${text}\n`).toMatchFileSnapshot(`snapshots/${name}.txt`);
  });
});
