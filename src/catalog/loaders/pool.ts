/** Files that stay open from one load to the next. */
import { invalidOption } from '../../errors.js';
import { type BlockCache, createBlockCache, openRaster, type Raster } from '../../raster/index.js';
import { RasterView } from '../../raster/raster-view.js';
import type { OpenAsset } from './options.js';

/** How many files and bytes of decoded blocks a pool keeps. */
export interface RasterPoolOptions {
  /** Files that stay open while nobody reads them (default 64). */
  files?: number;
  /** Decoded blocks of all files (default: 128 MiB of its own). */
  cache?: BlockCache;
  /** How a file is opened (default `openRaster`). */
  open?: OpenAsset;
}

/** Open files by their addresses. Close it when done. */
export interface RasterPool {
  /** For the option `open` of loaders, or to be called: closing what it gives, gives it back. */
  readonly open: (href: string, options?: { signal?: AbortSignal }) => Promise<Raster>;
  close(): Promise<void>;
}

interface Entry {
  readonly raster: Promise<Raster>;
  users: number;
}

/**
 * A pool for many loads from the same files, such as the chips of a training run: each file's headers are read once,
 * not once a load. Of files that nobody reads, those that were needed last stay open.
 * @throws {TerrachipError} INVALID_OPTION
 */
export function createRasterPool(options: RasterPoolOptions = {}): RasterPool {
  const { files = 64, cache = createBlockCache(), open = openRaster } = options;
  if (!(Number.isInteger(files) && files >= 0))
    throw invalidOption('files', `cannot be ${files}`, 'give a whole number from 0 on');
  let kept = files;
  // In the order in which they were needed last.
  const entries = new Map<string, Entry>();
  const closeIdle = async (limit: number): Promise<void> => {
    const idle = [...entries].filter(([, { users }]) => users === 0);
    for (const [href, { raster }] of idle.slice(0, Math.max(0, idle.length - limit))) {
      entries.delete(href);
      await (await raster).close();
    }
  };
  const take = (href: string): Entry => {
    // Whoever waits for the same file must not lose it to the signal of another.
    const entry = entries.get(href) ?? { raster: open(href, { cache }), users: 0 };
    entries.delete(href);
    entries.set(href, entry);
    entry.users++;
    return entry;
  };
  return {
    async open(href, { signal } = {}) {
      signal?.throwIfAborted();
      const entry = take(href);
      try {
        return new PooledRaster(await entry.raster, async () => {
          entry.users--;
          await closeIdle(kept);
        });
      } catch (error) {
        // What could not be opened may open another time.
        if (entries.get(href) === entry) entries.delete(href);
        throw error;
      }
    },
    async close() {
      // Files that are being read are closed when they are given back.
      kept = 0;
      await closeIdle(kept);
    },
  };
}

/** A raster that goes back to its pool. */
class PooledRaster extends RasterView {
  #giveBack: (() => Promise<void>) | null;

  constructor(raster: Raster, giveBack: () => Promise<void>) {
    super(raster);
    this.#giveBack = giveBack;
  }

  override async close(): Promise<void> {
    const giveBack = this.#giveBack;
    this.#giveBack = null;
    await giveBack?.();
  }
}
