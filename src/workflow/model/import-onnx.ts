/** Imports an ONNX model: copies the graph with its external data, and describes it in `model.json`. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { invalidInput } from '../../errors.js';
import { MODEL_SCHEMA_VERSION, type ModelSpec, parseModelSpec } from '../../inference/model-spec.js';
import { readModelSpec } from '../../inference/node/index.js';
import { type OnnxInfo, readOnnxInfo } from '../../inference/onnx/index.js';
import type { ByteSource } from '../../io/index.js';
import { openSource } from '../../io/node/index.js';
import { writeAtomically, writeJson } from '../../io/node/output.js';
import { isAddress } from '../../io/schemes.js';
import type { OperationOptions } from '../../progress.js';
import { CARD, FILES, replaceFolder } from './model-file.js';
import { describeInputs, type Notes, type OnnxInputOptions, plainName } from './onnx-input.js';
import { readMetadata } from './onnx-metadata.js';
import { describeOutput, type OnnxOutputOptions } from './onnx-output.js';
import { tryOnnx } from './onnx-trial.js';

/** What an ONNX file does not say about its model. */
export interface OnnxOptions extends OnnxInputOptions, OnnxOutputOptions {
  /** A model folder, or the name of a bundled model, that has the same bands, units, statistics or classes. */
  like?: string;
  /** The pixel size that the model was trained on, in metres. */
  pixelSize?: number;
  /** Do not run the graph once on a synthetic chip on the CPU to compare its output with the card (default false). */
  skipTrial?: boolean;
}

/** Names of the options that only an ONNX model takes. */
export const ONNX_ONLY = [
  'like',
  'bands',
  'units',
  'mean',
  'std',
  'scale',
  'layout',
  'outputName',
  'task',
  'activation',
  'values',
  'pixelSize',
  'skipTrial',
] as const satisfies readonly Exclude<keyof OnnxOptions, 'phases' | 'classes'>[];

interface ImportOnnxOptions extends OnnxOptions, OperationOptions {
  output: string;
  name?: string;
  chip?: number;
  stride?: number;
}

/** The result of the import of an ONNX model. */
export interface OnnxReport {
  readonly output: string;
  readonly files: readonly string[];
  /** The graph's, without external data. */
  readonly sha256: string;
  readonly spec: ModelSpec;
  /** What was assumed, since neither the graph nor the options state it, in sentences. */
  readonly assumed: readonly string[];
}

const DEFAULT_CHIP = 256;
const STRIDE_SHARE = 3 / 4;
const COPY_BYTES = 2 ** 22;
const GRAPH = 'model.onnx';

/**
 * The model file in a folder: an ONNX file, else the index of several safetensors files, or the only one.
 * @returns `path` itself if it is no folder
 * @throws {TerrachipError} INVALID_INPUT for a folder without such a file, or with several
 */
export async function findModelFile(path: string): Promise<string> {
  if (isAddress(path) || (await stat(path).catch(() => null))?.isDirectory() !== true) return path;
  const names = (await readdir(path)).sort();
  const kinds = [/\.onnx$/i, /\.safetensors\.index\.json$/i, /\.(safetensors|pt|pth|ckpt)$/i];
  const [found = []] = kinds
    .map((kind) => names.filter((name) => kind.test(name)))
    .filter(({ length }) => length > 0);
  if (found.includes(GRAPH)) return join(path, GRAPH);
  if (found.length === 1) return join(path, found[0]);
  const problem = found.length === 0 ? 'holds no ONNX file' : `holds several: ${found.join(', ')}`;
  throw invalidInput(path, problem, 'give the path of an .onnx file or of a checkpoint');
}

/** Whether a file is an ONNX model, by its ending or else its first bytes; checkpoints begin otherwise. */
export async function isOnnx(source: ByteSource, signal?: AbortSignal): Promise<boolean> {
  if (/\.onnx$/i.test(source.name)) return true;
  const BRACE = 0x7b;
  const IR_VERSION_FIELD = 0x08;
  const head = await source.read(0, Math.min(source.size, 9), { signal });
  return head[0] === IR_VERSION_FIELD && head[8] !== BRACE;
}

/**
 * Imports an ONNX model.
 * @param source the graph; the caller disposes of it
 * @param path where it lies, and its external data beside it
 * @throws {TerrachipError} INVALID_INPUT with all that is missing or does not fit
 */
