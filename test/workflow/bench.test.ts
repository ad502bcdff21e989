import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runBench } from '../../src/workflow/bench/bench.js';
import { median, quantile, summarize } from '../../src/workflow/bench/measure.js';
import { type BenchDocument, compareResults, readBaseline } from '../../src/workflow/bench/result.js';
import { commandsIn } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const terrachip = commandsIn(folder);

type Case = [name: string, median: number, lower: number, upper: number];

/** A result with one suite. */
function resultOf(cases: readonly Case[], changes: Partial<BenchDocument> = {}): BenchDocument {
  return {
    schemaVersion: 1,
    terrachip: '0.1.0',
    date: '2026-12-01T00:00:00.000Z',
    quick: false,
    rounds: 5,
    machine: { processor: 'A', cores: 2, memoryGiB: 8, system: 'linux 6', node: 'v20.19.0' },
    backend: { kind: 'cpu', adapter: 'A', adapterClass: 'cpu', threads: 2 },
    adapter: null,
    versions: {},
    load: { before: 0, after: 0 },
    suites: [
      {
        name: 'io',
        results: cases.map(([name, seconds, lower, upper]) => ({
          name,
          seconds,
          quartiles: [lower, upper],
          fastest: lower,
          amount: 30,
          unit: 'Mpixel',
        })),
      },
    ],
    ...changes,
  };
}

describe('quantiles', () => {
  it('are those of NumPy', () => {
    // numpy.quantile([5, 1, 4, 2], [0, 0.25, 0.5, 0.75, 1]) is [1, 1.75, 3, 4.25, 5].
    expect([0, 0.25, 0.5, 0.75, 1].map((q) => quantile([5, 1, 4, 2], q))).toEqual([1, 1.75, 3, 4.25, 5]);
    expect(median([3, 9, 1])).toBe(3);
    expect(summarize([5, 1, 4, 2])).toEqual({ seconds: 3, quartiles: [1.75, 4.25], fastest: 1 });
  });
});

describe('comparison with a saved result', () => {
  const before = resultOf([
    ['slower', 1, 0.95, 1.05],
    ['noisy', 1, 0.8, 1.3],
    ['within the threshold', 1, 0.99, 1.01],
    ['faster', 2, 1.9, 2.1],
    ['gone', 1, 1, 1],
  ]);
  const now = resultOf([
    ['slower', 1.2, 1.1, 1.3],
    ['noisy', 1.2, 1.1, 1.3],
    ['within the threshold', 1.09, 1.08, 1.1],
    ['faster', 1, 0.9, 1.1],
    ['new', 1, 1, 1],
  ]);

  it('needs a difference above the threshold and quartiles that do not overlap', () => {
    expect(compareResults(now, before, 'old.json', 0.1)).toEqual({
      baseline: 'old.json',
      threshold: 0.1,
      // 1.2 ÷ 1 and 1 ÷ 2.
      slower: [{ suite: 'io', name: 'slower', seconds: 1.2, baselineSeconds: 1, ratio: 1.2 }],
      faster: [{ suite: 'io', name: 'faster', seconds: 1, baselineSeconds: 2, ratio: 0.5 }],
      missing: ['io: gone'],
      differences: [],
    });
    expect(compareResults(now, before, 'old.json', 0.05).slower.map(({ name }) => name)).toEqual([
      'slower',
      'within the threshold',
    ]);
    expect(compareResults(now, before, 'old.json', 0.3).slower).toEqual([]);
  });

  it('names other differences', () => {
    const elsewhere = resultOf([], { quick: true, machine: { ...before.machine, cores: 16 } });
    const { differences, missing } = compareResults(elsewhere, before, 'old.json', 0.1);
    expect(differences).toEqual(['cores is 16, in the baseline 2', 'quick is true, in the baseline false']);
    expect(missing).toHaveLength(5);
  });

  it.each([
    ['is no result', { schemaVersion: 1, suites: [] }],
    ['has no medians', { ...before, suites: [{ name: 'io', results: [{ name: 'x' }] }] }],
    ['has negative seconds', resultOf([['x', -1, 0, 0]])],
  ])('refuses a file that %s', async (_, document) => {
    const path = join(folder, 'wrong.json');
    await writeFile(path, JSON.stringify(document));
    await expect(readBaseline(path)).rejects.toThrow(/wrong\.json/);
  });
});

