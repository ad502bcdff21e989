/** Scenes through an encoder into a store of embeddings. */
import { invalidInput } from '../../errors.js';
import { SceneChips } from '../chips/index.js';
import { joinChips } from '../chips/join.js';
import { DEFAULT_MAX_PIXELS } from '../plan.js';
import type { EmbedReport } from './embed.js';
import { type EmbedRunOptions, embedRun } from './run.js';

/** What `embedScenes` embeds: scenes and a model. */
export interface EmbedScenesOptions extends EmbedRunOptions {
  /** Scene files or packages; their chips come in this order. */
  scenes: readonly string[];
  /** Scene phases in the order of the model's, where the names differ. */
  phases?: readonly string[];
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
  maxPixels?: number;
}

export async function embedScenes(options: EmbedScenesOptions): Promise<EmbedReport> {
  const { scenes, phases, cacheBytes, maxPixels, ...rest } = options;
  const { signal } = options;
  return embedRun(rest, async ({ spec, backend }) => {
    const sources: SceneChips[] = [];
    const close = async (): Promise<void> => {
      for (const source of sources) await source.close();
    };
    try {
      for (const scene of scenes) {
        const source = await SceneChips.open(scene, {
          spec,
          backend,
          maxPixels: maxPixels ?? DEFAULT_MAX_PIXELS,
          phases,
          cacheBytes,
          signal,
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
      return { source: joinChips(sources), close };
    } catch (error) {
      await close();
      throw error;
    }
  });
}
