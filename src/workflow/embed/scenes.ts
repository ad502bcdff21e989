/** Scenes through an encoder into a store of embeddings. */
import { invalidInput } from '../../errors.js';
import { type BackendChoice, createBackend } from '../../gpu/node/index.js';
import { type HostProviderChoice, openEmbedder, openEmbeddingModel } from '../../inference/index.js';
import { joinChips, SceneChips } from '../chips/index.js';
import { DEFAULT_MAX_PIXELS } from '../plan.js';
import { type EmbedChipsOptions, type EmbedReport, embedChips } from './embed.js';

export interface EmbedScenesOptions
  extends Omit<EmbedChipsOptions, 'source' | 'model' | 'embedder' | 'backend'> {
  /** Scene files or packages; their chips come in this order. */
  scenes: readonly string[];
  /** The folder of an encoder, or of a segmentation in two graphs. */
  model: string;
  /** Scene phases in the order of the model's, where the names differ. */
  phases?: readonly string[];
  backend?: BackendChoice;
  provider?: HostProviderChoice;
  /** Worker threads of the CPU backend and of the model's operators. */
  threads?: number;
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
  maxPixels?: number;
}

/**
 * Embeds every chip of scenes.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel` and `SceneChips.open`; INVALID_INPUT for two scenes of
 * one id, whose chips could not be told apart
 */
export async function embedScenes(options: EmbedScenesOptions): Promise<EmbedReport> {
  const { scenes, backend: choice, threads, provider, phases, cacheBytes, maxPixels, ...rest } = options;
  const { signal } = options;
  const model = await openEmbeddingModel(options.model);
  const backend = await createBackend({
    backend: choice ?? 'auto',
    ...(threads === undefined ? {} : { threads }),
  });
  const sources: SceneChips[] = [];
  try {
    for (const scene of scenes) {
      const source = await SceneChips.open(scene, {
        manifest: model.manifest,
        backend,
        maxPixels: maxPixels ?? DEFAULT_MAX_PIXELS,
        ...(phases === undefined ? {} : { phases }),
        ...(cacheBytes === undefined ? {} : { cacheBytes }),
        ...(signal === undefined ? {} : { signal }),
      });
      sources.push(source);
      const twin = sources.find((other) => other !== source && other.id === source.id);
      if (twin === undefined) continue;
      throw invalidInput(
        scene,
        `has the id ${source.id} of another scene`,
        'give each scene an id of its own',
      );
    }
    const embedder = await openEmbedder(model, {
      provider: provider ?? 'auto',
      hasHardwareGpu: backend.info.adapterClass === 'hardware',
      ...(threads === undefined ? {} : { threads }),
    });
    try {
      const { kind, adapterClass } = backend.info;
      const source = joinChips(sources);
      return await embedChips({ ...rest, source, model, embedder, backend: { kind, adapterClass } });
    } finally {
      await embedder.dispose();
    }
  } finally {
    for (const source of sources) await source.close();
    backend.dispose();
  }
}
