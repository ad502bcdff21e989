/** Pixels of a raster for zonal statistics, on its own grid. */
import { QualityRaster, SourceView } from '../../catalog/loaders/quality.js';
import type { QualityMask } from '../../catalog/node/index.js';
import { invalidInput } from '../../errors.js';
import type { GeoBox, PixelWindow } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import {
  type BandInfo,
  openRaster,
  type Raster,
  readExactStrips,
  WarpedRaster,
} from '../../raster/node/index.js';
import { orDispose, Resource } from '../../resource.js';
import { requireGeobox } from '../target-grid.js';
import { Layers, qualityMask, type ZonalLayers } from './layers.js';
import type { SourceStep, ZonalSource, ZonalStrip } from './source.js';

export interface RasterSourceOptions extends ZonalLayers {
  readonly mask?: QualityMask | 'scl';
  /** Take values as they are stored, without scale and offset. */
  readonly stored?: boolean;
  readonly signal?: AbortSignal;
}

export class RasterSource extends Resource implements ZonalSource {
  readonly name: string;
  readonly grid: GeoBox;
  readonly layers: readonly string[];
  readonly steps: readonly SourceStep[] = [{ date: null }];
  readonly units = {};
  readonly #raster: Raster;
  readonly #backend = new CpuBackend();
  readonly #layers: Layers;
  readonly #indices: readonly number[];
  readonly #options: RasterSourceOptions;

  private constructor(raster: Raster, options: RasterSourceOptions) {
    super();
    this.name = raster.name;
    this.grid = requireGeobox(raster);
    const { bands, expressions } = options;
    const ofData = raster.bands.filter(({ colourInterpretation }) => colourInterpretation !== 'alpha');
    const shown = bands?.map((choice) => bandOf(raster, choice)) ?? (expressions === undefined ? ofData : []);
    const names = nameBands(raster);
    const choice = { bands: shown.map((band) => nameOf(band, raster)), expressions };
    this.#layers = new Layers(choice, [...names.keys()]);
    this.layers = this.#layers.names;
    this.#indices = this.#layers.bands.map((band) => names.get(String(band)) ?? bandOf(raster, band).index);
    this.#raster = raster;
    this.#options = options;
  }

  /** @throws {TerrachipError} INVALID_INPUT for a raster that has no place, or lacks a band */
  static async open(path: string, options: RasterSourceOptions): Promise<RasterSource> {
    const raster = await openRaster(path, { signal: options.signal });
    return orDispose(raster, async () => new RasterSource(raster, options));
  }

  async *read(_: SourceStep, window: PixelWindow): AsyncGenerator<ZonalStrip> {
    const { stored = false, signal } = this.#options;
    const mask = qualityMask(this.#options.mask);
    const raster = mask === undefined ? this.#raster : this.#masked(mask);
    const warped = new WarpedRaster(this.#backend, raster, {
      geobox: this.grid.window(window.x, window.y, window.width, window.height),
      resampling: 'nearest',
      bands: this.#indices,
      unscale: !stored,
    });
    for await (const { rows, values } of readExactStrips(this.#backend, warped, signal)) {
      yield {
        rows: { start: window.y + rows.start, end: window.y + rows.end },
        values: this.#layers.compute(values),
      };
    }
  }

  async dispose(): Promise<void> {
    this.#backend.dispose();
    await this.#raster.dispose();
  }

  #masked(mask: QualityMask): Raster {
    const raster = this.#raster;
    const quality = new QualityRaster(this.#backend, raster, bandOf(raster, mask.band), mask);
    return new SourceView(raster, raster.bands, quality);
  }
}

/** A band by its number or its description. @throws {TerrachipError} INVALID_INPUT */
function bandOf({ name, bands }: Raster, choice: string | number): BandInfo {
  const wanted = String(choice).toLowerCase();
  const found =
    bands.find(({ index, description }) => choice === index || description === choice) ??
    bands.find(({ index, description }) => wanted === `b${index}` || description?.toLowerCase() === wanted) ??
    bands.find(({ index }) => wanted === String(index));
  if (found !== undefined) return found;
  const names = bands.map((band) => band.description ?? String(band.index));
  throw invalidInput(name, `has no band "${choice}"`, `choose one of ${names.slice(0, 30).join(', ')}`);
}

/** Its description, if no other band has it; else its number. */
function nameOf({ index, description }: BandInfo, { bands }: Raster): string {
  const alike = bands.filter((band) => band.description === description);
  return description === null || description === '' || alike.length > 1 ? String(index) : description;
}

/** What expressions call the bands: `b1`, `b2`, …, and their descriptions where these are names. */
function nameBands(raster: Raster): Map<string, number> {
  const names = new Map(raster.bands.map(({ index }) => [`b${index}`, index]));
  for (const band of raster.bands) {
    const name = nameOf(band, raster);
    if (/^[A-Za-z_]\w*$/.test(name)) names.set(name, band.index);
  }
  return names;
}
