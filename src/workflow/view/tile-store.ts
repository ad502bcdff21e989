/** Tiles that a view's server warps: a few at a time, in a bounded queue, kept within a bound of bytes. */
import { TerrachipError } from '../../errors.js';
import { ByteLru } from '../../io/byte-lru.js';
import { Semaphore } from '../../io/semaphore.js';
import type { Resampling } from '../../kernels/index.js';
import type { MapTile } from '../../raster/map-tiles.js';
import type { OpenLayers } from './open-layers.js';

/** Tiles that are warped at a time: one is read while another is computed. */
const AT_ONCE = 2;

/** Tiles that may wait for their turn. */
const MOST_WAITING = 256;

/** Bytes of tiles that are kept. */
const CACHE_BYTES = 256 * 2 ** 20;

/** A tile of a layer. */
export interface TileRequest {
  readonly id: string;
  readonly tile: MapTile;
  readonly bands: readonly number[];
  readonly resampling: Resampling;
}

export class TileStore {
  readonly #layers: OpenLayers;
  readonly #turns = new Semaphore(AT_ONCE);
  readonly #tiles = new ByteLru<string, Uint8Array>(CACHE_BYTES, ({ byteLength }) => byteLength + OVERHEAD);
  #waiting = 0;

  constructor(layers: OpenLayers) {
    this.#layers = layers;
  }

  /**
   * The float32 values of a tile, little-endian, band after band; empty beside the raster.
   * @param signal aborts, also while the tile waits
   * @throws {TerrachipError} BUSY where too many tiles wait; as `MapTiles.read`
   */
  read({ id, tile, bands, resampling }: TileRequest, signal: AbortSignal): Promise<Uint8Array> {
    const key = `${id}/${tile.z}/${tile.x}/${tile.y}/${bands.join()}/${resampling}`;
    return this.#tiles.get(
      key,
      async () => {
        if (this.#waiting >= MOST_WAITING) {
          const problem = `${MOST_WAITING} tiles wait for their turn`;
          throw new TerrachipError('BUSY', problem, 'try again later', { source: id });
        }
        this.#waiting++;
        try {
          return await this.#turns.run(() => this.#warp({ id, tile, bands, resampling }, signal), signal);
        } finally {
          this.#waiting--;
        }
      },
      signal,
    );
  }

  async #warp({ id, tile, ...options }: TileRequest, signal: AbortSignal): Promise<Uint8Array> {
    const planes = await this.#layers.use(id, ({ tiles }) => tiles.read(tile, { ...options, signal }));
    if (planes === null) return new Uint8Array(0);
    const size = planes[0].byteLength;
    const bytes = new Uint8Array(size * planes.length);
    for (const [k, { buffer, byteOffset }] of planes.entries())
      bytes.set(new Uint8Array(buffer, byteOffset, size), k * size);
    return bytes;
  }
}

/** Bytes that an entry of the cache takes beside its values, about. */
const OVERHEAD = 200;
