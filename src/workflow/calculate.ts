/** Band arithmetic over files, streamed: memory does not grow with the height of the result. */

import { invalidInput, invalidOption } from '../errors.js';
import type { Dtype, GeoBox, RowRange } from '../geo/index.js';
import type { Backend, BackendInfo, DeviceTensor } from '../gpu/index.js';
import { type BackendChoice, createBackend } from '../gpu/node/index.js';
import { requireOutput } from '../io/node/index.js';
import {
  type DeviceExpression,
  type Expression,
  evaluateExpression,
  parseExpression,
  type Resampling,
  uploadExpression,
} from '../kernels/index.js';
import type { OperationOptions } from '../progress.js';
import {
  type CogOptions,
  CogWriter,
  noReference,
  openRaster,
  type Raster,
  storableNodata,
  WarpedRaster,
} from '../raster/index.js';
import { given } from './given.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { type RowSource, streamRows } from './stream-rows.js';
import { gridOf } from './target-grid.js';

/** A band that expressions call by a name. */
export interface BandSource {
  name: string;
  /** Path or URL of a raster. */
  path: string;
  /** From 1 (default 1). */
  band?: number;
}

export interface CalculateOptions extends OperationOptions {
  /** One a band of the result: see `parseExpression`. */
  expressions: readonly string[];
  bands: readonly BandSource[];
  /** The COG to write. */
  destination: string;
  /** A raster whose grid the result takes (default: the first band's). */
  like?: string;
  /** How bands on other grids are resampled; without it they are refused. */
  resampling?: Resampling;
  /** Whether values are taken as they are stored, not as physical ones by the file's scale and offset (default false). */
  stored?: boolean;
  /** Type of the result (default float32). */
  dtype?: Dtype;
  /** Nodata of the result (default: NaN, or the end of the type's range). */
  nodata?: number;
  backend?: BackendChoice;
  threads?: number;
  compression?: CogOptions['compression'];
  overviews?: CogOptions['overviews'];
  maxPixels?: number;
}

export interface CalculateReport {
  destination: string;
  expressions: string[];
  width: number;
  height: number;
  crs: string;
  dtype: Dtype;
  nodata: number;
  /** Valid pixels of each band of the result. */
  validPixels: number[];
  backend: BackendInfo;
}

/**
 * Evaluates expressions at every pixel of some rasters and writes the results as the bands of a COG. A pixel without
 * data in a band that an expression uses has none in the result.
 * @throws {TerrachipError} INVALID_INPUT for an expression that cannot be read, or a band that is not there or on
 *   another grid
 */
export async function calculate(options: CalculateOptions): Promise<CalculateReport> {
  const { destination, bands, signal } = options;
  const names = bands.map(({ name }) => name);
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice !== undefined) throw invalidOption('--band', `gives ${twice} twice`, 'give each name once');
  if (options.expressions.length === 0)
    throw invalidInput('a calculation', 'has no expression', 'give at least one');
  const expressions = options.expressions.map((text) => parseExpression(text, names));
  const used = bands.filter(({ name }) => expressions.some((expression) => expression.bands.includes(name)));
  const unused = bands.find((band) => !used.includes(band));
  if (unused !== undefined) {
    throw invalidOption('--band', `gives ${unused.name}, which no expression uses`, 'leave it out');
  }
  if (used.length === 0 && options.like === undefined)
    throw invalidOption('--band', 'is not given', 'give a band, or the grid of the result with --like');
  await requireOutput(destination, {
    formats: ['GeoTIFF'],
    inputs: [...bands.map(({ path }) => path), ...(options.like === undefined ? [] : [options.like])],
  });
  const sources: BandGroup[] = [];
  try {
    for (const band of used) {
      const known = sources.find(({ path }) => path === band.path);
      if (known !== undefined) known.bands.push(band);
      else {
        const raster = await openRaster(band.path, given({ signal, onProgress: options.onProgress }));
        sources.push({ path: band.path, raster, bands: [band] });
      }
    }
    return await calculateOpened(sources, expressions, options);
  } finally {
    await Promise.all(sources.map(({ raster }) => raster.close()));
  }
}

/** The bands of one file. */
interface BandGroup {
  readonly path: string;
  readonly raster: Raster;
  readonly bands: BandSource[];
}

