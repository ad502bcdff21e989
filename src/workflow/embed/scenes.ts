/** Embeds scenes. */
import { invalidInput } from '../../errors.js';
import { createBlockCache } from '../../raster/node/index.js';
import { SceneChips } from '../chips/scene.js';
import type { ChipSource } from '../chips/source.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_MAX_PIXELS, storedPath } from '../plan.js';
import type { RequestOptions } from '../scene.js';
import { planSceneMemory } from '../scene-memory.js';
import type { EmbedReport } from './embed.js';
import { type EmbedRunOptions, embedRun } from './run.js';

/** Options of `embedScenes`. */
export interface EmbedScenesOptions extends EmbedRunOptions, RequestOptions {
  /** Scene files, packages or acquisition manifests. The order is that of the chips in the store. */
  scenes: readonly string[];
  /** The scene's phases in the model's order, if the names differ. */
  phases?: readonly string[];
  /** Bytes of decoded blocks to keep (default: as many as are needed so that none is decoded twice, within `memory`). */
  cacheBytes?: number;
  maxPixels?: number;
}

export async function embedScenes(options: EmbedScenesOptions): Promise<EmbedReport> {
  const { scenes, phases, maxPixels, access, retry, timeout, ...rest } = options;
  const { signal } = options;
  return embedRun(rest, async ({ model, session, backend }) => {
    const { spec } = model;
    // Scenes are embedded one after the other.
    const cache = createBlockCache();
    let kept = 0;
    const sources: SceneChips[] = [];
    const dispose = async (): Promise<void> => {
      for (const source of sources) await source.dispose();
    };
    try {
      for (const scene of scenes) {
        const source = await SceneChips.open(scene, {
          spec,
          backend,
          maxPixels: maxPixels ?? DEFAULT_MAX_PIXELS,
          phases,
          cache,
          access,
          retry,
          timeout,
          signal,
        });
        sources.push(source);
        if (sources.every((other) => other === source || other.id !== source.id)) continue;
        throw invalidInput(
          storedPath(scene),
          `has the id ${source.id} of another scene`,
          'give each scene its own id',
        );
      }
      for (const [k, { images, geobox }] of sources.entries()) {
        const job = { name: storedPath(scenes[k]), geobox, images, model, session };
        const { batchSize = DEFAULT_BATCH_SIZE } = options;
        const plan = await planSceneMemory({ ...job, backend: backend.info, batchSize }, options);
        kept = Math.max(kept, plan.cacheBytes);
      }
      cache.restart(kept);
      return { ...joinChips(sources), [Symbol.asyncDispose]: dispose };
    } catch (error) {
      await dispose();
      throw error;
    }
  });
}

/** Concatenates the chips of several sources. */
function joinChips(sources: readonly ChipSource[]): ChipSource {
  return {
    count: sources.reduce((sum, { count }) => sum + count, 0),
    identity: sources.map(({ identity }) => identity),
    async requireUnchanged(signal) {
      for (const source of sources) await source.requireUnchanged?.(signal);
    },
    async *chips(start, end, signal) {
      let before = 0;
      for (const source of sources) {
        const [from, to] = [Math.max(start - before, 0), Math.min(end - before, source.count)];
        if (from < to) yield* source.chips(from, to, signal);
        before += source.count;
      }
    },
  };
}
