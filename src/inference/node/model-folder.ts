import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { openSource } from '../../io/node/index.js';
import { readJson } from '../../io/node/json.js';
import { nearestOf } from '../../json/keys.js';
import type { OnProgress } from '../../progress.js';
import { HostGraph } from '../host-graph.js';
import type { ModelGraphs } from '../model-graph.js';
import { isMapSpec, type MapSpec, type ModelSpec, parseModelSpec } from '../model-spec.js';
import { type OnnxInfo, readOnnxInfo } from '../onnx/index.js';
import { ModelSession } from '../session.js';
import { convolvedWrongly, wrongConvolution } from '../webgpu-fault.js';
import { BUNDLED, bundledModel } from './bundled.js';
import { ModelThreads } from './model-threads.js';
import { availableProviders, loadOnnxRuntime, providersToTry } from './onnx-runtime.js';
import type { HostProviderChoice } from './provider-choice.js';

/** A folder with `model.json` and the files of the model's graphs. */
export interface ModelFolder<Spec extends ModelSpec = ModelSpec> {
  readonly path: string;
  readonly spec: Spec;
  /** Paths of the graphs. */
  readonly graphs: ModelGraphs<string>;
  /** SHA-256 of the specification, the graphs and their external data. */
  readonly sha256: string;
}

/**
 * Reads and checks the folder of a model that maps pixels. `openSession` loads the graphs.
 * @param model a folder, or the name of a bundled model
 * @throws {TerrachipError} INVALID_INPUT for an encoder, or for a folder that is not a model; NOT_FOUND
 */
export async function openModel(model: string): Promise<ModelFolder<MapSpec>> {
  const path = await findModel(model);
  const spec = await readSpec(path);
  if (!isMapSpec(spec)) {
    const problem = 'is an encoder, which returns embeddings, not classes';
    throw invalidInput(path, problem, 'give a segmentation model, or embed the scene (terrachip embed)');
  }
  return openFolder(path, spec, ('phaseGraphs' in spec ? spec.phaseGraphs : undefined) ?? { whole: WHOLE });
}

/**
 * Reads and checks the folder of a model for embeddings: an encoder, or a segmentation in two graphs.
 * @throws {TerrachipError} INVALID_INPUT for a segmentation in one graph; NOT_FOUND
 */
export async function openEmbeddingModel(model: string): Promise<ModelFolder> {
  const path = await findModel(model);
  const spec = await readSpec(path);
  if ('tokens' in spec.output) return openFolder(path, spec, { whole: WHOLE });
  const encoder = 'phaseGraphs' in spec ? spec.phaseGraphs?.encoder : undefined;
  if (encoder !== undefined) return openFolder(path, spec, { encoder });
  const problem = 'is a segmentation in one graph, which returns no embeddings';
  throw invalidInput(path, problem, 'import the checkpoint with `split`, or import an encoder');
}

/** The file of a model in one graph. */
const WHOLE = 'model.onnx';

/**
 * The folder of a model.
 * @param model a folder, or else the name of a bundled model
 * @throws {TerrachipError} NOT_FOUND
 */
export async function findModel(model: string): Promise<string> {
  const isThere = (await stat(model).catch(() => null)) !== null;
  if (isThere) return model;
  if (BUNDLED.includes(model)) return bundledModel(model);
  const nearest = nearestOf(basename(model), BUNDLED);
  throw new TerrachipError(
    'NOT_FOUND',
    `${model} does not exist, and is not the name of a bundled model (${BUNDLED.join(', ')})`,
    nearest === null ? 'give a folder with model.json' : `did you mean ${nearest}?`,
    { source: model },
  );
}

/** Reads a model's specification. @param model a folder, or the name of a bundled model */
export async function readModelSpec(model: string): Promise<ModelSpec> {
  return readSpec(await findModel(model));
}

async function readSpec(path: string): Promise<ModelSpec> {
  const folder = await stat(path);
  const name = join(path, 'model.json');
  const remedy =
    'give a folder with model.json, which terrachip model import makes of an ONNX file or a checkpoint';
  if (!folder.isDirectory()) throw invalidInput(path, 'is not a model folder', remedy);
  if ((await stat(name).catch(() => null)) === null) {
    throw new TerrachipError('NOT_FOUND', `${path} holds no model.json`, remedy, { source: path });
  }
  return parseModelSpec(await readJson(name), name);
}

/** @param graphs names of files in the folder */
async function openFolder<Spec extends ModelSpec>(
  path: string,
  spec: Spec,
  graphs: ModelGraphs<string>,
): Promise<ModelFolder<Spec>> {
  const names: string[] = Object.values(graphs);
  const found = (await readdir(path)).filter((name) => /\.(json|onnx|onnx\.data|data)$/.test(name));
  requireFiles(path, names, found);
  const infos = await Promise.all(names.map((name) => readGraphFile(join(path, name))));
  const external = infos.flatMap(({ externalFiles }) => externalFiles);
  const files = [...new Set([...found, ...external])].sort();
  for (const name of external) {
    if ((await stat(join(path, name)).catch(() => null))?.isFile() !== true) requireFiles(path, [name], []);
  }
  const hash = createHash('sha256');
  for (const name of files) {
    hash.update(`${name}\0`);
    for await (const piece of createReadStream(join(path, name))) hash.update(piece as Uint8Array);
  }
  const paths = Object.fromEntries(Object.entries(graphs).map(([key, name]) => [key, join(path, name)]));
  return {
    path,
    spec: withActivation(spec, infos),
    graphs: paths as ModelGraphs<string>,
    sha256: hash.digest('hex'),
  };
}