async function calculateOpened(
  groups: readonly BandGroup[],
  expressions: readonly Expression[],
  options: CalculateOptions,
): Promise<CalculateReport> {
  const { destination, like, dtype = 'float32' } = options;
  const grid = like === undefined ? boxOf(groups[0].raster) : await gridOf(like);
  const geobox = grid.requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'give a smaller grid with --like, or raise --max-pixels',
  );
  for (const { raster } of groups) requireGrid(raster, geobox, options.resampling);
  const nodata = storableNodata(dtype, options.nodata ?? null);
  const backend = await createBackend({
    backend: options.backend ?? 'auto',
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  try {
    const rows = new CalculatedRows(backend, groups, geobox, expressions, options);
    const writer = await CogWriter.create(destination, {
      geobox,
      bands: expressions.length,
      dtype,
      nodata,
      descriptions: expressions.map(({ text }) => text),
      ...(options.compression === undefined ? {} : { compression: options.compression }),
      ...(options.overviews === undefined ? {} : { overviews: options.overviews }),
    });
    try {
      // Values may be classes: one that equals the nodata value is not moved to its neighbour.
      const target = { geobox, dtype, nodata, resampled: false, stage: 'calc' };
      const validPixels = await streamRows(backend, rows, writer, target, options);
      await writer.finish();
      return {
        destination,
        expressions: expressions.map(({ text }) => text),
        width: geobox.width,
        height: geobox.height,
        crs: geobox.crs.toString(),
        dtype,
        nodata,
        validPixels,
        backend: backend.info,
      };
    } finally {
      await writer.abort();
      rows.dispose();
    }
  } finally {
    backend.dispose();
  }
}

function boxOf(raster: Raster): GeoBox {
  if (raster.geobox === null) throw noReference(raster);
  return raster.geobox;
}

/** Grids are never changed unasked. */
function requireGrid(raster: Raster, geobox: GeoBox, resampling: Resampling | undefined): void {
  const own = boxOf(raster);
  if (resampling !== undefined || own.equals(geobox, 1e-6)) return;
  throw invalidInput(
    raster.name,
    `lies on another grid (${own.width} × ${own.height} in ${own.crs}) than the result (${geobox.width} × ${geobox.height} in ${geobox.crs})`,
    'say how to resample it with --resampling',
  );
}

/** Rows of a result, computed from the rows of its bands. */
class CalculatedRows implements RowSource {
  readonly bandCount: number;
  readonly #backend: Backend;
  readonly #geobox: GeoBox;
  readonly #expressions: readonly DeviceExpression[];
  readonly #sources: readonly { warped: WarpedRaster; names: readonly string[] }[];
  /** Bands of the strip at hand: they are overwritten once its results are computed. */
  readonly #bands = new Map<string, DeviceTensor>();

  constructor(
    backend: Backend,
    groups: readonly BandGroup[],
    geobox: GeoBox,
    expressions: readonly Expression[],
    { resampling = 'nearest', stored = false }: CalculateOptions,
  ) {
    this.bandCount = expressions.length;
    this.#backend = backend;
    this.#geobox = geobox;
    this.#sources = groups.map(({ raster, bands }) => ({
      warped: new WarpedRaster(backend, raster, {
        geobox,
        resampling,
        bands: bands.map(({ band = 1 }) => band),
        unscale: !stored,
      }),
      names: bands.map(({ name }) => name),
    }));
    this.#expressions = expressions.map((expression) => uploadExpression(backend, expression));
  }

  async readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const shape = [planes[0].shape[0], this.#geobox.width];
    for (const { warped, names } of this.#sources) {
      const strips = names.map((name) => this.#band(name, shape));
      await warped.readRows(rows, strips, firstRow, signal);
    }
    const bands = Object.fromEntries(this.#bands);
    for (const [k, expression] of this.#expressions.entries())
      evaluateExpression(this.#backend, { expression, bands, destination: planes[k] });
    await this.#backend.submit();
  }

  dispose(): void {
    for (const tensor of [...this.#bands.values(), ...this.#expressions.map(({ program }) => program)])
      tensor.dispose();
  }

  #band(name: string, shape: readonly number[]): DeviceTensor {
    const known = this.#bands.get(name);
    if (known !== undefined) return known;
    const plane = this.#backend.allocate(shape, 'float32');
    this.#bands.set(name, plane);
    return plane;
  }
}
