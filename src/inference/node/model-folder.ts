import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidInput, TerrachipError } from '../../errors.js';
import { readJson } from '../../io/node/json.js';
import { nearestOf } from '../../json/keys.js';
import { Embedder } from '../embedder.js';
import { type EmbeddingManifest, type ModelManifest, parseManifest } from '../manifest.js';
import { ModelSession, type OnnxRuntime, type SessionOptions } from '../session.js';
import { availableProviders, loadOnnxRuntime, providersToTry } from './onnx-runtime.js';
import type { HostProviderChoice } from './provider-choice.js';

/** A folder with `model.json` and `model.onnx`. */
export interface ModelFolder {
  readonly path: string;
  readonly manifest: ModelManifest;
  /** SHA-256 over the manifest, the graph and its external data: what a map's provenance names. */
  readonly sha256: string;
}

/** A folder whose model embeds chips: an encoder, or a segmentation in two graphs. */
export interface EmbeddingFolder {
  readonly path: string;
  readonly manifest: ModelManifest | EmbeddingManifest;
  /** The file of the graph that embeds. */
  readonly graph: string;
  readonly sha256: string;
}

/**
 * Reads and checks a model folder; the graph itself is loaded by `openSession`.
 * @param model a folder, or the name of a model that comes with the package
 * @throws {TerrachipError} INVALID_INPUT for what is none, or for an encoder; NOT_FOUND
 */
export async function openModel(model: string): Promise<ModelFolder> {
  const path = await findModel(model);
  const { document, name } = await readManifest(path);
  const manifest = parseManifest(document, name);
  if (!isSegmentation(manifest)) {
    throw invalidInput(
      path,
      'is an encoder, which gives embeddings and no map',
      'give a model for segmentation, or run terrachip embed',
    );
  }
  const { encoder, decoder } = manifest.phaseGraphs ?? {};
  const graphs = encoder === undefined || decoder === undefined ? ['model.onnx'] : [encoder, decoder];
  return { path, manifest, sha256: await hashFolder(path, graphs) };
}

/**
 * Reads and checks the folder of a model that embeds chips; its graph is loaded by `openEmbedder`.
 * @throws {TerrachipError} INVALID_INPUT for a segmentation in one graph; NOT_FOUND
 */
export async function openEmbeddingModel(model: string): Promise<EmbeddingFolder> {
  const path = await findModel(model);
  const { document, name } = await readManifest(path);
  const manifest = parseManifest(document, name);
  const graph = 'tokens' in manifest.output ? 'model.onnx' : phaseGraphsOf(manifest)?.encoder;
  if (graph === undefined) {
    throw invalidInput(
      path,
      'is a segmentation in one graph, which gives no embeddings',
      'import the checkpoint with `split`, or import an encoder',
    );
  }
  return { path, manifest, graph, sha256: await hashFolder(path, [graph]) };
}

function phaseGraphsOf(manifest: ModelManifest | EmbeddingManifest): ModelManifest['phaseGraphs'] {
  return isSegmentation(manifest) ? manifest.phaseGraphs : undefined;
}

function isSegmentation(manifest: ModelManifest | EmbeddingManifest): manifest is ModelManifest {
  return 'classes' in manifest.output;
}

/** Models that come with the package. */
const BUNDLED = ['demo-flood', 'demo-water-s1', 'water-threshold'];

/** The folder of a model that comes with the package. */
export function bundledModel(name: string): string {
  return fileURLToPath(new URL(`../../../models/${name}`, import.meta.url));
}

/**
 * The folder of a model.
 * @param model a folder; where there is none, the name of a model that comes with the package
 * @throws {TerrachipError} NOT_FOUND for what is neither
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

async function readManifest(path: string): Promise<{ document: unknown; name: string }> {
  const folder = await stat(path);
  if (!folder.isDirectory())
    throw invalidInput(path, 'is not a model folder', 'give a folder with model.json');
  const name = join(path, 'model.json');
  return { document: await readJson(name), name };
}

async function hashFolder(path: string, graphs: readonly string[]): Promise<string> {
  const files = (await readdir(path)).filter((name) => /\.(json|onnx|onnx\.data|data)$/.test(name)).sort();
  for (const name of graphs) {
    if (files.includes(name)) continue;
    throw new TerrachipError('NOT_FOUND', `${path} holds no ${name}`, 'give a complete model folder', {
      source: path,
    });
  }
  const hash = createHash('sha256');
  for (const name of files) {
    hash.update(`${name}\0`);
    for await (const piece of createReadStream(join(path, name))) hash.update(piece as Uint8Array);
  }
  return hash.digest('hex');
}

/** Where a model's graphs lie: one file, or the encoder's and the decoder's. */
export function graphFiles({ path, manifest }: ModelFolder): string | { encoder: string; decoder: string } {
  const { phaseGraphs } = manifest;
  if (phaseGraphs === undefined) return join(path, 'model.onnx');
  return { encoder: join(path, phaseGraphs.encoder), decoder: join(path, phaseGraphs.decoder) };
}

export interface OpenSessionOptions {
  /** Default: `auto`. */
  provider?: HostProviderChoice;
  hasHardwareGpu?: boolean;
  threads?: number;
  /** Whether equal phases are encoded once, in models of two graphs; changes no bit. Default: true. */
  reusePhases?: boolean;
}

/** Creates a session with the first provider that works. */
export async function openSession(
  model: ModelFolder,
  options: OpenSessionOptions = {},
): Promise<ModelSession> {
  const graphs = graphFiles(model);
  return withFirstProvider(options, (runtime, session) =>
    ModelSession.create(runtime, graphs, model.manifest, session),
  );
}

/** Loads the graph that embeds, with the first provider that works. Dispose of it when done. */
export async function openEmbedder(
  model: EmbeddingFolder,
  options: OpenSessionOptions = {},
): Promise<Embedder> {
  return withFirstProvider(options, (runtime, session) =>
    Embedder.create(runtime, join(model.path, model.graph), model.manifest, session),
  );
}

async function withFirstProvider<T>(
  options: OpenSessionOptions,
  create: (runtime: OnnxRuntime, options: SessionOptions) => Promise<T>,
): Promise<T> {
  const runtime = await loadOnnxRuntime();
  const providers = providersToTry(
    options.provider ?? 'auto',
    await availableProviders(),
    options.hasHardwareGpu ?? false,
  );
  let failure: unknown;
  for (const provider of providers) {
    try {
      return await create(runtime, {
        provider,
        ...(options.reusePhases === undefined ? {} : { reusePhases: options.reusePhases }),
        ...(options.threads === undefined ? {} : { threads: options.threads }),
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