/** @throws {TerrachipError} NOT_FOUND for a name that was not found */
function requireFiles(path: string, names: readonly string[], found: readonly string[]): void {
  const missing = names.find((name) => !found.includes(name));
  if (missing === undefined) return;
  const problem = `${path} holds no ${missing}`;
  throw new TerrachipError('NOT_FOUND', problem, 'give a complete model folder', { source: path });
}

/** Reads the inputs, outputs and external files of an ONNX file. @throws as `readOnnxInfo` */
export async function readGraphFile(path: string): Promise<OnnxInfo> {
  await using source = await openSource(path);
  return await readOnnxInfo(source);
}

/** A specification that does not say what to apply to the output: nothing, if the graph ends in Softmax or Sigmoid. */
function withActivation<Spec extends ModelSpec>(spec: Spec, infos: readonly OnnxInfo[]): Spec {
  const { output } = spec;
  if (!('classes' in output) || output.activation !== undefined) return spec;
  const last = infos.flatMap(({ outputs, lastOperators }) =>
    lastOperators.filter((_, k) => outputs[k].name === output.name),
  );
  return last.some((name) => name === 'Softmax' || name === 'Sigmoid')
    ? { ...spec, output: { ...output, activation: 'none' } }
    : spec;
}

/** Options of `openSession`. */
export interface OpenSessionOptions {
  /** Default: `auto`. */
  provider?: HostProviderChoice;
  /** Whether the backend's adapter is a hardware GPU; `auto` takes webgpu only then (default false). */
  hasHardwareGpu?: boolean;
  threads?: number;
  /** Chips that the model runs at a time, as in `ExecutionOptions`. */
  chipsAtOnce?: number;
  /** Encode equal phases once (default true), for models in two graphs. The results are identical. */
  reusePhases?: boolean;
  /** Gets a warning where `auto` passes over webgpu, which computes a convolution of the model wrongly. */
  onProgress?: OnProgress;
}

/**
 * Creates a session with the first provider that works. Dispose of it when done.
 * @throws {TerrachipError} INVALID_INPUT when no provider loads the model, or when webgpu, if chosen, computes a convolution
 * of it wrongly; MISSING_DEPENDENCY
 */
export async function openSession<Spec extends ModelSpec>(
  { spec, graphs }: Pick<ModelFolder<Spec>, 'spec' | 'graphs'>,
  options: OpenSessionOptions = {},
): Promise<ModelSession<Spec>> {
  const { provider: choice = 'auto', hasHardwareGpu = false, threads, reusePhases, onProgress } = options;
  const { chipsAtOnce = 0 } = options;
  const runtime = await loadOnnxRuntime();
  let failure: unknown;
  for (const provider of providersToTry(choice, await availableProviders(), hasHardwareGpu)) {
    const wrong = provider === 'webgpu' ? await wronglyConvolvedIn(Object.values(graphs)) : null;
    if (wrong !== null) {
      failure = wrongConvolution(wrong.path, provider, wrong.convolution);
      if (choice === 'auto')
        onProgress?.({ type: 'warning', message: `webgpu is not used: ${messageOf(failure)}` });
      continue;
    }
    try {
      const own = provider === 'cpu' && chipsAtOnce > 0 ? await startThreads(graphs, chipsAtOnce) : null;
      if (own === null) {
        return await ModelSession.create(runtime, graphs, spec, { provider, threads, reusePhases });
      }
      const each = Math.max(1, Math.floor((threads ?? availableParallelism()) / own.calls));
      const load = async (path: string) => new HostGraph(await own.load(path, { provider, threads: each }));
      return await ModelSession.load(spec, graphs, load, { reusePhases });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Threads for a model; only one for a graph that takes batches of one size, which cannot be divided. */
async function startThreads(graphs: ModelGraphs<string>, chipsAtOnce: number): Promise<ModelThreads | null> {
  const inputs = 'whole' in graphs ? (await readGraphFile(graphs.whole)).inputs : [];
  const isFixed = inputs.some(({ shape }) => {
    const [batch] = shape ?? [];
    return typeof batch === 'number' && batch > 0;
  });
  return ModelThreads.start(isFixed ? 1 : chipsAtOnce);
}

/** The first convolution of graphs that the provider webgpu computes wrongly. */
async function wronglyConvolvedIn(
  paths: readonly string[],
): Promise<{ path: string; convolution: string } | null> {
  for (const path of paths) {
    const convolution = convolvedWrongly(await readGraphFile(path));
    if (convolution !== null) return { path, convolution };
  }
  return null;
}
