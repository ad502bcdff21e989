/** Cloud cover of an event's area, from the scene classification of a scene, or from what its item says. */
import { withoutResolution } from '../../catalog/categories.js';
import { type CatalogRow, propertyOf } from '../../catalog/row.js';
import { isTerrachipError, messageOf } from '../../errors.js';
import type { Backend } from '../../gpu/index.js';
import { createBackend } from '../../gpu/node/index.js';
import type { OpenOptions } from '../../io/open-url.js';
import { SCL } from '../../kernels/index.js';
import type { OperationOptions } from '../../progress.js';
import { openRaster, readStrips, WarpedRaster } from '../../raster/node/index.js';
import { Resource } from '../../resource.js';
import type { Coverage } from './coverage.js';

/** Cloud cover in per cent: over the area (`scl`), or of the whole scene (`tile`). */
export interface CloudCover {
  readonly percent: number;
  readonly source: 'scl' | 'tile';
}

/** Classes that the cloud cover of Sentinel-2's products counts: medium and high probability, and cirrus (ESA). */
const CLOUDS: readonly number[] = [SCL.cloudMediumProbability, SCL.cloudHighProbability, SCL.thinCirrus];

/** How scene classifications are read. */
export interface CloudOptions extends OpenOptions, OperationOptions {}

/** Reads the cloud cover of scenes. Dispose of it when done. */
export class CloudReader extends Resource {
  readonly #coverage: Coverage;
  readonly #options: CloudOptions;
  readonly #known = new Map<string, Promise<CloudCover | null>>();
  #backend: Promise<Backend> | null = null;
  #warned = false;

  /** @param options whose `onProgress` receives a warning when a scene classification cannot be read */
  constructor(coverage: Coverage, options: CloudOptions = {}) {
    super();
    this.#coverage = coverage;
    this.#options = options;
  }

  /** Null if unknown. A scene that several phases need is read once. */
  overArea(row: CatalogRow, signal?: AbortSignal): Promise<CloudCover | null> {
    const key = `${row.collection}/${row.id}`;
    const known = this.#known.get(key) ?? this.#read(row, signal);
    this.#known.set(key, known);
    return known;
  }

  async #read(row: CatalogRow, signal?: AbortSignal): Promise<CloudCover | null> {
    const entry = Object.entries(row.assets).find(([key]) => /^scl$/i.test(withoutResolution(key)));
    if (entry === undefined) return tileCloud(row);
    try {
      const percent = await this.#classified(entry[1].href, signal);
      return percent === null ? tileCloud(row) : { percent, source: 'scl' };
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTerrachipError(error)) throw error;
      if (!this.#warned) {
        const message = `cloud cover is that of whole scenes, because a scene classification cannot be read: ${messageOf(error)}`;
        this.#options.onProgress?.({ type: 'warning', message });
        this.#warned = true;
      }
      return tileCloud(row);
    }
  }

  /** Per cent of the classified pixels in the area; null where there are none. */
  async #classified(href: string, signal?: AbortSignal): Promise<number | null> {
    const { area, geobox } = this.#coverage;
    this.#backend ??= createBackend({ backend: 'cpu', threads: 0 });
    const backend = await this.#backend;
    const { onProgress: _, ...open } = this.#options;
    await using raster = await openRaster(href, { ...open, signal });
    const warped = new WarpedRaster(backend, raster, {
      geobox,
      resampling: 'nearest',
      overview: 'auto',
      bands: [1],
    });
    let [clouds, seen] = [0, 0];
    for await (const { rows, values } of readStrips(backend, warped, signal)) {
      const first = rows.start * geobox.width;
      for (const [k, value] of values[0].entries()) {
        if (area[first + k] === 0 || !(value > SCL.noData)) continue;
        seen++;
        if (CLOUDS.includes(value)) clouds++;
      }
    }
    return seen === 0 ? null : (100 * clouds) / seen;
  }

  async dispose(): Promise<void> {
    (await this.#backend)?.dispose();
  }
}

/** Cloud cover of the whole scene, from its item. */
export function tileCloud(row: CatalogRow): CloudCover | null {
  const percent = propertyOf(row, 'eo:cloud_cover');
  return typeof percent === 'number' ? { percent, source: 'tile' } : null;
}
