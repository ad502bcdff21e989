/** Embeds scenes. */
import { invalidInput } from '../../errors.js';
import { SceneChips } from '../chips/scene.js';
import type { ChipSource } from '../chips/source.js';
import { DEFAULT_MAX_PIXELS } from '../plan.js';
import type { RequestOptions } from '../scene.js';
import type { EmbedReport } from './embed.js';
import { type EmbedRunOptions, embedRun } from './run.js';

/** Options of `embedScenes`. */
export interface EmbedScenesOptions extends EmbedRunOptions, RequestOptions {
  /** Scene files, packages or acquisition manifests. The order is that of the chips in the store. */
  scenes: readonly string[];
  /** The scene's phases in the model's order, if the names differ. */
  phases?: readonly string[];
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
  maxPixels?: number;
}

export async function embedScenes(options: EmbedScenesOptions): Promise<EmbedReport> {
  const { scenes, phases, cacheBytes, maxPixels, access, retry, timeout, ...rest } = options;
  const { signal } = options;
  return embedRun(rest, async ({ spec, backend }) => {
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
          cacheBytes,
          access,
          retry,
          timeout,
          signal,
        });
        sources.push(source);
        if (sources.every((other) => other === source || other.id !== source.id)) continue;
        throw invalidInput(scene, `has the id ${source.id} of another scene`, 'give each scene its own id');
      }
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
