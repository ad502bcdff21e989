/** `terrachip bench`: measures terrachip alone, on made-up inputs, on this machine. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { invalidOption, requireChoice, requireWhole } from '../../errors.js';
import { type BackendChoice, createBackend } from '../../gpu/node/index.js';
import type { ProviderChoice } from '../../inference/node/index.js';
import { requireOutput } from '../../io/node/inputs.js';
import { writeJson } from '../../io/node/output.js';
import { counted, type OperationOptions, reportPlan } from '../../progress.js';
import { VERSION } from '../../version.js';
import { BENCH_SUITES, type BenchSuite } from '../choices.js';
import { describeGpu, machine } from './machine.js';
import { median, summarize, timeTask } from './measure.js';
import {
  BENCH_SCHEMA_VERSION,
  type BenchDocument,
  type BenchResult,
  type Comparison,
  compareResults,
  readBaseline,
} from './result.js';
import type { BenchCase, BenchContext, Suite } from './suite.js';

/** What to measure, and with what to compare it. */
export interface BenchOptions extends OperationOptions {
  /** Suites; none, as by default, for all. */
  suites?: readonly BenchSuite[];
  /** Rounds of each case after a warm-up (default 5, with `quick` 1). */
  rounds?: number;
  /** Small inputs without a warm-up, to try it out. */
  quick?: boolean;
  backend?: BackendChoice;
  provider?: ProviderChoice;
  threads?: number;
  /** A JSON file for the result. */
  output?: string;
  /** A saved result to compare with. */
  baseline?: string;
  /** The share by which a median must differ from the baseline's to count (default 0.1). */
  threshold?: number;
}

/** What was measured. */
export interface BenchReport {
  result: BenchDocument;
  /** Null without a baseline. */
  comparison: Comparison | null;
}

const LOADERS: Readonly<Record<BenchSuite, () => Promise<Suite>>> = {
  kernels: async () => (await import('./kernel-suite.js')).kernelSuite,
  io: async () => (await import('./io-suite.js')).ioSuite,
  model: async () => (await import('./model-suite.js')).modelSuite,
  scene: async () => (await import('./scene-suite.js')).sceneSuite,
  catalog: async () => (await import('./catalog-suite.js')).catalogSuite,
};

/** @throws {TerrachipError} INVALID_OPTION; INVALID_INPUT for a baseline that is no result; as what is measured */
export async function runBench(options: BenchOptions = {}): Promise<BenchReport> {
  const { suites = [], quick = false, output, baseline, threshold = 0.1, onProgress } = options;
  const { rounds = quick ? 1 : 5, provider = 'auto', threads, signal } = options;
  for (const suite of suites) requireChoice('suites', suite, BENCH_SUITES);
  requireWhole('rounds', rounds, 1, 1000);
  if (!(threshold >= 0 && Number.isFinite(threshold))) {
    throw invalidOption('threshold', `cannot be ${threshold}`, 'give a share from 0 on, such as 0.1');
  }
  if (output !== undefined) {
    const inputs = baseline === undefined ? [] : [baseline];
    await requireOutput(output, { formats: ['JSON'], inputs });
  }
  const saved = baseline === undefined ? null : await readBaseline(baseline);
  const before = loadavg()[0];
  const folder = await mkdtemp(join(tmpdir(), 'terrachip-bench-'));
  try {
    using backend = await createBackend(options);
    const adapter = backend.info.kind === 'webgpu' ? await describeGpu() : null;
    const context: BenchContext = { backend, provider, threads, quick, folder, signal };
    const measured: BenchDocument['suites'] = [];
    const chosen = BENCH_SUITES.filter((each) => suites.length === 0 || suites.includes(each));
    reportPlan(options, 'bench', {
      reads: `made-up data; ${counted(chosen.length, 'suite')} (${chosen.join(', ')}), each case ${counted(rounds, 'time')} after a first one`,
      writes: `temporary files in ${folder}${output === undefined ? '' : `, and ${output}`}`,
    });
    for (const name of chosen) {
      const results: BenchResult[] = [];
      const suite = await LOADERS[name]();
      for await (const each of suite(context)) {
        onProgress?.({ type: 'stage', stage: `${name}: ${each.name}` });
        results.push(await measure(each, rounds, context));
      }
      measured.push({ name, results });
    }
    const result: BenchDocument = {
      schemaVersion: BENCH_SCHEMA_VERSION,
      terrachip: VERSION,
      date: new Date().toISOString(),
      quick,
      rounds,
      machine: machine(),
      backend: backend.info,
      adapter,
      versions: await packageVersions(),
      load: { before: inHundredths(before), after: inHundredths(loadavg()[0]) },
      suites: measured,
    };
    if (output !== undefined) await writeJson(output, result);
    return {
      result,
      comparison:
        saved === null || baseline === undefined ? null : compareResults(result, saved, baseline, threshold),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a case once to warm up, then for each round. Small inputs are not warmed up. */
async function measure(
  each: BenchCase,
  rounds: number,
  { quick, signal }: BenchContext,
): Promise<BenchResult> {
  const seconds: number[] = [];
  const parts: Readonly<Record<string, number>>[] = [];
  for (let round = quick ? 0 : -1; round < rounds; round++) {
    signal?.throwIfAborted();
    const taken = await timeTask(() => each.run());
    if (round < 0) continue;
    seconds.push(taken);
    if (each.parts !== undefined) parts.push(each.parts());
  }
  const { name, amount, unit } = each;
  return {
    name,
    ...summarize(seconds),
    amount: Number(amount.toPrecision(6)),
    unit,
    ...(parts.length === 0 ? {} : { parts: mediansOf(parts) }),
  };
}

function mediansOf(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(parts.flatMap((each) => Object.keys(each)))];
  return Object.fromEntries(names.map((name) => [name, median(parts.map((each) => each[name] ?? 0))]));
}

/** Versions of the optional packages that compute. */
async function packageVersions(): Promise<Record<string, string>> {
  const { resolve } = createRequire(import.meta.url);
  const versions: Record<string, string> = {};
  for (const name of ['onnxruntime-node', 'onnxruntime-web', 'webgpu']) {
    versions[name] = 'not installed';
    for (const folder of resolve.paths(name) ?? []) {
      const text = await readFile(join(folder, name, 'package.json'), 'utf8').catch(() => null);
      if (text === null) continue;
      versions[name] = String(JSON.parse(text).version);
      break;
    }
  }
  return versions;
}

function inHundredths(value: number): number {
  return Number(value.toFixed(2));
}
