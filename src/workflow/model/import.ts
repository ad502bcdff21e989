import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { invalidInput, invalidOption } from '../../errors.js';
import { type EmbeddingManifest, type ModelManifest, openCheckpoint } from '../../inference/index.js';
import { writeGraph } from '../../inference/onnx/index.js';
import {
  type Architecture,
  type ArchitectureOptions,
  countParameters,
  decoderGraph,
  detectArchitecture,
  encoderGraph,
  findLeftovers,
  type Leftovers,
  type TerramindGraph,
  wholeGraph,
} from '../../inference/terramind/index.js';
import type { ByteSource } from '../../io/index.js';
import { makeFolder, openSource, writeAtomically, writeJson } from '../../io/node/index.js';
import type { OperationOptions } from '../../progress.js';
import { type ChosenStatistics, cardPath, chooseStatistics, makeCard } from './card.js';

export interface ImportOptions extends OperationOptions, ArchitectureOptions {
  /** A file of torch.save or of safetensors. */
  checkpoint: string;
  /** The model folder to write. */
  output: string;
  name?: string;
  /** Height and width of chips, a multiple of 16 (default 256; for an encoder alone 224, as in pre-training). */
  chip?: number;
  /** Pixels from one chip to the next (default: 13/16 of the chip, as in ImpactMesh; for an encoder the whole). */
  stride?: number;
  /** A name of `STATISTICS_NAMES` or a JSON file (default: what fits the checkpoint). */
  statistics?: string;
  phases?: readonly string[];
  classes?: readonly string[];
  /** Also write encoder.onnx and decoder.onnx, so that a phase that comes twice is encoded once. */
  split?: boolean;
  /** Go on although tensors remain that the graph has no place for. */
  allowUnused?: boolean;
}

export interface ImportReport {
  readonly output: string;
  readonly files: readonly string[];
  readonly sha256: string;
  readonly manifest: ModelManifest | EmbeddingManifest;
  readonly architecture: Architecture;
  readonly statistics: ChosenStatistics;
  /** Trained scalars of the checkpoint that the graph is made of. */
  readonly parameters: number;
  readonly nodes: number;
  readonly gflopPerChip: number;
  readonly leftovers: Leftovers;
}

const DEFAULT_CHIP = { segmentation: 256, encoder: 224 };
const STRIDE_SHARE = 13 / 16;
const HASH_BYTES = 2 ** 22;

/**
 * Makes a model folder of a TerraMind checkpoint: `model.onnx` and `model.json`, and with `split` `encoder.onnx` and
 * `decoder.onnx`. Tensors are read and written one by one: memory stays below twice the largest.
 * @throws {TerrachipError} INVALID_INPUT for what is no complete TerraMind checkpoint, or has tensors left over;
 * INVALID_OPTION for options that do not fit it; DISK
 */
