/** A pool of files that stay open between loads. */
import { requireWhole } from '../../errors.js';
import { type BlockCache, createBlockCache, openRaster, type Raster } from '../../raster/index.js';
import { RasterView } from '../../raster/raster-view.js';
import { disposable, type Resource } from '../../resource.js';
import type { OpenAsset } from './options.js';

/** The limits of a pool, and how it opens files. */
export interface RasterPoolOptions {
  /** Idle files that stay open (default 64). */
  files?: number;
  /** Decoded blocks of all files (default: 128 MiB of its own). */
  cache?: BlockCache;
  /** Opens a file (default `openRaster`). */
  open?: OpenAsset;
}

/** Open files by address. Dispose it when done. */
export interface RasterPool extends Resource {
  /** For the option `open` of loaders, or for direct calls. Disposing of a raster returns it to the pool. */
  readonly open: (href: string, options?: { signal?: AbortSignal }) => Promise<Raster>;
}

interface Entry {
  readonly raster: Promise<Raster>;
  users: number;
}

/**
 * Creates a pool for many loads from the same files, such as the chips of a training run. Headers are read once per
 * file, not once per load. The least recently used idle files are closed first.
 * @throws {TerrachipError} INVALID_OPTION
 */
export function createRasterPool(options: RasterPoolOptions = {}): RasterPool {
  const { files = 64, cache = createBlockCache(), open = openRaster } = options;
  requireWhole('files', files, 0);
  let kept = files;
  // Least recently used first.
  const entries = new Map<string, Entry>();
  const closeIdle = async (limit: number): Promise<void> => {
    const idle = [...entries].filter(([, { users }]) => users === 0);
    for (const [href, { raster }] of idle.slice(0, Math.max(0, idle.length - limit))) {
      entries.delete(href);
      await (await raster).dispose();
    }
  };
  const take = (href: string): Entry => {
    // Opens without a signal: callers that share the file must not be cancelled by one of them.
    const entry = entries.get(href) ?? { raster: open(href, { cache }), users: 0 };
    entries.delete(href);
    entries.set(href, entry);
    entry.users++;
    return entry;
  };
  const pool: Pick<RasterPool, 'open'> = {
    async open(href, { signal } = {}) {
      signal?.throwIfAborted();
      const entry = take(href);
      try {
        return new PooledRaster(await entry.raster, async () => {
          entry.users--;
          await closeIdle(kept);
        });
      } catch (error) {
        // The next call may succeed.
        if (entries.get(href) === entry) entries.delete(href);
        throw error;
      }
    },
  };
  return disposable(pool, () => {
    // Files in use are closed when they return to the pool.
    kept = 0;
    return closeIdle(kept);
  });
}

/** A raster that returns to its pool when it is closed. */
class PooledRaster extends RasterView {
  #giveBack: (() => Promise<void>) | null;

  constructor(raster: Raster, giveBack: () => Promise<void>) {
    super(raster);
    this.#giveBack = giveBack;
  }

  override async dispose(): Promise<void> {
    const giveBack = this.#giveBack;
    this.#giveBack = null;
    await giveBack?.();
  }
}
