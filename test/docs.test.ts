import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** Declarations for a page's examples, by page: from its text, or from an earlier example. */
const GIVEN: Readonly<Record<string, string>> = {
  'README.md': '',
  'docs/raster.md': '',
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
  'docs/hpc.md': '',
  'docs/remote.md': '',
  'docs/stac.md': '',
  'docs/copernicus.md': '',
  'docs/kernels.md': `
    import type { createBackend as create, Kernel } from 'terrachip/kernels';
    declare global {
      const createBackend: typeof create;
      const depthKernel: Kernel;
    }`,
  'docs/land-cover.md': '',
  'docs/view.md': '',
  'docs/models.md': `
    declare global {
      const values: Float32Array;
    }`,
};

const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, resolve('.'));

/** Parsed declaration files, which all programs share. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** Diagnostics of pages' TypeScript, by page, compiled strictly as one program with each example as a module. */
function problemsOf(pages: readonly string[]): Map<string, string[]> {
  const files = new Map<string, { page: string; title: string; code: string }>();
  for (const page of pages) {
    const examples = [...readFileSync(page, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      ([, code]) => code,
    );
    expect(examples.length).toBeGreaterThan(0);
    for (const [k, code] of [GIVEN[page], ...examples].entries()) {
      const name = resolve(`docs-example-${files.size}.ts`);
      files.set(name, { page, title: `example ${k}`, code: `${code}\nexport {};` });
    }
  }
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.getSourceFile = (name, target, ...rest) => {
    const file = files.get(name);
    if (file !== undefined) return ts.createSourceFile(name, file.code, target);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, target, ...rest));
    return parsed.get(name);
  };
  const settings = { ...options, noUnusedLocals: false, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] };
  const program = ts.createProgram([...files.keys()], settings, host);
  const problems = new Map<string, string[]>(pages.map((page) => [page, []]));
  for (const [name, { page, title }] of files) {
    const source = program.getSourceFile(name);
    for (const { messageText } of [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]) {
      problems.get(page)?.push(`${title}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
    }
  }
  return problems;
}

/** Pages without own declarations, which other pages would see, are compiled as one program, which saves most of the time. */
const PLAIN = Object.keys(GIVEN).filter((page) => GIVEN[page] === '');
let plain: Map<string, string[]> | undefined;

it.each(Object.keys(GIVEN))('the examples of %s compile', { timeout: 120_000 }, (page) => {
  if (PLAIN.includes(page)) plain ??= problemsOf(PLAIN);
  const found = PLAIN.includes(page) ? plain : problemsOf([page]);
  expect(found?.get(page)).toEqual([]);
});

/** The pages of documentation. */
const PAGES = ['.', 'docs', 'docs/decisions', 'examples', 'bench', 'scripts/train'].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);

it.each(PAGES)('the links of %s have targets', (page) => {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(
    ([, link]) => link,
  );
  const broken = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(dirname(page), link)));
  expect(broken).toEqual([]);
});

it('the links of README.md have targets in the published package', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
  const links = [...readFileSync('README.md', 'utf8').matchAll(/\]\(([^)#\s:]+)\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((link) => !files.some((file) => link === file || link.startsWith(`${file}/`)))).toEqual(
    [],
  );
});

describe('docs/architecture.md', () => {
  const text = readFileSync('docs/architecture.md', 'utf8');

  it('names existing files and folders', () => {
    // A name without a folder is in a folder named before it.
    const paths = ['src', 'schemas', 'scripts/checks', 'test/api'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `/${folder}/${path}`),
    );
    const names = [...text.matchAll(/`([\w./-]+(?:\/|\.(?:ts|js|wgsl|md)))`/g)].map(([, name]) => name);
    const missing = names.filter((name) => {
      const path = name.replace(/\/$/, '');
      return (
        name !== 'dist/' &&
        !name.includes('NAME') &&
        !existsSync(path) &&
        !paths.some((each) => each.endsWith(`/${path}`))
      );
    });
    expect(missing).toEqual([]);
  });

  it('names every folder of src', () => {
    const folders = readdirSync('src', { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `\`${name}/\``);
    expect(folders.filter((name) => !text.includes(`| ${name}`) && !text.includes(`, ${name}`))).toEqual([]);
  });
});

it('the index of decisions has a row for each decision, with unique numbers', () => {
  const files = readdirSync('docs/decisions').filter((file) => /^\d{4}-.*\.md$/.test(file));
  const index = readFileSync('docs/decisions/README.md', 'utf8');
  const rows = [...index.matchAll(/^\| \[(\d{4})\]\((.+?)\) \|/gm)].map(([, number, file]) => [number, file]);
  expect(rows).toEqual(files.toSorted().map((file) => [file.slice(0, 4), file]));
  expect(new Set(rows.map(([number]) => number)).size).toBe(files.length);
});

it('the tables of docs/benchmarks.md are those of the results in bench/results/', async () => {
  const tables: { withTables(page: string): string } = await import(resolve('bench/tables.js'));
  const page = readFileSync('docs/benchmarks.md', 'utf8');
  expect(tables.withTables(page)).toBe(page);
  // A number that is not in the results fails.
  expect(tables.withTables(page.replace('| 1.00 |', '| 9.99 |'))).toBe(page);
});
