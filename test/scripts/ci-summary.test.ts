import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
let runs = 0;

interface TestResult {
  status: string;
  ancestorTitles?: string[];
  title: string;
}

/** Runs scripts/ci-summary.js on reports as vitest's JSON reporter writes them. */
async function summarise(
  expected: Record<string, Record<string, string>>,
  reports: Record<string, { name: string; status: string; message?: string; tests: TestResult[] }[]>,
): Promise<{ status: number; lines: string[] }> {
  const run = join(folder, String(runs++));
  await mkdir(join(run, 'results'), { recursive: true });
  await writeFile(join(run, 'expected.json'), JSON.stringify(expected));
  for (const [mode, files] of Object.entries(reports)) {
    const testResults = files.map(({ name, status, message, tests }) => ({
      name: resolve(name),
      status,
      message: message ?? '',
      assertionResults: tests.map((test) => ({ ancestorTitles: [], ...test })),
    }));
    await writeFile(join(run, 'results', `${mode}.json`), JSON.stringify({ testResults }));
  }
  return new Promise((done) => {
    const args = ['scripts/ci-summary.js', join(run, 'expected.json'), join(run, 'results')];
    execFile(process.execPath, args, (error, stdout) => {
      const status = error === null ? 0 : Number(error.code);
      done({ status, lines: stdout.trim().split('\n') });
    });
  });
}

const passed = { status: 'passed', title: 'works' };
const skipped = { status: 'skipped', ancestorTitles: ['warp (webgpu)'], title: 'is exact' };

describe('ci-summary', () => {
  it('adds up all modes, and accepts skips expected in their mode', async () => {
    const file = { name: 'test/a.test.ts', status: 'passed' };
    const { status, lines } = await summarise(
      { webgpu: {}, 'no-driver': { 'test/a.test.ts > *(webgpu) > *': 'there is no adapter' } },
      {
        webgpu: [{ ...file, tests: [passed, passed] }],
        'no-driver': [{ ...file, tests: [passed, skipped] }],
      },
    );
    expect(status).toBe(0);
    expect(lines).toEqual(['3 passed, 0 failed, 1 skipped']);
  });

  it('fails on a skip that is expected in another mode only, or not by this name', async () => {
    const expected = { webgpu: { 'test/a.test.ts > is exact': '' }, 'no-driver': { '*': '' } };
    const tests = [passed, skipped, { status: 'todo', title: 'is written later' }];
    const { status, lines } = await summarise(expected, {
      webgpu: [{ name: 'test/a.test.ts', status: 'passed', tests }],
      'no-driver': [],
    });
    expect(status).toBe(1);
    expect(lines).toEqual([
      'webgpu: skipped: test/a.test.ts > warp (webgpu) > is exact',
      'webgpu: skipped: test/a.test.ts > is written later',
      '',
      '1 passed, 0 failed, 2 skipped',
    ]);
  });

  it('counts failed tests, and files that cannot be loaded', async () => {
    const failed = { status: 'failed', title: 'breaks' };
    const { status, lines } = await summarise(
      { webgpu: {} },
      {
        webgpu: [
          { name: 'test/a.test.ts', status: 'failed', tests: [passed, failed] },
          { name: 'test/b.test.ts', status: 'failed', message: 'no adapter\n at …', tests: [] },
        ],
      },
    );
    expect(status).toBe(1);
    expect(lines).toEqual([
      'webgpu: failed: test/a.test.ts > breaks',
      'webgpu: failed: test/b.test.ts: no adapter',
      '',
      '1 passed, 2 failed, 0 skipped',
    ]);
  });

  it('fails when a mode has no results', async () => {
    const { status, lines } = await summarise({ webgpu: {} }, {});
    expect(status).toBe(1);
    expect(lines).toEqual(['webgpu: no results', '', '0 passed, 0 failed, 0 skipped']);
  });
});
