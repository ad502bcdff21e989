/** What embedding scenes and catalogs have in common: a model's folder, a backend, and a source of chips on it. */
import type { Backend } from '../../gpu/index.js';
import { type BackendChoice, createBackend } from '../../gpu/node/index.js';
import {
  type EmbeddingManifest,
  type HostProviderChoice,
  loadOnnxRuntime,
  type ModelManifest,
  openEmbedder,
  openEmbeddingModel,
} from '../../inference/index.js';
import type { ChipSource } from '../chips/index.js';
import { type EmbedChipsOptions, type EmbedReport, embedChips } from './embed.js';

/** What any embedding run is told. */
export interface EmbedRunOptions
  extends Omit<EmbedChipsOptions, 'source' | 'model' | 'embedder' | 'backend'> {
  /** The folder of an encoder, or of a segmentation in two graphs. */
  model: string;
  backend?: BackendChoice;
  provider?: HostProviderChoice;
  /** Worker threads of the CPU backend and of the model's operators. */
  threads?: number;
}

/** What chips are opened with. */
export interface ChipContext {
  readonly manifest: ModelManifest | EmbeddingManifest;
  readonly backend: Backend;
}

/** Chips, and what gives back all that is open for them. */
export interface OpenChips {
  readonly source: ChipSource;
  close(): Promise<void>;
}

/**
 * Embeds what `openChips` opens for the model.
 * @throws {TerrachipError} MISSING_DEPENDENCY at once, without the package that runs models; as `embedChips`, `openEmbeddingModel` and `openChips`
 */
export async function embedRun(
  options: EmbedRunOptions,
  openChips: (context: ChipContext) => Promise<OpenChips>,
): Promise<EmbedReport> {
  const { backend: choice, provider, threads, ...rest } = options;
  await loadOnnxRuntime();
  const model = await openEmbeddingModel(options.model);
  const backend = await createBackend({
    backend: choice ?? 'auto',
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    const { source, close } = await openChips({ manifest: model.manifest, backend });
    try {
      const { kind, adapterClass } = backend.info;
      const embedder = await openEmbedder(model, {
        provider: provider ?? 'auto',
        hasHardwareGpu: adapterClass === 'hardware',
        ...(threads === undefined ? {} : { threads }),
      });
      try {
        return await embedChips({ ...rest, source, model, embedder, backend: { kind, adapterClass } });
      } finally {
        await embedder.dispose();
      }
    } finally {
      await close();
    }
  } finally {
    backend.dispose();
  }
}
