/** The chips of a scene: row by row, a strip of its images in memory at a time. */

import { internalError } from '../../errors.js';
import {
  type Bounds,
  type ChipLayout,
  createChipLayout,
  type GeoBox,
  TimeInterval,
} from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import type { EmbeddingManifest, ModelManifest, SceneImage } from '../../inference/index.js';
import { timeSteps } from '../../inference/manifest.js';
import { mirror } from '../../kernels/cpu/chips.js';
import { createBlockCache } from '../../raster/node/index.js';
import { checkOverlap, checkUnits, identityOfImage, planImages } from '../plan-images.js';
import { readScene, resolveGrid, SceneRasters } from '../scene.js';
import { openImages } from '../scene-images.js';
import { type Chip, type ChipSource, chipValues, digits } from './source.js';

export interface SceneChipsOptions {
  manifest: ModelManifest | EmbeddingManifest;
  backend: Backend;
  /** Scene phases in the order of the model's, where the names differ. */
  phases?: readonly string[];
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
  maxPixels: number;
  signal?: AbortSignal;
}

const DEFAULT_CACHE_BYTES = 256 * 2 ** 20;

/** Images over the rows of one row of chips: the bands of each, on the host. */
interface HostStrip {
  readonly row: number;
  readonly start: number;
  readonly planes: ReadonlyMap<SceneImage, readonly Float32Array[]>;
}

/** Close it when done. */
export class SceneChips implements ChipSource {
  readonly count: number;
  readonly identity: unknown;
  /** The scene's id, with which those of its chips begin. */
  readonly id: string;
  readonly #interval: TimeInterval | null;
  readonly #geobox: GeoBox;
  readonly #layout: ChipLayout;
  readonly #images: readonly SceneImage[];
  readonly #rasters: SceneRasters;
  readonly #options: SceneChipsOptions;

  private constructor(
    about: { id: string; interval: TimeInterval | null; identity: unknown },
    geobox: GeoBox,
    images: readonly SceneImage[],
    rasters: SceneRasters,
    options: SceneChipsOptions,
  ) {
    const { size, stride } = options.manifest.chip;
    this.#layout = createChipLayout(geobox.width, geobox.height, size, stride);
    this.count = this.#layout.columnStarts.length * this.#layout.rowStarts.length;
    this.identity = about.identity;
    this.id = about.id;
    this.#interval = about.interval;
    this.#geobox = geobox;
    this.#images = images;
    this.#rasters = rasters;
    this.#options = options;
  }

  /**
   * @param location a scene file, or the folder of a package
   * @throws {TerrachipError} as `planImages`; TOO_LARGE for a grid above `maxPixels`
   */
  static async open(location: string, options: SceneChipsOptions): Promise<SceneChips> {
    const { manifest, backend, maxPixels, phases, signal } = options;
    const scene = await readScene(location);
    const rasters = new SceneRasters(createBlockCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES));
    try {
      const planned = await planImages(scene, manifest, rasters, {
        ...(phases === undefined ? {} : { phases }),
        ...(signal === undefined ? {} : { signal }),
      });
      const geobox = (await resolveGrid(scene, rasters, signal)).requireAtMost(
        maxPixels,
        'choose a coarser resolution or smaller bounds, or raise `maxPixels`',
      );
      await checkOverlap(planned, manifest, rasters, geobox, signal === undefined ? {} : { signal });
      await checkUnits(planned, manifest.inputs, rasters, signal);
      const images = await openImages(planned, {
        manifest,
        geobox,
        rasters,
        backend,
        ...(signal === undefined ? {} : { signal }),
      });
      const { id = 'scene', datetime } = scene.document;
      const about = {
        id,
        interval: datetime === undefined ? null : TimeInterval.parse(datetime),
        identity: {
          id,
          datetime: datetime ?? null,
          grid: geobox.toJSON(),
          images: planned.map(identityOfImage),
        },
      };
      return new SceneChips(
        about,
        geobox,
        images.map(({ image }) => image),
        rasters,
        options,
      );
    } catch (error) {
      await rasters.close();
      throw error;
    }
  }

  async *chips(start: number, end: number, signal?: AbortSignal): AsyncGenerator<Chip> {
    const columns = this.#layout.columnStarts.length;
    let strip: HostStrip | null = null;
    for (let k = start; k < end; k++) {
      signal?.throwIfAborted();
      const row = Math.floor(k / columns);
      if (strip?.row !== row) strip = await this.#read(row, signal);
      yield this.#chip(strip, k % columns);
    }
  }

  async close(): Promise<void> {
    await this.#rasters.close();
  }

  async #read(row: number, signal: AbortSignal | undefined): Promise<HostStrip> {
    const { backend } = this.#options;
    const { width, height, size, rowStarts } = this.#layout;
    const rows = { start: rowStarts[row], end: Math.min(height, rowStarts[row] + size) };
    const planes = new Map<SceneImage, readonly Float32Array[]>();
    for (const image of this.#images) {
      const tensors = image.input.bands.map(() =>
        backend.allocate([rows.end - rows.start, width], 'float32'),
      );
      try {
        await image.readRows(rows, tensors, signal);
        const values: Float32Array[] = [];
        for (const tensor of tensors) values.push((await backend.download(tensor)) as Float32Array);
        planes.set(image, values);
      } finally {
        for (const tensor of tensors) tensor.dispose();
      }
    }
    return { row, start: rows.start, planes };
  }

  #chip(strip: HostStrip, column: number): Chip {
    const { manifest } = this.#options;
    const x = this.#layout.columnStarts[column];
    const inputs = new Map<string, Float32Array>();
    for (const input of manifest.inputs)
      inputs.set(input.name, new Float32Array(chipValues(manifest, input)));
    for (const [{ input, phase }, planes] of strip.planes) {
      const steps = timeSteps(manifest, input);
      const step = phase === undefined || steps === 1 ? 0 : manifest.phases.indexOf(phase);
      const target = inputs.get(input.name);
      if (target === undefined) throw internalError('SceneChips', `no input ${input.name}`);
      for (const [band, plane] of planes.entries()) this.#cut(plane, x, target, band * steps + step);
    }
    return {
      id: `${this.id}_${digits(strip.start)}_${digits(x)}`,
      crs: this.#geobox.crs,
      bounds: this.#boundsAt(x, strip.start),
      interval: this.#interval,
      inputs,
    };
  }

  /** Copies a chip out of a plane; what reaches beyond the scene sees it mirrored, as in `gatherChips`. */
  #cut(plane: Float32Array, x: number, target: Float32Array, channel: number): void {
    const { width, height, size } = this.#layout;
    const rows = plane.length / width;
    for (let y = 0; y < size; y++) {
      const from = (rows < size ? mirror(y, height) : y) * width;
      const to = (channel * size + y) * size;
      if (x + size <= width) target.set(plane.subarray(from + x, from + x + size), to);
      else for (let k = 0; k < size; k++) target[to + k] = plane[from + mirror(x + k, width)];
    }
  }

  #boundsAt(x: number, y: number): Bounds {
    const { size } = this.#layout;
    const { transform } = this.#geobox;
    const corners = [0, size].flatMap((dx) => [0, size].map((dy) => transform.apply(x + dx, y + dy)));
    const [xs, ys] = [corners.map((corner) => corner[0]), corners.map((corner) => corner[1])];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
}
