/** The images of chips: rows of a catalog, on the grid of each chip. */
import { findBand, requireBand } from '../../catalog/loaders/bands.js';
import { rowsOn } from '../../catalog/loaders/rows.js';
import {
  type BandChoice,
  type CatalogRow,
  type Chip,
  type GeoCatalog,
  loadRaster,
  type RasterPool,
} from '../../catalog/node/index.js';
import { mainAsset } from '../../catalog/row.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { canHold, type Dtype, type GeoTensor, isFloat } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import type { BlockCache } from '../../raster/node/index.js';
import { type InputVersions, UsedFiles } from '../input-versions.js';
import { qualityMask } from '../zonal/layers.js';
import type { ChipImages } from './options.js';

/** Files whose versions are read concurrently. */
const CONCURRENCY = 16;

/** How images are read. */
export interface ImageContext {
  readonly pool: RasterPool;
  readonly cache: BlockCache;
  readonly backend: Backend;
  readonly versions: InputVersions;
}

/** The image of a chip. */
export interface ChipImage {
  /** (band, y, x). */
  readonly pixels: GeoTensor;
  /** For each pixel, whether it has data in all bands. */
  readonly valid: Uint8Array;
  /** The rows that may have pixels in it. */
  readonly rows: readonly CatalogRow[];
}

/** The bands of a catalog's rows, and the type that they are read as. */
export class ImageSource {
  readonly bands: readonly BandChoice[];
  readonly names: readonly string[];
  readonly dtype: Dtype;
  readonly nodata: number;
  /** The rows that have all bands. */
  readonly catalog: GeoCatalog;
  readonly #options: ChipImages;
  readonly #context: ImageContext;
  readonly #files: UsedFiles;

  private constructor(
    catalog: GeoCatalog,
    bands: readonly BandChoice[],
    names: readonly string[],
    options: ChipImages,
    context: ImageContext,
  ) {
    const { dtype = 'float32', nodata = Number.NaN } = options;
    this.catalog = catalog;
    this.bands = bands;
    this.names = names;
    this.dtype = dtype;
    this.nodata = nodata;
    this.#options = options;
    this.#context = context;
    this.#files = new UsedFiles(context.pool, context.versions);
  }

  /**
   * @param name the catalog's, for messages
   * @throws {TerrachipError} INVALID_INPUT where no row has all bands; INVALID_OPTION for a `dtype` without a `nodata` that
   * it holds
   */
  static async open(
    catalog: GeoCatalog,
    name: string,
    options: ChipImages,
    context: ImageContext,
    signal?: AbortSignal,
  ): Promise<ImageSource> {
    const { dtype = 'float32', nodata, minValid = 0 } = options;
    if (!(minValid >= 0 && minValid <= 1))
      throw invalidOption('minValid', `cannot be ${minValid}`, 'give a share from 0 to 1');
    if (nodata === undefined ? !isFloat(dtype) : !canHold(dtype, nodata)) {
      const problem = nodata === undefined ? `is needed for ${dtype}` : `cannot be ${nodata} in ${dtype}`;
      throw invalidOption('nodata', problem, 'give a value that no valid pixel has');
    }
    const [first] = catalog;
    const choice = options.bands ?? (await bandsOfFile(first, context.pool, signal));
    const rows = catalog.filter((row) => choice.every((band) => findBand(row, band) !== null));
    if (rows.length === 0) {
      const missing = choice.filter((band) => ![...catalog].some((row) => findBand(row, band) !== null));
      const problem = `has no row with ${missing.length > 0 ? missing.join(', ') : `all of ${choice.join(', ')}`}`;
      throw invalidInput(name, problem, 'name other `bands` (terrachip catalog info lists assets)');
    }
    const names = await namesOfBands([...rows][0], choice, context.pool, signal);
    return new ImageSource(rows, choice, names, options, context);
  }

  /** Everything that decides the values of images, as JSON. */
  async identity(signal?: AbortSignal): Promise<unknown> {
    const { versions } = this.#context;
    const mask = qualityMask(this.#options.mask);
    const ofBand = async (row: CatalogRow, choice: BandChoice): Promise<unknown> => {
      const { asset, index, values } = requireBand(row, choice);
      return [await versions.identityOf(asset.href, signal), index, values];
    };
    const choices = mask === undefined ? this.bands : [...this.bands, mask.band];
    const ofRow = async (row: CatalogRow): Promise<unknown> => [
      row.collection,
      row.id,
      row.interval,
      await Promise.all(choices.map((choice) => ofBand(row, choice))),
    ];
    return mapConcurrently([...this.catalog], CONCURRENCY, ofRow, signal);
  }

  /** @throws {TerrachipError} as `loadRaster` */
  async load({ geobox, slice }: Chip, signal?: AbortSignal): Promise<ChipImage> {
    const { method, mask, resampling, stored = false } = this.#options;
    const { backend, cache } = this.#context;
    const rows = rowsOn(this.catalog, geobox, slice.interval);
    const pixels: GeoTensor = await loadRaster(rows, geobox, {
      bands: this.bands,
      method,
      mask: qualityMask(mask),
      resampling,
      unscale: !stored,
      dtype: this.dtype,
      nodata: this.nodata,
      backend,
      cache,
      allowEmpty: true,
      open: this.#files.open,
      signal,
    });
    return { pixels, valid: validPixels(pixels, this.nodata), rows };
  }

  /** Checks the versions of the files that were read since the last call. */
  requireUnchanged(signal?: AbortSignal): Promise<void> {
    return this.#files.requireUnchanged(signal);
  }
}

/** The numbers of the bands of a row's main file, without alpha. */
async function bandsOfFile(row: CatalogRow, pool: RasterPool, signal?: AbortSignal): Promise<number[]> {
  await using raster = await pool.open(mainAsset(row).href, { signal });
  const colours = raster.bands.filter(({ colourInterpretation }) => colourInterpretation !== 'alpha');
  return colours.map(({ index }) => index);
}

/** Names of bands as they are chosen, or as the row or the file names those that are chosen by number. */
async function namesOfBands(
  row: CatalogRow,
  choices: readonly BandChoice[],
  pool: RasterPool,
  signal?: AbortSignal,
): Promise<string[]> {
  const names: string[] = [];
  for (const choice of choices) {
    const chosen = requireBand(row, choice);
    if (typeof choice === 'string') names.push(choice);
    else if (chosen.band !== null) names.push(chosen.name);
    else {
      await using raster = await pool.open(chosen.asset.href, { signal });
      names.push(raster.bands[choice - 1]?.description ?? String(choice));
    }
  }
  return names;
}

/** 1 for pixels with data in all bands. */
function validPixels({ data, shape, geobox }: GeoTensor, nodata: number): Uint8Array {
  const pixels = geobox.pixelCount;
  const valid = new Uint8Array(pixels).fill(1);
  for (let band = 0; band < shape[0]; band++) {
    for (let i = 0; i < pixels; i++) {
      const value = data[band * pixels + i];
      if (Number.isNaN(value) || value === nodata) valid[i] = 0;
    }
  }
  return valid;
}
