import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, TerrachipError } from '../../errors.js';
import { cannotOpen, readJson } from '../../io/node/index.js';
import { type ModelManifest, parseModelManifest } from '../manifest.js';
import { ModelSession } from '../session.js';
import { availableProviders, loadOnnxRuntime, providersToTry } from './onnx-runtime.js';
import type { HostProviderChoice } from './provider-choice.js';

/** A folder with `model.json` and `model.onnx`. */
export interface ModelFolder {
  readonly path: string;
  readonly manifest: ModelManifest;
  /** SHA-256 over the manifest, the graph and its external data: what a map's provenance names. */
  readonly sha256: string;
}

/** Reads and checks a model folder; the graph itself is loaded by `openSession`. */
export async function openModel(path: string): Promise<ModelFolder> {
  const folder = await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  if (!folder.isDirectory())
    throw invalidInput(path, 'is not a model folder', 'give a folder with model.json');
  const manifestPath = join(path, 'model.json');
  const manifest = parseModelManifest(await readJson(manifestPath), manifestPath);
  const files = (await readdir(path)).filter((name) => /\.(json|onnx|onnx\.data|data)$/.test(name)).sort();
  const { encoder, decoder } = manifest.phaseGraphs ?? {};
  for (const name of encoder === undefined || decoder === undefined ? ['model.onnx'] : [encoder, decoder]) {
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
  return { path, manifest, sha256: hash.digest('hex') };
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
  const runtime = await loadOnnxRuntime();
  const providers = providersToTry(
    options.provider ?? 'auto',
    await availableProviders(),
    options.hasHardwareGpu ?? false,
  );
  const graphs = graphFiles(model);
  let failure: unknown;
  for (const provider of providers) {
    try {
      return await ModelSession.create(runtime, graphs, model.manifest, {
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