export async function importOnnx(
  source: ByteSource,
  path: string,
  options: ImportOnnxOptions,
): Promise<OnnxReport> {
  const { output, signal, onProgress } = options;
  const info = await readOnnxInfo(source, { signal });
  const external = info.externalFiles;
  const taken = external.find((name) => FILES.includes(name) && name !== `${GRAPH}.data`);
  if (taken !== undefined) {
    const remedy = 'save the model again with another name for its external data';
    throw invalidInput(source.name, `has weights in ${taken}, a name of terrachip’s own`, remedy);
  }
  const like = options.like === undefined ? null : await readModelSpec(options.like);
  const described = describeGraph(info, source.name, options, like);
  const places = external.map((name) =>
    isAddress(path) ? new URL(name, path).href : join(dirname(path), name),
  );
  for (const place of places) await (await openSource(place, { signal })).dispose();
  // The runtime reads local files only.
  const isLocal = !isAddress(path);
  const known = isLocal ? await tried(path, described, source.name, options) : described;
  const files = [GRAPH, ...external, CARD];
  const write = async (staging: string) => {
    onProgress?.({ type: 'stage', stage: 'copy' });
    const sha256 = await copy(source, join(staging, GRAPH), signal);
    for (const [k, name] of external.entries()) {
      await using data = await openSource(places[k], { signal });
      await mkdir(dirname(join(staging, name)), { recursive: true });
      await copy(data, join(staging, name), signal);
    }
    const { card, assumed } = isLocal
      ? known
      : await tried(join(staging, GRAPH), described, source.name, options);
    const provenance = {
      source: { file: basename(source.name), format: 'onnx', sha256 },
      ...(info.producer === '' ? {} : { producer: info.producer }),
      assumed,
      builtBy: 'terrachip model import',
    };
    const spec = { ...card, provenance };
    await writeJson(join(staging, CARD), spec);
    return { files, sha256, spec, assumed };
  };
  const { sha256, spec, assumed } = await replaceFolder(output, [path, ...places], write, external);
  return { output, files, sha256, spec, assumed };
}

/** The card without provenance, and what was assumed. */
interface Described {
  readonly card: ModelSpec;
  readonly assumed: readonly string[];
}

/** The card after a trial, by whose values an assumed activation is corrected. @throws as `tryOnnx` */
async function tried(
  path: string,
  { card, assumed }: Described,
  file: string,
  options: ImportOnnxOptions,
): Promise<Described> {
  const { activation, skipTrial = false, signal, onProgress } = options;
  if (skipTrial) return { card, assumed };
  const assumesActivation = activation === undefined;
  const found = await tryOnnx(path, card, { file, assumesActivation, signal, onProgress });
  const { output } = card;
  if (found === null || !('classes' in output)) return { card, assumed };
  const sentence = `${output.name} are probabilities, since they sum to 1 over the classes of a made-up chip (\`activation\` none)`;
  return {
    card: parseModelSpec({ ...card, output: { ...output, activation: 'none' } }, `the card of ${file}`),
    assumed: [...assumed.filter((each) => !each.includes('(`activation` ')), sentence],
  };
}

/** @throws as `importOnnx` */
function describeGraph(
  info: OnnxInfo,
  file: string,
  options: ImportOnnxOptions,
  like: ModelSpec | null,
): Described {
  const notes: Notes = { problems: [], assumed: [] };
  const metadata = readMetadata(info);
  const given = { metadata, like };
  const { inputs, phases, size } = describeInputs(info, options, given, notes);
  const chip = chipOf(size, options, metadata, notes);
  const isLast = inputs.length > 0 && inputs.every(({ layout = '' }) => layout.endsWith('C'));
  const described = describeOutput(info, options, given, chip.size, isLast, notes);
  const { problems, assumed } = notes;
  if (problems.length > 0)
    throw invalidInput(
      file,
      `cannot be imported: ${problems.join('; ')}`,
      'correct the options or the model',
    );
  const stem = plainName(basename(file).replace(/\.\w+$/, ''));
  const name = options.name ?? (stem === 'model' ? plainName(basename(resolve(options.output))) : stem);
  const pixelSize = options.pixelSize ?? like?.pixelSize ?? metadata.pixelSize;
  const document = {
    schemaVersion: MODEL_SCHEMA_VERSION,
    name,
    version: '1',
    description: metadata.description ?? '',
    inputs,
    phases,
    validity: 'all',
    chip,
    ...(pixelSize === undefined ? {} : { pixelSize }),
    output: described,
    licence: metadata.licence ?? 'unknown',
    limitations: 'not stated',
  };
  return { card: parseModelSpec(document, `the card of ${file}`), assumed };
}

/** The size of chips, and the distance between them. */
function chipOf(
  size: number | undefined,
  options: ImportOnnxOptions,
  metadata: { readonly chip?: number; readonly stride?: number },
  { problems, assumed }: Notes,
): { size: number; stride: number } {
  const { chip, stride } = options;
  if (size !== undefined && chip !== undefined && chip !== size) {
    problems.push(`\`chip\` cannot be ${chip}: the graph takes ${size} × ${size} pixels`);
  }
  const side = size ?? chip ?? metadata.chip ?? DEFAULT_CHIP;
  if (chip === undefined) {
    const why = size === undefined ? 'the graph takes any size (`chip`)' : 'as the graph takes them';
    assumed.push(`chips are ${side} × ${side} pixels, ${why}`);
  }
  const step = stride ?? metadata.stride ?? Math.round(STRIDE_SHARE * side);
  if (step > side)
    problems.push(`\`stride\` cannot be ${step} for chips of ${side} pixels, which would leave gaps`);
  if (stride === undefined) assumed.push(`a chip begins every ${step} pixels (\`stride\`)`);
  return { size: side, stride: step };
}

/** Copies a source into a file. @returns its SHA-256 */
async function copy(source: ByteSource, path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  await writeAtomically(path, async (file) => {
    for (let offset = 0; offset < source.size; offset += COPY_BYTES) {
      const length = Math.min(COPY_BYTES, source.size - offset);
      const bytes = await source.read(offset, length, { signal });
      hash.update(bytes);
      await file.writeFile(bytes);
    }
  });
  return hash.digest('hex');
}
