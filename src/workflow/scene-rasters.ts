/** The rasters of a scene, open. */
import { invalidInput } from '../errors.js';
import { type GeoBox, isFloat, rangeOf } from '../geo/index.js';
import { isAddress } from '../io/schemes.js';
import { mapConcurrently } from '../io/semaphore.js';
import { storedAddress } from '../io/signature.js';
import { withoutUndefined } from '../json.js';
import { DeclaredRaster } from '../raster/declared.js';
import { type BlockCache, openRaster, type Raster } from '../raster/node/index.js';
import { Resource } from '../resource.js';
import { InputVersions } from './input-versions.js';
import type { RequestOptions, SceneNodata } from './scene.js';
import { placedOn } from './target-grid.js';

/** Rasters whose headers are read at the same time. */
const OPENED_AT_ONCE = 8;

/** The rasters of a scene. Each is opened once; all share a cache of decoded blocks. */
export class SceneRasters extends Resource {
  /** Which versions of files are read. */
  readonly versions: InputVersions;
  readonly #request: RequestOptions;
  readonly #rasters = new Map<string, Promise<Raster>>();

  /**
   * @param grid where `.npy` arrays of its size lie; null (default): they have no place
   * @param request how rasters on servers are read
   */
  constructor(
    private readonly grid: GeoBox | null = null,
    private readonly cache?: BlockCache,
    { access, retry, timeout }: RequestOptions = {},
  ) {
    super();
    this.#request = withoutUndefined({ access, retry, timeout });
    this.versions = new InputVersions(this.#request);
  }

  /** @param path a path or an address; one that is open is found without its signature too */
  open(path: string, signal?: AbortSignal): Promise<Raster> {
    const key = isAddress(path) ? storedAddress(path) : path;
    const known = this.#rasters.get(key);
    if (known !== undefined) return known;
    const raster = openRaster(path, { ...this.#request, cache: this.cache, signal }).then((opened) =>
      placedOn(opened, this.grid),
    );
    this.#rasters.set(key, raster);
    return raster;
  }

  /** Opens many rasters, some at a time. Errors are reported when a raster is opened by itself. */
  async prepare(paths: readonly string[], signal?: AbortSignal): Promise<void> {
    const open = (path: string): Promise<unknown> => this.open(path, signal).catch(() => undefined);
    await mapConcurrently([...new Set(paths)], OPENED_AT_ONCE, open, signal);
  }

  /**
   * Opens a band's raster, with the nodata value that the scene declares.
   * @throws {TerrachipError} as `openRaster`; INVALID_INPUT for a nodata value outside of the band's type
   */
  async openBand({ href, band, nodata }: BandOfRaster, signal?: AbortSignal): Promise<Raster> {
    const raster = await this.open(href, signal);
    return withNodata(raster, band, nodata);
  }

  async dispose(): Promise<void> {
    const rasters = await Promise.allSettled(this.#rasters.values());
    for (const raster of rasters) if (raster.status === 'fulfilled') await raster.value.dispose();
  }
}

/** A band of a raster in a scene. */
export interface BandOfRaster {
  readonly href: string;
  /** From 1. */
  readonly band: number;
  readonly nodata?: SceneNodata | undefined;
}

/** Overrides a raster's nodata value. @throws {TerrachipError} INVALID_INPUT for a value outside of the band's type */
function withNodata(raster: Raster, band: number, declared: SceneNodata | undefined): Raster {
  const info = raster.bands[band - 1];
  if (declared === undefined || info === undefined) return raster;
  if (declared === null) return new DeclaredRaster(raster, { nodata: null });
  const nodata = declared === 'nan' ? Number.NaN : declared;
  const { min, max } = rangeOf(info.dtype);
  if (!isFloat(info.dtype) && !(Number.isInteger(nodata) && nodata >= min && nodata <= max)) {
    const problem = `is ${info.dtype}, which cannot hold the scene's nodata value ${declared}`;
    throw invalidInput(raster.name, problem, 'correct the scene');
  }
  return new DeclaredRaster(raster, { nodata: info.dtype === 'float32' ? Math.fround(nodata) : nodata });
}
