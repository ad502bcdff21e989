/** What the families of checkpoints share: the model of a checkpoint before it is written, and checks of its card. */
import * as v from 'valibot';
import { invalidOption } from '../../errors.js';
import { CLASS_COLOURS, type ModelClass, NAME } from '../../inference/model-spec.js';
import type { ModelSpec } from '../../inference/node/index.js';
import type { BandStatistics } from '../../inference/terramind/index.js';
import type { CheckpointGraph, Leftovers } from '../../inference/vit/index.js';
import { readJson } from '../../io/node/json.js';
import { dictionary, validateStrictly } from '../../json.js';

/** Larger chips do not fit into memory. */
const MAX_CHIP = 4096;

/** A share of the chip: the part that a decoder sees well. */
const STRIDE_SHARE = 13 / 16;

/** The statistics for a model's normalisation, and the reason for the choice. */
export interface ChosenStatistics {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly modalities: Readonly<Record<string, BandStatistics>>;
}

/** A checkpoint file. */
export interface CheckpointFile {
  readonly name: string;
  readonly sha256: string;
}

/** The graphs of a checkpoint, and its card. */
export interface CheckpointModel<A> {
  readonly architecture: A;
  readonly whole: CheckpointGraph;
  /** Graphs of parts, by the names of their files. */
  readonly parts: ReadonlyMap<string, CheckpointGraph>;
  readonly leftovers: Leftovers;
  /** Trained scalars that the graph uses. */
  readonly parameters: number;
  /** What was assumed, since neither the checkpoint nor the options state it, in sentences. */
  readonly assumed: readonly string[];
  /** Facts about the architecture, for `provenance`. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The document `model.json`, without `phaseGraphs` and `provenance`. */
  describe(file: CheckpointFile, name: string): Promise<{ card: ModelSpec; statistics: ChosenStatistics }>;
}

const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const OverridesSchema = dictionary(
  v.string(),
  v.object({ mean: v.array(Finite), std: v.array(v.pipe(Finite, v.gtValue(0, 'must be positive'))) }),
);

/** Reads the statistics of each input from a JSON file. */
export async function readStatistics(path: string): Promise<ChosenStatistics> {
  const modalities = validateStrictly(OverridesSchema, await readJson(path), path);
  return { name: 'custom', why: 'asked for', source: path, modalities };
}

/**
 * The size of chips and the distance between them.
 * @param stride default: the chip for an encoder, else 13/16 of it
 * @throws {TerrachipError} INVALID_OPTION for chips that are too large, or with gaps between them
 */
export function chipOf(
  chip: number,
  stride: number | undefined,
  isEncoder: boolean,
): { size: number; stride: number } {
  const step = stride ?? Math.round((isEncoder ? 1 : STRIDE_SHARE) * chip);
  if (chip > MAX_CHIP) throw invalidOption('chip', `cannot be ${chip}`, `give at most ${MAX_CHIP}`);
  if (step > chip) {
    const problem = `cannot be ${step} for chips of ${chip} pixels, which would leave gaps`;
    throw invalidOption('stride', problem, `give at most ${chip}`);
  }
  return { size: chip, stride: step };
}

/** Classes with colours. @param names default: numbers @throws {TerrachipError} INVALID_OPTION */
export function classesOf(count: number, names: readonly string[] | undefined): ModelClass[] {
  const own = names ?? Array.from({ length: count }, (_, k) => `class_${k}`);
  return requireCount('classes', own, count).map((name, k) => ({
    name,
    colour: CLASS_COLOURS[k % CLASS_COLOURS.length],
  }));
}

/** @throws {TerrachipError} INVALID_OPTION for names of classes, which an encoder lacks */
export function refuseClasses(classes: readonly string[] | undefined): void {
  if (classes === undefined) return;
  const problem = 'is for segmentation models, and the checkpoint is an encoder';
  throw invalidOption('classes', problem, 'leave it out');
}

/** @throws {TerrachipError} INVALID_OPTION for too few or too many names, or invalid ones */
export function requireCount(option: string, names: readonly string[], count: number): readonly string[] {
  checkNames(option, names);
  if (names.length === count) return names;
  throw invalidOption(option, `names ${names.length}, but the model has ${count}`, `give ${count} names`);
}

/** @throws {TerrachipError} INVALID_OPTION for names that are invalid or not unique */
export function checkNames(option: string, names: readonly string[]): void {
  const invalid = names.find((name) => !NAME.test(name));
  const duplicate = names.find((name, k) => names.indexOf(name) < k);
  if (invalid === undefined && duplicate === undefined) return;
  throw invalidOption(
    option,
    invalid === undefined ? `names ${duplicate} twice` : `cannot be ${JSON.stringify(invalid)}`,
    invalid === undefined ? 'give each a name of its own' : 'use 1 to 64 letters, digits, dots and dashes',
  );
}
