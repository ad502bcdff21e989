/** Chips of a scene, row by row. One strip of its images is in memory at a time. */

import {
  type Bounds,
  type ChipLayout,
  createChipLayout,
  type GeoBox,
  TimeInterval,
} from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import { type ModelSpec, SceneStrips } from '../../inference/index.js';
import { type BlockCache, createBlockCache } from '../../raster/node/index.js';
import { orDispose, Resource } from '../../resource.js';
import { checkUnits, identityOfImage, imagesOnGrid, planImages } from '../plan-images.js';
import { declaredGrid, type RequestOptions, readScene, resolveGrid } from '../scene.js';
import { type OpenImage, openImages } from '../scene-images.js';
import { SceneRasters } from '../scene-rasters.js';
import { type ChipSource, digits, type ModelChip, type StripColumn } from './source.js';

/** Options of `SceneChips`. */
export interface SceneChipsOptions extends RequestOptions {
  spec: ModelSpec;
  backend: Backend;
  /** The scene's phases in the model's order, if the names differ. */
  phases?: readonly string[];
  /** The cache of decoded blocks (default: its own). */
  cache?: BlockCache;
  maxPixels: number;
  signal?: AbortSignal;
}

interface OpenScene {
  readonly id: string;
  readonly identity: unknown;
  readonly interval: TimeInterval | null;
  readonly geobox: GeoBox;
  readonly images: readonly OpenImage[];
  readonly rasters: SceneRasters;
  readonly spec: ModelSpec;
  readonly backend: Backend;
}

/** A source of all chips of a scene. Dispose it when done. */
export class SceneChips extends Resource implements ChipSource {
  readonly count: number;
  readonly identity: unknown;
  /** The scene's id, a prefix of the chips' ids. */
  readonly id: string;
  readonly #scene: OpenScene;
  readonly #layout: ChipLayout;

  private constructor(scene: OpenScene) {
    super();
    const { id, identity, geobox, spec } = scene;
    this.#layout = createChipLayout(geobox.width, geobox.height, spec.chip.size, spec.chip.stride);
    this.count = this.#layout.columnStarts.length * this.#layout.rowStarts.length;
    this.identity = identity;
    this.id = id;
    this.#scene = scene;
  }

  /**
   * @param location a scene file, an acquisition manifest, or the folder of a package
   * @throws {TerrachipError} as `planImages`; TOO_LARGE for a grid above `maxPixels`
   */
  static async open(location: string, options: SceneChipsOptions): Promise<SceneChips> {
    const { spec, backend, maxPixels, phases, signal } = options;
    const scene = await readScene(location);
    const rasters = new SceneRasters(declaredGrid(scene), options.cache ?? createBlockCache(), options);
    return orDispose(rasters, async () => {
      const found = await planImages(scene, spec, rasters, { phases, signal });
      const geobox = (await resolveGrid(scene, rasters, signal)).requireAtMost(
        maxPixels,
        'choose a coarser resolution or smaller bounds, or raise `maxPixels`',
      );
      const planned = await imagesOnGrid(found, spec, rasters, geobox, { signal });
      await checkUnits(planned, spec.inputs, rasters, signal);
      const images = await openImages(planned, { spec, geobox, rasters, backend, signal });
      const { id = 'scene', datetime } = scene.document;
      return new SceneChips({
        id,
        identity: {
          id,
          datetime: datetime ?? null,
          grid: geobox.toJSON(),
          images: planned.map(identityOfImage),
        },
        interval: datetime === undefined ? null : TimeInterval.parse(datetime),
        geobox,
        images,
        rasters,
        spec,
        backend,
      });
    });
  }

  /** Its images, whose sources are open. */
  get images(): readonly OpenImage[] {
    return this.#scene.images;
  }

  get geobox(): GeoBox {
    return this.#scene.geobox;
  }

  async *chips(
    start: number,
    end: number,
    signal?: AbortSignal,
  ): AsyncGenerator<ModelChip & { readonly inputs: StripColumn }> {
    const { backend, spec, geobox, interval } = this.#scene;
    const { columnStarts, rowStarts } = this.#layout;
    const images = this.images.map(({ image }) => image);
    using strips = new SceneStrips(backend, spec, images, this.#layout);
    for (let k = start; k < end; k++) {
      signal?.throwIfAborted();
      const row = Math.floor(k / columnStarts.length);
      const column = k % columnStarts.length;
      const strip = await strips.under(row, signal);
      const [x, y] = [columnStarts[column], rowStarts[row]];
      yield {
        id: `${this.id}_${digits(y)}_${digits(x)}`,
        crs: geobox.crs,
        bounds: this.#boundsAt(x, y),
        interval,
        inputs: { strip, column },
      };
    }
  }

  requireUnchanged(signal?: AbortSignal): Promise<void> {
    return this.#scene.rasters.versions.requireUnchanged(signal);
  }

  async dispose(): Promise<void> {
    await this.#scene.rasters.dispose();
  }

  #boundsAt(x: number, y: number): Bounds {
    const { size } = this.#layout;
    const { transform } = this.#scene.geobox;
    const corners = [0, size].flatMap((dx) => [0, size].map((dy) => transform.apply(x + dx, y + dy)));
    const [xs, ys] = [corners.map((corner) => corner[0]), corners.map((corner) => corner[1])];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
}
