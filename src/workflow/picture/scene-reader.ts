/** Reads bands of a scene at the size of a picture, from overviews. */
import type { GeoBox } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import { readWhole, type Units, unitConversion, WarpedRaster } from '../../raster/node/index.js';
import { isCategorical } from '../../raster/units.js';
import { Resource } from '../../resource.js';
import {
  declaredGrid,
  phasesOf,
  resolveHref,
  type Scene,
  type SceneBands,
  type SceneNodata,
  SceneRasters,
} from '../scene.js';

export interface SceneBand {
  readonly input: string;
  readonly band: string;
  readonly units: Units;
  readonly href: string;
  /** Band number from 1. */
  readonly index: number;
  /** Nodata that the scene declares; overrides the file's. */
  readonly nodata: SceneNodata | undefined;
}

export class SceneReader extends Resource {
  readonly #rasters: SceneRasters;
  readonly #backend = new CpuBackend();

  /** @param geobox the picture's grid */
  constructor(
    readonly scene: Scene,
    readonly geobox: GeoBox,
  ) {
    super();
    this.#rasters = new SceneRasters(declaredGrid(scene));
  }

  /** Names of the phases, in order. */
  get phases(): string[] {
    return [...phasesOf(this.scene)];
  }

  /** All bands of a phase; null for the static ones. */
  bands(phase: string | null): SceneBand[] {
    return Object.entries(this.scene.document.inputs).flatMap(([input, { units, phases, static: fixed }]) => {
      const image: SceneBands = (phase === null ? fixed : phases?.[phase]) ?? {};
      return Object.entries(image).map(([band, source]) => ({
        input,
        band,
        units: source.units ?? units,
        href: resolveHref(this.scene, source.href),
        index: source.band,
        nodata: source.nodata,
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

  /** Values on the picture's grid, radar in dB; NaN for nodata. */
  async read({ href, index, units, input, nodata }: SceneBand, signal?: AbortSignal): Promise<Float32Array> {
    const raster = await this.#rasters.openBand({ href, band: index, nodata }, signal);
    const resampling = isCategorical(units) ? 'nearest' : 'bilinear';
    const warped = new WarpedRaster(this.#backend, raster, {
      geobox: this.geobox,
      resampling,
      bands: [index],
      overview: 'auto',
      finish: units === 'linear_power' ? unitConversion(units, 'dB', input).resampled : null,
    });
    const values = new Float32Array(this.geobox.pixelCount);
    await readWhole(this.#backend, warped, [values], { signal });
    return values;
  }

  async dispose(): Promise<void> {
    this.#backend.dispose();
    await this.#rasters.dispose();
  }
}
