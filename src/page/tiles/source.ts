/** Sources of the tiles of a layer. */
import { ByteLru } from '../../io/byte-lru.js';
import { Semaphore } from '../../io/semaphore.js';
import type { MapTile, MapTileOptions, MapTiles, PixelAt } from '../../raster/map-tiles.js';

/** Tiles of physical values, and stored values at a position, as read by `MapTiles`. */
export type TileSource = Pick<MapTiles, 'read' | 'valueAt'>;

/** Limit on bytes of cached values. */
const CACHE_BYTES = 192 * 2 ** 20;

/** Approximate bytes of a tile outside the raster. */
const EMPTY_BYTES = 200;

/** Caches the tiles of another source, and limits concurrent reads. */
export class CachedTiles implements TileSource {
  readonly #source: TileSource;
  readonly #turns: Semaphore;
  readonly #tiles = new ByteLru<string, { planes: Float32Array[] | null }>(CACHE_BYTES, ({ planes }) =>
    (planes ?? []).reduce((sum, { byteLength }) => sum + byteLength, EMPTY_BYTES),
  );

  /** @param atOnce limit on concurrent reads */
  constructor(source: TileSource, atOnce: number) {
    this.#source = source;
    this.#turns = new Semaphore(atOnce);
  }

  async read(tile: MapTile, options: MapTileOptions = {}): Promise<Float32Array[] | null> {
    const { bands = [], resampling = '', signal } = options;
    const key = [tile.z, tile.x, tile.y, resampling, ...bands].join();
    const read = async () => ({ planes: await this.#source.read(tile, options) });
    return (await this.#tiles.get(key, () => this.#turns.run(read, signal), signal)).planes;
  }

  valueAt(
    longitude: number,
    latitude: number,
    bands?: readonly number[],
    signal?: AbortSignal,
  ): Promise<PixelAt | null> {
    return this.#source.valueAt(longitude, latitude, bands, signal);
  }
}
