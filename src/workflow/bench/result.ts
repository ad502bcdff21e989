/** Results of benchmarks: their document, and the comparison of two. */
import * as v from 'valibot';
import { readJson } from '../../io/node/json.js';
import { dictionary, validate } from '../../json.js';

export const BENCH_SCHEMA_VERSION = 1;

const Seconds = v.pipe(v.number(), v.finite(), v.minValue(0, 'must not be negative'));
const Text = v.pipe(v.string(), v.maxLength(1000));

const ResultSchema = v.object({
  name: Text,
  /** Median of the rounds. */
  seconds: Seconds,
  quartiles: v.tuple([Seconds, Seconds]),
  fastest: Seconds,
  /** How much a run does, in `unit`. */
  amount: v.pipe(v.number(), v.finite()),
  unit: Text,
  /** Medians of the seconds of parts, which may overlap. */
  parts: v.optional(dictionary(Text, Seconds)),
});

const AdapterSchema = v.object({ vendor: Text, architecture: Text, device: Text, driver: Text });

/** A saved result. */
const BenchSchema = v.object({
  schemaVersion: v.literal(BENCH_SCHEMA_VERSION),
  terrachip: Text,
  date: Text,
  /** Whether inputs were small. */
  quick: v.boolean(),
  rounds: v.number(),
  machine: v.object({
    processor: Text,
    cores: v.number(),
    memoryGiB: v.number(),
    system: Text,
    node: Text,
  }),
  backend: v.object({
    kind: v.picklist(['webgpu', 'cpu']),
    adapter: Text,
    device: v.optional(Text),
    adapterClass: v.picklist(['hardware', 'software', 'cpu']),
    threads: v.number(),
  }),
  /** The WebGPU adapter; null where the CPU computes. */
  adapter: v.nullable(AdapterSchema),
  /** Versions of packages that take part. */
  versions: dictionary(Text, Text),
  /** Load average of one minute, before and after. Above the number of cores, times are unreliable. */
  load: v.object({ before: v.number(), after: v.number() }),
  suites: v.array(v.object({ name: Text, results: v.array(ResultSchema) })),
});

export type BenchDocument = v.InferOutput<typeof BenchSchema>;
export type BenchResult = v.InferOutput<typeof ResultSchema>;

/** A case in two results. */
export interface Change {
  suite: string;
  name: string;
  seconds: number;
  baselineSeconds: number;
  /** `seconds` ÷ `baselineSeconds`: above 1, it got slower. */
  ratio: number;
}

/** What got slower or faster than a saved result. */
export interface Comparison {
  /** The file of the saved result. */
  baseline: string;
  threshold: number;
  slower: Change[];
  faster: Change[];
  /** Cases of the baseline without a counterpart, in the suites that were measured. */
  missing: string[];
  /** How the machine or the settings differ, a sentence each. */
  differences: string[];
}

/** @throws {TerrachipError} NOT_FOUND, or INVALID_INPUT for a file that is no result of `terrachip bench` */
export async function readBaseline(path: string): Promise<BenchDocument> {
  return validate(BenchSchema, await readJson(path), path);
}

/**
 * A case got slower where its median is longer by more than the threshold, and its lower quartile lies above the upper
 * quartile of the baseline, so that noise alone does not count; faster the other way round.
 * @param threshold a share: 0.1 for 10 %
 */
export function compareResults(
  now: BenchDocument,
  before: BenchDocument,
  baseline: string,
  threshold: number,
): Comparison {
  const slower: Change[] = [];
  const faster: Change[] = [];
  const missing: string[] = [];
  for (const { name: suite, results } of now.suites) {
    const saved = before.suites.find(({ name }) => name === suite)?.results ?? [];
    for (const old of saved) {
      const { name } = old;
      const own = results.find((each) => each.name === name && each.amount === old.amount);
      if (own === undefined) {
        missing.push(`${suite}: ${name}`);
        continue;
      }
      const ratio = Number((own.seconds / old.seconds).toPrecision(3));
      const change = { suite, name, seconds: own.seconds, baselineSeconds: old.seconds, ratio };
      if (ratio > 1 + threshold && own.quartiles[0] > old.quartiles[1]) slower.push(change);
      if (ratio < 1 / (1 + threshold) && own.quartiles[1] < old.quartiles[0]) faster.push(change);
    }
  }
  return { baseline, threshold, slower, faster, missing, differences: differencesOf(now, before) };
}

function differencesOf(now: BenchDocument, before: BenchDocument): string[] {
  const compared = (document: BenchDocument): Record<string, string | number | boolean> => ({
    processor: document.machine.processor,
    cores: document.machine.cores,
    node: document.machine.node,
    backend: document.backend.kind,
    adapter: document.backend.adapter,
    driver: document.adapter?.driver ?? 'none',
    quick: document.quick,
  });
  const old = compared(before);
  return Object.entries(compared(now))
    .filter(([name, value]) => value !== old[name])
    .map(([name, value]) => `${name} is ${value}, in the baseline ${old[name]}`);
}
