/** Tiles warped by a server: float32 values, little-endian, band by band. */
import { isTerrachipError, messageOf } from '../../errors.js';
import { requestBody, requestJson } from '../../io/index.js';
import { MAP_TILE_SIZE, type MapTile, type MapTileOptions, type PixelAt } from '../../raster/map-tiles.js';
import type { TileSource } from './source.js';

/** Retries of a request if the server is busy. */
const RETRY = { attempts: 4, delay: 300 };

const TILE_BYTES = 4 * MAP_TILE_SIZE ** 2;

/** The tiles and values of a layer of `terrachip view`. */
export class ServerTiles implements TileSource {
  /**
   * @param base address that ends with `/`
   * @param id of the layer
   * @param bandCount of its raster
   */
  constructor(
    private readonly base: string,
    private readonly id: string,
    private readonly bandCount: number,
  ) {}

  async read({ z, x, y }: MapTile, options: MapTileOptions = {}): Promise<Float32Array[] | null> {
    const all = Array.from({ length: this.bandCount }, (_, k) => k + 1);
    const { bands = all, resampling = 'nearest', signal } = options;
    const query = new URLSearchParams({ bands: bands.join(), resampling });
    const url = `${this.base}tiles/${this.id}/${z}/${x}/${y}?${query}`;
    const { body } = await requestBody(url, { signal, retry: RETRY });
    if (body.length === 0) return null;
    return bands.map((_, k) => new Float32Array(body.buffer, k * TILE_BYTES, MAP_TILE_SIZE ** 2));
  }

  async valueAt(
    longitude: number,
    latitude: number,
    bands?: readonly number[],
    signal?: AbortSignal,
  ): Promise<PixelAt | null> {
    const query = new URLSearchParams({ lng: String(longitude), lat: String(latitude) });
    if (bands !== undefined) query.set('bands', bands.join());
    const url = `${this.base}values/${this.id}?${query}`;
    return pixelOf((await requestJson(url, { signal, retry: RETRY })).document);
  }
}

/** A pixel as described by the server of `terrachip view`; infinite values are texts. */
function pixelOf(document: unknown): PixelAt | null {
  if (typeof document !== 'object' || document === null || !('values' in document)) return null;
  const { values } = document;
  const [column, row, x, y] = ['column', 'row', 'x', 'y'].map((name) =>
    Number(Object.entries(document).find(([key]) => key === name)?.[1]),
  );
  const list: readonly unknown[] = Array.isArray(values) ? values : [];
  return { column, row, x, y, values: list.map((value) => (value === null ? null : Number(value))) };
}

/** The server's description of a failure, without its address; else the message of the error. */
export function explanationOf(error: unknown): string {
  const message = messageOf(error);
  if (!isTerrachipError(error, 'NETWORK', 'NOT_FOUND')) return message;
  return /^\S+ (?:answered \d+|does not exist) \((.*)\); [^;]*$/s.exec(message)?.[1] ?? message;
}
