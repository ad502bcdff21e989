/** Reads bands of a scene at the size of a picture, from overviews. */
import type { GeoBox } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import { createBlockCache, readWhole, unitConversion } from '../../raster/node/index.js';
import { isCategorical } from '../../raster/units.js';
import { Resource } from '../../resource.js';
import { MosaicRows, type MosaicTile } from '../mosaic-rows.js';
import {
  type BandTile,
  declaredGrid,
  type Mosaic,
  phasesOf,
  type Scene,
  type SceneBands,
  tilesOf,
} from '../scene.js';
import { SceneRasters } from '../scene-rasters.js';
import { cloudsOfScl } from './clouds.js';

export interface SceneBand {
  readonly input: string;
  readonly band: string;
  readonly tiles: readonly BandTile[];
  readonly method: Mosaic | undefined;
}

/** Decoded blocks that are kept: a picture is read from top to bottom, and needs few of them twice. */
const CACHE_BYTES = 32 * 2 ** 20;

export class SceneReader extends Resource {
  readonly #cache = createBlockCache(CACHE_BYTES);
  readonly #rasters: SceneRasters;
  readonly #backend = new CpuBackend();

  /** @param geobox the picture's grid */
  constructor(
    readonly scene: Scene,
    readonly geobox: GeoBox,
  ) {
    super();
    this.#rasters = new SceneRasters(declaredGrid(scene), this.#cache);
  }

  /** Names of the phases, in order. */
  get phases(): string[] {
    return [...phasesOf(this.scene)];
  }

  /** All bands of a phase; null for the static ones. */
  bands(phase: string | null): SceneBand[] {
    return Object.entries(this.scene.document.inputs).flatMap(([input, sceneInput]) => {
      const { units, mosaic: method, phases, static: fixed } = sceneInput;
      const image: SceneBands = (phase === null ? fixed : phases?.[phase]) ?? {};
      return Object.entries(image).map(([band, source]) => ({
        input,
        band,
        tiles: tilesOf(this.scene, source, units),
        method,
      }));
    });
  }

  /** Bands by name, or null where the phase lacks one of them. */
  find(phase: string | null, names: readonly string[]): SceneBand[] | null {
    const bands = this.bands(phase);
    const matches = names.flatMap((name) => bands.find(({ band }) => band === name) ?? []);
    return matches.length === names.length ? matches : null;
  }

  /** The values of `find`. */
  async readNamed(
    phase: string | null,
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<Float32Array[] | null> {
    const bands = this.find(phase, names);
    if (bands === null) return null;
    const planes: Float32Array[] = [];
    for (const band of bands) planes.push(await this.read(band, signal));
    return planes;
  }

  /** Clouds of a phase by its band SCL, 1 for a cloud; null without one. */
  async clouds(phase: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const planes = await this.readNamed(phase, ['SCL'], signal);
    return planes === null ? null : cloudsOfScl(planes[0]);
  }

  /** Values on the picture's grid, radar in dB; NaN for nodata. */
  async read({ input, tiles, method }: SceneBand, signal?: AbortSignal): Promise<Float32Array> {
    const opened: MosaicTile[] = [];
    for (const tile of tiles) {
      const { units, band } = tile;
      const convert = unitConversion(units, units === 'linear_power' ? 'dB' : units, input);
      opened.push({ raster: await this.#rasters.openBand(tile, signal), bands: [band], convert });
    }
    const rows = new MosaicRows(this.#backend, opened, {
      geobox: this.geobox,
      resampling: isCategorical(tiles[0].units) ? 'nearest' : 'bilinear',
      method,
      overview: 'auto',
    });
    const values = new Float32Array(this.geobox.pixelCount);
    await readWhole(this.#backend, rows, [values], { signal });
    return values;
  }

  async dispose(): Promise<void> {
    this.#backend.dispose();
    this.#cache.clear();
    await this.#rasters.dispose();
  }
}