export async function importModel(options: ImportOptions): Promise<ImportReport> {
  const { output, signal, onProgress } = options;
  const source = await openSource(options.checkpoint, signal === undefined ? {} : { signal });
  const checkpoint = await openCheckpoint(source, signal === undefined ? {} : { signal }).catch(
    async (error: unknown) => {
      await source.close();
      throw error;
    },
  );
  try {
    const architecture = detectArchitecture(checkpoint, withDefaultModalities(options, checkpoint.tensors));
    const kind = architecture.decoder === null ? 'encoder' : 'segmentation';
    const chip = options.chip ?? DEFAULT_CHIP[kind];
    const size = { height: chip, width: chip };
    const whole = wholeGraph(checkpoint, architecture, size);
    const leftovers = findLeftovers(checkpoint, architecture, whole.used);
    refuseUnused(checkpoint.name, leftovers, options.allowUnused === true);
    const graphs = new Map<string, TerramindGraph>([['model', whole]]);
    if (options.split === true) {
      if (kind === 'encoder') {
        throw invalidOption('--split', 'has nothing to split: the checkpoint is an encoder', 'leave it out');
      }
      graphs.set('encoder', encoderGraph(checkpoint, architecture, size));
      graphs.set('decoder', decoderGraph(checkpoint, architecture, size));
    }
    if (architecture.merge === 'dict') {
      throw invalidOption('--merge', 'cannot be dict in a model folder', 'choose mean, max or concat');
    }
    onProgress?.({ type: 'stage', stage: 'hash' });
    const sha256 = await hashOf(source, signal);
    const statistics = await chooseStatistics(
      architecture,
      { name: basename(checkpoint.name), sha256 },
      options.statistics,
    );
    const parameters = countParameters(checkpoint, whole.used);
    const gflopPerChip = whole.graph.operations / 1e9;
    const stride = options.stride ?? Math.round((kind === 'encoder' ? 1 : STRIDE_SHARE) * chip);
    const { encoder, modalities, timestamps, pooling, merge, taps, decoder } = architecture;
    const card = makeCard(architecture, statistics, {
      name:
        options.name ??
        basename(checkpoint.name)
          .replace(/\.\w+$/, '')
          .slice(0, 64),
      chip,
      stride,
      ...(options.phases === undefined ? {} : { phases: options.phases }),
      ...(options.classes === undefined ? {} : { classes: options.classes }),
      provenance: {
        source: { file: basename(checkpoint.name), format: checkpoint.format, sha256 },
        statistics: { name: statistics.name, why: statistics.why, source: statistics.source },
        architecture: {
          ...encoder,
          modalities: modalities.map(({ name }) => name),
          merge,
          timestamps,
          pooling,
          taps: [...taps],
          decoder,
        },
        parameters,
        gflopPerChip: Number(gflopPerChip.toFixed(3)),
        leftOut: leftovers,
        builtBy: 'terrachip model import',
      },
    });
    const phaseGraphs = { encoder: 'encoder.onnx', decoder: 'decoder.onnx' };
    const manifest = options.split === true ? { ...card, phaseGraphs } : card;
    await makeFolder(output);
    const files: string[] = [];
    for (const [name, { graph }] of graphs) {
      onProgress?.({ type: 'stage', stage: `write ${name}.onnx` });
      files.push(...(await writeModelFile(output, name, graph, signal)));
    }
    await writeJson(cardPath(output), manifest);
    files.push('model.json');
    const nodes = whole.graph.nodes.length;
    return {
      output,
      files,
      sha256,
      manifest,
      architecture,
      statistics,
      parameters,
      nodes,
      gflopPerChip,
      leftovers,
    };
  } finally {
    await checkpoint.close();
  }
}

/** Encoders are published with more modalities than anybody has: the three that flood models take, where they are. */
function withDefaultModalities(
  options: ArchitectureOptions,
  tensors: ReadonlyMap<string, unknown>,
): ArchitectureOptions {
  const DEFAULT = { S2L2A: 'untok_sen2l2a@224', S1RTC: 'untok_sen1rtc@224', DEM: 'untok_dem@224' };
  const bare = tensors.has('encoder_norm.weight');
  const found = Object.entries(DEFAULT).flatMap(([name, key]) =>
    tensors.has(`encoder_embeddings.${key}.proj.weight`) ? [name] : [],
  );
  return options.modalities === undefined && bare && found.length > 0
    ? { ...options, modalities: found }
    : options;
}

function refuseUnused(name: string, { unused }: Leftovers, allowed: boolean): void {
  if (unused.length === 0 || allowed) return;
  const shown = unused.slice(0, 5).join(', ');
  throw invalidInput(
    name,
    `has ${unused.length} tensors that the model has no place for (${shown}${unused.length > 5 ? ', …' : ''})`,
    'give a checkpoint of one TerraMind model, or go on with --allow-unused',
  );
}

async function hashOf(source: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < source.size; offset += HASH_BYTES) {
    const length = Math.min(HASH_BYTES, source.size - offset);
    hash.update(await source.read(offset, length, signal === undefined ? {} : { signal }));
  }
  return hash.digest('hex');
}

/** Writes NAME.onnx, and NAME.onnx.data beside it where one file cannot hold everything. */
async function writeModelFile(
  folder: string,
  name: string,
  graph: TerramindGraph['graph'],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const file = `${name}.onnx`;
  const data = `${file}.data`;
  let written = 0;
  const into = (handle: FileHandle) => async (bytes: Uint8Array) => {
    await handle.writeFile(bytes);
  };
  await writeAtomically(join(folder, data), async (external) => {
    await writeAtomically(join(folder, file), (main) =>
      writeGraph(graph, into(main), {
        ...(signal === undefined ? {} : { signal }),
        external: {
          name: data,
          write: async (bytes) => {
            written += bytes.length;
            await into(external)(bytes);
          },
        },
      }),
    );
  });
  if (written > 0) return [file, data];
  await rm(join(folder, data));
  return [file];
}
