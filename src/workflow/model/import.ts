import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { invalidInput, invalidOption } from '../../errors.js';
import { checkpointFiles, openCheckpointFile } from '../../inference/node/checkpoint-file.js';
import { type ModelSpec, parseModelSpec, type Weights } from '../../inference/node/index.js';
import { requireRuntime } from '../../inference/node/onnx-runtime.js';
import { type Graph, halfPrecision } from '../../inference/onnx/index.js';
import { isPrithvi, type PrithviArchitecture } from '../../inference/prithvi/index.js';
import type { Architecture, ArchitectureOptions } from '../../inference/terramind/index.js';
import type { Leftovers, Segmentation } from '../../inference/vit/index.js';
import { planDisk } from '../../io/node/disk-space.js';
import { openSource } from '../../io/node/index.js';
import { writeJson } from '../../io/node/output.js';
import { reportPlan } from '../../progress.js';
import type { ModelPrecision } from '../choices.js';
import type { ChosenStatistics } from './checkpoint-model.js';
import {
  type HalfPrecisionReport,
  readSample,
  type SampleOptions,
  tryHalfPrecision,
} from './half-precision.js';
import {
  findModelFile,
  importOnnx,
  isOnnx,
  ONNX_ONLY,
  type OnnxOptions,
  type OnnxReport,
} from './import-onnx.js';
import { CARD, replaceFolder, writeModelFile } from './model-file.js';
import { readPrithvi } from './prithvi-model.js';
import { readTerramind } from './terramind-model.js';

/**
 * Options of `importModel`: a file, and what it does not say. Those of `ArchitectureOptions` and `SampleOptions`,
 * `statistics`, `split`, `precision` and `allowUnused` are for checkpoints, those of `OnnxOptions` for ONNX models.
 */
export interface ImportOptions extends SampleOptions, ArchitectureOptions, OnnxOptions {
  /** A torch.save or safetensors file of a TerraMind or Prithvi-EO model, an ONNX file, or a folder with one. */
  checkpoint: string;
  /** The model folder to write. */
  output: string;
  name?: string;
  /**
   * Height and width of chips. Of a checkpoint a multiple of 16 (default 256; for an encoder 224, as in pre-training); of
   * an ONNX model as the graph takes them, by default 256.
   */
  chip?: number;
  /** Distance between chips in pixels (default: 13/16 of `chip`, for an encoder `chip`, for an ONNX model 3/4). */
  stride?: number;
  /** `ema` takes averaged weights, where the checkpoint has them beside the trained ones (default `trained`). */
  weights?: Weights;
  /** A name of `STATISTICS_NAMES` or a JSON file (default: chosen by the checkpoint). */
  statistics?: string;
  phases?: readonly string[];
  classes?: readonly string[];
  /** Also write encoder.onnx and decoder.onnx, so that equal phases are encoded once. */
  split?: boolean;
  /** `fp16` stores weights and computes products in float16, and compares both on a sample (default: `fp32`). */
  precision?: ModelPrecision;
  /** Allow tensors that the graph does not use. */
  allowUnused?: boolean;
}

/** The result of `importModel`. Fields of checkpoints are null for an ONNX model. */
export interface ImportReport extends OnnxReport {
  readonly architecture: Architecture | PrithviArchitecture | null;
  readonly statistics: ChosenStatistics | null;
  /** Trained scalars that the graph uses. */
  readonly parameters: number | null;
  readonly nodes: number | null;
  readonly gflopPerChip: number | null;
  readonly leftovers: Leftovers;
  /** The comparison with float32; null for a model in float32. */
  readonly halfPrecision: HalfPrecisionReport | null;
}

const HASH_BYTES = 2 ** 22;
const PHASE_GRAPHS = { encoder: 'encoder.onnx', decoder: 'decoder.onnx' };

/** Options for checkpoints only. */
const CHECKPOINT_ONLY = [
  'weights',
  'statistics',
  'modalities',
  'timestamps',
  'pooling',
  'merge',
  'heads',
  'taps',
  'split',
  'precision',
  'sample',
  'sampleChips',
  'provider',
  'allowUnused',
] as const satisfies readonly (keyof ImportOptions)[];

/** Options that a checkpoint of Prithvi-EO does not take. */
const NOT_PRITHVI = [
  ...ONNX_ONLY.filter((name) => name !== 'bands' && name !== 'pixelSize'),
  ...(['modalities', 'merge', 'pooling', 'split'] as const),
];

/** Makes a model folder of a TerraMind or Prithvi-EO checkpoint, or of an ONNX model. */
export async function importModel(options: ImportOptions): Promise<ImportReport> {
  if (options.precision === 'fp16') await requireRuntime(options.provider);
  const path = await findModelFile(options.checkpoint);
  await using source = await openSource(path, { signal: options.signal });
  const disk = await planDisk(options.output, source.size * (options.split === true ? 2 : 1));
  reportPlan(options, 'model import', {
    reads: `${source.size} bytes of ${path}`,
    writes: `a model folder to ${options.output}`,
    disk,
  });
  if (!(await isOnnx(source, options.signal))) return await importCheckpoint(path, options);
  refuseOptions(options, CHECKPOINT_ONLY, 'is for checkpoints, and the file is an ONNX model');
  const report = await importOnnx(source, path, options);
  return { ...report, ...NOT_A_CHECKPOINT };
}

