/** Compares a model in float16 with float32 on a sample, when it is imported. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, invalidOption } from '../../errors.js';
import type { HostProviderChoice, ModelSpec } from '../../inference/node/index.js';
import { availableProviders, providersToTry } from '../../inference/node/onnx-runtime.js';
import { type GraphBuilder, halfPrecision } from '../../inference/onnx/index.js';
import type { OperationOptions } from '../../progress.js';
import { MADE_UP } from '../choices.js';
import {
  compareEmbeddings,
  compareMaps,
  type EmbeddingAgreement,
  type MapAgreement,
  runSample,
} from './agreement.js';
import { writeModelFile } from './model-file.js';
import { madeUpChips, type SampleChip, sampleScene } from './sample.js';

/** The chips that a model in float16 is tried on. */
export interface SampleOptions extends OperationOptions {
  /** The scene of the sample (default: synthetic chips). */
  sample?: string;
  /** Chips in the sample, 1 to 1024 (default 4). */
  sampleChips?: number;
  /** The provider that runs the model (default `auto`). */
  provider?: HostProviderChoice;
}

/** The comparison of float16 with float32, for the model's provenance. */
export interface HalfPrecisionReport {
  /** The scene, or `made-up chips`. */
  readonly sample: string;
  readonly chips: number;
  readonly provider: string;
  /**
   * How float16 was computed. The CPU provider computes float16 graphs in float32, which would hide the differences;
   * therefore the comparison rounds every result explicitly.
   */
  readonly arithmetic: 'float16' | 'float32, each result rounded to float16';
  readonly agreement: MapAgreement | EmbeddingAgreement;
}

const DEFAULT_CHIPS = 4;
const MAX_CHIPS = 1024;

/** @throws {TerrachipError} INVALID_OPTION for `sampleChips`; NOT_FOUND, or INVALID_INPUT for a scene that does not fit */
export async function readSample(
  spec: ModelSpec,
  { sample, sampleChips = DEFAULT_CHIPS, signal }: SampleOptions,
): Promise<SampleChip[]> {
  if (!Number.isInteger(sampleChips) || sampleChips < 1 || sampleChips > MAX_CHIPS) {
    throw invalidOption('sampleChips', `cannot be ${sampleChips}`, `give 1 to ${MAX_CHIPS}`);
  }
  if (sample === undefined) return madeUpChips(spec, sampleChips);
  const chips = await sampleScene(sample, spec, sampleChips, signal);
  if (chips.length > 0) return chips;
  const remedy = 'raise `sampleChips`, or leave out `sample`';
  throw invalidInput(sample, 'has no data in any of the sampled chips', remedy);
}

/**
 * Runs a sample in both precisions. The float32 graph is written to a temporary folder.
 * @param folder the model in float16
 * @param name the checkpoint, for messages
 * @throws {TerrachipError} INVALID_INPUT when float16 overflows
 */
export async function tryHalfPrecision(
  folder: string,
  graph: GraphBuilder,
  spec: ModelSpec,
  chips: readonly SampleChip[],
  name: string,
  options: SampleOptions,
): Promise<HalfPrecisionReport> {
  const { signal, onProgress, provider: choice = 'auto' } = options;
  const [provider] = providersToTry(choice, await availableProviders(), false);
  const onCpu = provider === 'cpu';
  const temporary = await mkdtemp(join(folder, '.float32-'));
  try {
    onProgress?.({ type: 'stage', stage: 'compare float16 with float32' });
    await writeModelFile(temporary, 'full', graph, signal);
    if (onCpu) await writeModelFile(temporary, 'rounded', halfPrecision(graph, 'rounded', name), signal);
    const full = await runSample(join(temporary, 'full.onnx'), spec, chips, choice, signal);
    const path = onCpu ? join(temporary, 'rounded.onnx') : join(folder, 'model.onnx');
    const half = await runSample(path, spec, chips, choice, signal);
    return {
      sample: options.sample ?? MADE_UP,
      chips: chips.length,
      provider: half.provider,
      arithmetic: onCpu ? 'float32, each result rounded to float16' : 'float16',
      agreement:
        'classes' in spec.output ? compareMaps(full, half, name) : compareEmbeddings(full, half, name),
    };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
