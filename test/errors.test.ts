import { readdirSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import {
  invalidInput,
  invalidOption,
  isTerrachipError,
  loadPackage,
  messageOf,
  TerrachipError,
} from '../src/errors.js';
import { cannotOpen } from '../src/io/node/file.js';

describe('TerrachipError', () => {
  it('has a message that ends with the remedy', () => {
    const error = invalidInput('a.tif', 'has no coordinate reference system', 'assign one');
    expect(error.message).toBe('a.tif has no coordinate reference system; assign one.');
    expect(error.remedy).toBe('assign one');
  });

  it('has typed fields by code', () => {
    const error: unknown = invalidOption('size', 'cannot be 0', 'give more');
    expect(isTerrachipError(error)).toBe(true);
    expect(isTerrachipError(error, 'INVALID_INPUT')).toBe(false);
    if (isTerrachipError(error, 'INVALID_OPTION')) expect(error.fields.option).toBe('size');
    expect(isTerrachipError(new Error('x'))).toBe(false);
  });

  it('has an exit status for each code', () => {
    const status = (error: TerrachipError): number => error.exitStatus;
    expect(status(invalidInput('a', 'b', 'c'))).toBe(2);
    expect(status(new TerrachipError('NETWORK', 'a', 'b', { url: 'u' }))).toBe(75);
    expect(status(new TerrachipError('DEVICE_LOST', 'a', 'b', { reason: 'r' }))).toBe(75);
    expect(status(new TerrachipError('INCOMPLETE', 'a', 'b', { missing: 1 }))).toBe(3);
    expect(status(new TerrachipError('INTERNAL', 'a', 'b', { where: 'w' }))).toBe(1);
  });

  it('keeps its cause', () => {
    const cause = new Error('deep');
    expect(invalidInput('a', 'b', 'c', cause).cause).toBe(cause);
  });
});

describe('loadPackage', () => {
  const wanted = { name: 'some-package', purpose: 'reading some format' };

  it('names the purpose of a package that is not installed, and how to install it', async () => {
    const cause = Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(loadPackage({ ...wanted, load: () => Promise.reject(cause) })).rejects.toMatchObject({
      code: 'MISSING_DEPENDENCY',
      message:
        'reading some format needs the optional package some-package, which is not installed; run npm install some-package.',
      fields: { dependency: 'some-package' },
      cause,
    });
  });

  it('gives the reason for one that cannot be loaded', async () => {
    const load = () => Promise.reject(new Error('no such symbol\nat line 1'));
    await expect(loadPackage({ ...wanted, repair: 'use another system', load })).rejects.toThrow(
      /^reading some format needs the package some-package, which cannot be loaded \(no such symbol\); use another system\.$/,
    );
  });
});

/** Flags of npm and of V8. */
const OTHERS = /npm install --|--wasm-tiering-budget=/;

/** These files write scripts and commands for users. */
const WRITE_COMMANDS = ['src/workflow/jobs/slurm.ts', 'src/workflow/report/report.ts'];

/** Texts in the library's files that contain a flag of the command line. */
function flagsIn(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) ? node.text : '';
    const head = ts.isTemplateHead(node) ? node.text : text;
    if (/(?<![\w-])--[a-z]/.test(head) && !OTHERS.test(head)) found.push(`${file}: ${head}`);
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

describe('messages', () => {
  it('name options as the API spells them: the command line makes flags of them', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/^(cli|page)\//.test(file))
      .map((file) => `src/${file}`);
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => !WRITE_COMMANDS.includes(file)).flatMap(flagsIn)).toEqual([]);
  });
});

describe('errors of another realm, as in Jest', () => {
  const thrown: unknown = runInNewContext("Object.assign(new Error('no such file'), { code: 'ENOENT' })");

  it('are recognised', () => {
    expect(thrown instanceof Error).toBe(false);
    expect(messageOf(thrown)).toBe('no such file');
    expect(cannotOpen('scene.tif', thrown).code).toBe('NOT_FOUND');
  });
});
