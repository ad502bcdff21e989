import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** The subpaths of the package and the source that each comes from. */
const ENTRIES = {
  '.': 'src/index.ts',
  './geo': 'src/geo/node/index.ts',
  './kernels': 'src/kernels/node/index.ts',
  './raster': 'src/raster/index.ts',
  './catalog': 'src/catalog/node/index.ts',
  './inference': 'src/inference/node/index.ts',
};

const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile('tsconfig.json', ts.sys.readFile).config,
  ts.sys,
  process.cwd(),
);
const program = ts.createProgram(Object.values(ENTRIES), config.options);
const checker = program.getTypeChecker();
const FLAGS = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.WriteArrowStyleSignature;

/** What an export is to its users: a signature, the public members of a class or an interface, or a type. */
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
  if (ts.isTypeAliasDeclaration(declaration))
    return `type ${declaration.type.getText().replace(/\s+/g, ' ')}`;
  return checker.typeToString(checker.getTypeOfSymbolAtLocation(target, declaration), declaration, FLAGS);
}

function members(type: ts.Type, at: ts.Node): string {
  const lines = checker
    .getPropertiesOfType(type)
    .filter((property) => !property.getName().startsWith('__#') && property.getName() !== 'prototype')
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
      return `  ${name}${optional}: ${checker.typeToString(checker.getTypeOfSymbolAtLocation(property, at), at, FLAGS)}`;
    })
    .sort();
  return `{\n${lines.join('\n')}\n}`;
}

describe('public API', () => {
  it('is what package.json exports', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      exports: Record<string, unknown>;
    };
    expect(Object.keys(exports).sort()).toEqual([...Object.keys(ENTRIES), './package.json'].sort());
  });

  it.each(Object.entries(ENTRIES))('of %s has not changed unannounced', async (subpath, file) => {
    const source = program.getSourceFile(resolve(file));
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`no module ${file}`);
    const text = checker
      .getExportsOfModule(module)
      .map((symbol) => `${symbol.getName()}: ${describeExport(symbol)}`)
      .sort()
      .join('\n\n');
    const name = subpath === '.' ? 'index' : subpath.slice(2);
    await expect(`${text}\n`).toMatchFileSnapshot(`snapshots/${name}.txt`);
  });
});
