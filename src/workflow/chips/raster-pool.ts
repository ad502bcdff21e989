import { type BlockCache, openRaster, type Raster, RasterView } from '../../raster/index.js';

/** A raster of the pool; closing it gives it back. */
class Borrowed extends RasterView {
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

/** An open raster, or one that is being opened. */
interface Entry {
  readonly href: string;
  readonly raster: Promise<Raster>;
  users: number;
}

/** Rasters that stay open from chip to chip: those in use, and some others. */
export class RasterPool {
  readonly #cache: BlockCache;
  readonly #limit: number;
  /** Those that were borrowed last come last. */
  readonly #entries = new Map<string, Entry>();

  /** @param limit rasters that stay open although nobody uses them */
  constructor(cache: BlockCache, limit: number) {
    this.#cache = cache;
    this.#limit = limit;
  }

  /** Opens a raster, or takes it as it is open; close it when done. */
  async borrow(href: string, signal?: AbortSignal): Promise<Raster> {
    const entry = this.#entries.get(href) ?? this.#start(href, signal);
    this.#entries.delete(href);
    this.#entries.set(href, entry);
    entry.users++;
    try {
      return new Borrowed(await entry.raster, () => this.#giveBack(entry));
    } catch (error) {
      entry.users--;
      // What could not be opened may be tried again.
      if (this.#entries.get(href) === entry) this.#entries.delete(href);
      throw error;
    }
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) await closeEntry(entry);
  }

  #start(href: string, signal: AbortSignal | undefined): Entry {
    const options = signal === undefined ? {} : { signal };
    return { href, raster: openRaster(href, { cache: this.#cache, ...options }), users: 0 };
  }

  async #giveBack(entry: Entry): Promise<void> {
    entry.users--;
    for (const other of [...this.#entries.values()]) {
      if (this.#entries.size <= this.#limit) break;
      if (other.users > 0) continue;
      this.#entries.delete(other.href);
      await closeEntry(other);
    }
  }
}

async function closeEntry({ raster }: Entry): Promise<void> {
  // What could not be opened has nothing to close.
  await (await raster.catch(() => null))?.close();
}
