import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

/** What a page's examples take as given, by page: what the text around them says, or an earlier example made. */
const GIVEN: Readonly<Record<string, string>> = {
  'README.md': '',
  'docs/catalog.md': `
    import type { BuiltCatalog, Chip, ChipArray, GeoCatalog } from 'terrachip/catalog';
    import type { GeoBox } from 'terrachip/geo';
    declare global {
      const catalog: GeoCatalog;
      const radar: GeoCatalog;
      const items: unknown;
      const grid: GeoBox;
      const signal: AbortSignal;
      function sign(href: string): string;
      function train(images: ChipArray): void;
    }`,
  'docs/kernels.md': `
    import type { createBackend as create, Kernel } from 'terrachip/kernels';
    declare global {
      const createBackend: typeof create;
      const depthKernel: Kernel;
    }`,
  'docs/models.md': `
    declare global {
      const values: Float32Array;
    }`,
};

const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, resolve('.'));

/** The problems of a page's TypeScript, as users compile it: strictly, each example as a module. */
function problemsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8');
  const examples = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
  expect(examples.length).toBeGreaterThan(0);
  const files = new Map(
    [`${GIVEN[page]}\nexport {};`, ...examples.map((code) => `${code}\nexport {};`)].map((code, k) => [
      resolve(`docs-example-${k}.ts`),
      code,
    ]),
  );
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.getSourceFile = (name, target, ...rest) => {
    const code = files.get(name);
    return code === undefined
      ? getSourceFile(name, target, ...rest)
      : ts.createSourceFile(name, code, target);
  };
  const settings = { ...options, noUnusedLocals: false, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] };
  const program = ts.createProgram([...files.keys()], settings, host);
  return [...files.keys()].flatMap((name, k) =>
    [
      ...program.getSyntacticDiagnostics(program.getSourceFile(name)),
      ...program.getSemanticDiagnostics(program.getSourceFile(name)),
    ].map(({ messageText }) => `example ${k}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  );
}

it.each(Object.keys(GIVEN))('the examples of %s compile', { timeout: 120_000 }, (page) => {
  expect(problemsOf(page)).toEqual([]);
});
