/** The common part of `embedScenes` and `embedCatalogs`: opens the model, its execution and the chips. */
import type { Backend } from '../../gpu/index.js';
import {
  type ExecutionOptions,
  type ModelFolder,
  type ModelSession,
  openEmbeddingModel,
  openExecution,
} from '../../inference/node/index.js';
import { requireRuntime } from '../../inference/node/onnx-runtime.js';
import type { ChipSource } from '../chips/source.js';
import type { MemoryOptions } from '../memory.js';
import { chooseChipsAtOnce, requireModelFits } from '../scene-memory.js';
import { type EmbedChipsOptions, type EmbedReport, embedChips } from './embed.js';

/** Options that `embedScenes` and `embedCatalogs` share. */
export interface EmbedRunOptions
  extends Omit<EmbedChipsOptions, 'source' | 'model' | 'session' | 'backend'>,
    ExecutionOptions,
    Pick<MemoryOptions, 'memory'> {
  /** The folder of an encoder, or of a segmentation in two graphs. */
  model: string;
}

/** Arguments for opening chips. */
interface ChipContext {
  readonly model: ModelFolder;
  readonly session: ModelSession;
  readonly backend: Backend;
}

/**
 * Embeds the chips that `openChips` opens for the model.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel`, `openExecution` and `openChips`
 */
export async function embedRun(
  options: EmbedRunOptions,
  openChips: (context: ChipContext) => Promise<ChipSource & AsyncDisposable>,
): Promise<EmbedReport> {
  await requireRuntime(options.provider);
  const model = await openEmbeddingModel(options.model);
  await requireModelFits(model, options);
  const chipsAtOnce = await chooseChipsAtOnce(model, options);
  const { backend, session, dispose } = await openExecution(model, { ...options, chipsAtOnce });
  try {
    await using source = await openChips({ model, session, backend });
    return await embedChips({ ...options, source, model, backend, session });
  } finally {
    await dispose();
  }
}