const NOT_A_CHECKPOINT = {
  architecture: null,
  statistics: null,
  parameters: null,
  nodes: null,
  gflopPerChip: null,
  leftovers: { expected: {}, unused: [] },
  halfPrecision: null,
};

function refuseOptions(options: ImportOptions, names: readonly (keyof ImportOptions)[], why: string): void {
  const wrong = names.find((name) => options[name] !== undefined);
  if (wrong !== undefined) throw invalidOption(wrong, why, 'leave it out');
}

async function importCheckpoint(path: string, options: ImportOptions): Promise<ImportReport> {
  const { output, signal, onProgress, precision = 'fp32' } = options;
  if (precision === 'fp32') refuseSample(options);
  const { weights } = options;
  const sources = await checkpointFiles(path, { signal });
  const checkpoint = await openCheckpointFile(path, { signal, weights });
  try {
    if (checkpoint.leavesEma === true) {
      const message = `${path} also holds averaged weights, which \`weights\` ema would take`;
      onProgress?.({ type: 'warning', message });
    }
    const isOther = isPrithvi(checkpoint);
    const elsewhere = isOther ? NOT_PRITHVI : ONNX_ONLY;
    refuseOptions(options, elsewhere, `is not for checkpoints of ${isOther ? 'Prithvi-EO' : 'TerraMind'}`);
    const model = isOther ? readPrithvi(checkpoint, options) : readTerramind(checkpoint, options);
    const { architecture, whole, leftovers, parameters, assumed } = model;
    if (options.allowUnused !== true) refuseUnused(checkpoint.name, leftovers, architecture);
    onProgress?.({ type: 'stage', stage: 'hash' });
    const sha256 = await hashOf(sources, signal);
    const file = { name: basename(checkpoint.name), sha256 };
    const { card: bare, statistics } = await model.describe(file, options.name ?? nameOf(file.name));
    const gflopPerChip = whole.graph.operations / 1e9;
    const card: ModelSpec = {
      ...bare,
      provenance: {
        source: { file: file.name, format: checkpoint.format, sha256 },
        ...(weights === undefined ? {} : { weights }),
        statistics: { name: statistics.name, why: statistics.why, source: statistics.source },
        architecture: model.facts,
        parameters,
        gflopPerChip: Number(gflopPerChip.toFixed(3)),
        leftOut: leftovers,
        precision,
        builtBy: 'terrachip model import',
      },
    };
    const inputs = [sources, options.statistics ?? [], options.sample ?? []].flat();
    const sample = precision === 'fp16' ? await readSample(card, options) : null;
    const { files, spec, half } = await replaceFolder(output, inputs, async (staging) => {
      const written: string[] = [];
      for (const [name, { graph }] of new Map([['model', whole], ...model.parts])) {
        onProgress?.({ type: 'stage', stage: `write ${name}.onnx` });
        const form: Graph = sample === null ? graph : halfPrecision(graph, 'float16', checkpoint.name);
        written.push(...(await writeModelFile(staging, name, form, signal)));
      }
      const described: ModelSpec = {
        ...card,
        ...(options.split === true ? { phaseGraphs: PHASE_GRAPHS } : {}),
      };
      const tried =
        sample === null
          ? null
          : await tryHalfPrecision(staging, whole.graph, card, sample, checkpoint.name, options);
      if (tried !== null) described.provenance = { ...card.provenance, halfPrecision: tried };
      await writeJson(join(staging, CARD), parseModelSpec(described, join(output, CARD)));
      return { files: [...written, CARD], spec: described, half: tried };
    });
    return {
      output,
      files,
      sha256,
      spec,
      assumed,
      architecture,
      statistics,
      parameters,
      nodes: whole.graph.nodes.length,
      gflopPerChip,
      leftovers,
      halfPrecision: half,
    };
  } finally {
    await checkpoint.dispose();
  }
}

/** A valid model name from a file name. */
function nameOf(file: string): string {
  return file
    .replace(/(\.safetensors\.index)?\.\w+$/, '')
    .replace(/[^\w.-]+/g, '-')
    .slice(0, 64);
}

function refuseSample({ sample, sampleChips }: ImportOptions): void {
  if (sample === undefined && sampleChips === undefined) return;
  throw invalidOption(
    sample === undefined ? 'sampleChips' : 'sample',
    'is for models in float16',
    'set `precision` to fp16, or leave it out',
  );
}

function refuseUnused(name: string, { unused }: Leftovers, { decoder, prefix }: Segmentation): void {
  if (unused.length === 0) return;
  const shown = `${unused.slice(0, 5).join(', ')}${unused.length > 5 ? ', …' : ''}`;
  if (
    decoder === null &&
    unused.some((tensor) => /^(neck|decoder|head)\./.test(tensor.slice(prefix.length)))
  ) {
    const remedy = 'give a model with one of those, or import only the encoder with `allowUnused`';
    throw invalidInput(name, `has a decoder other than UNet, UperNet, FCN and Linear (${shown})`, remedy);
  }
  throw invalidInput(
    name,
    `has ${unused.length} tensor${unused.length === 1 ? '' : 's'} that the model does not use (${shown})`,
    'give a checkpoint of one model, or allow them with `allowUnused`',
  );
}

async function hashOf(files: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    await using source = await openSource(file, { signal });
    for (let offset = 0; offset < source.size; offset += HASH_BYTES) {
      const length = Math.min(HASH_BYTES, source.size - offset);
      hash.update(await source.read(offset, length, { signal }));
    }
  }
  return hash.digest('hex');
}