describe('bench', () => {
  it('refuses invalid options before anything runs', async () => {
    await expect(runBench({ rounds: 0 })).rejects.toThrow(/rounds cannot be 0/);
    await expect(runBench({ threshold: -1 })).rejects.toThrow(/threshold cannot be -1/);
    await expect(runBench({ output: join(folder, 'result.tif') })).rejects.toThrow(/ends with \.tif/);
    await expect(runBench({ baseline: join(folder, 'none.json') })).rejects.toThrow(/none\.json/);
  });

  it('measures every suite', { timeout: 240_000 }, async () => {
    const { status, stdout } = await terrachip('bench', '--quick', '--backend', 'cpu', '--json');
    expect(status).toBe(0);
    const { result, comparison } = JSON.parse(stdout);
    expect(comparison).toBeNull();
    expect(result).toMatchObject({
      schemaVersion: 1,
      quick: true,
      rounds: 1,
      machine: { node: process.version },
      backend: { kind: 'cpu' },
      adapter: null,
    });
    const results = (name: string): { name: string; seconds: number; amount: number }[] =>
      result.suites.find((suite: { name: string }) => suite.name === name).results;
    // 512² pixels of the COGs; 6033 × 8449 pixels at a sixteenth of the resolution: 378 × 529.
    expect(results('io').every(({ amount }) => amount === 0.262144)).toBe(true);
    expect(results('kernels')[0]).toMatchObject({ name: 'warp, nearest', amount: 0.199962 });
    expect(results('model')).toMatchObject([{ name: 'water-threshold on cpu, batches of 4', amount: 4 }]);
    expect(results('catalog').map(({ amount }) => amount)).toEqual([2000, 2000, 20, 2000, 20]);
    const [packaged, twice, once] = results('scene');
    expect(packaged.name).toBe('package');
    for (const each of [twice, once]) {
      expect(each).toMatchObject({ parts: { read: expect.any(Number), model: expect.any(Number) } });
    }
    for (const { seconds } of ['kernels', 'io', 'model', 'scene', 'catalog'].flatMap(results)) {
      expect(seconds).toBeGreaterThan(0);
    }
  });

  it('prints Markdown, saves the result, and exits with 4 if a case is slower than a baseline', async () => {
    const [saved, fast] = [join(folder, 'saved.json'), join(folder, 'fast.json')];
    const first = await terrachip('bench', 'catalog', '--quick', '-o', saved);
    expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('\n| query in memory | ') });
    const document = await readBaseline(saved);
    expect(document.suites.map(({ name }) => name)).toEqual(['catalog']);
    const [build, ...others] = document.suites[0].results;
    const instant = { ...build, seconds: 1e-9, quartiles: [1e-9, 1e-9], fastest: 1e-9 };
    const slow = others.map((each) => ({ ...each, seconds: 1e6, quartiles: [1e6, 1e6], fastest: 1e6 }));
    const suites = [{ name: 'catalog', results: [instant, ...slow] }];
    await writeFile(fast, JSON.stringify({ ...document, suites }));
    const compared = await terrachip('bench', 'catalog', '--quick', '--baseline', fast);
    expect(compared.status).toBe(4);
    expect(compared.stdout).toContain('| slower | catalog: build, with its index | 1e-9 | ');
    expect(compared.stdout).toContain('| faster | catalog: open | 1000000 | ');
    const overwrite = await terrachip('bench', 'catalog', '--quick', '--baseline', saved, '-o', saved);
    expect(overwrite).toMatchObject({ status: 2, stderr: expect.stringContaining('is also an input') });
    expect(JSON.parse(await readFile(saved, 'utf8'))).toEqual(document);
  });
});
