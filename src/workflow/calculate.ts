/** Band arithmetic over files, in strips: memory does not grow with the height of the result. */
import { invalidInput, invalidOption } from '../errors.js';
import { type Dtype, type GeoBox, isFloat } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { createBackend } from '../gpu/node/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { beyondFloat32, givesClasses } from '../kernels/expression/index.js';
import { evaluateExpressionFloat64 } from '../kernels/expression.js';
import {
  type Expression,
  evaluateExpression,
  parseExpression,
  type Resampling,
  uploadExpression,
} from '../kernels/index.js';
import { counted, pixelsOf } from '../progress.js';
import { type ExactRowSource, openRaster, type Raster, WarpedRaster } from '../raster/node/index.js';
import { requireNodata } from '../raster/stored-values.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { type CogOutputOptions, type CogReport, streamCog } from './stream-rows.js';
import { gridOf, requireGeobox } from './target-grid.js';

/** A band and its name in expressions. */
export interface BandSource {
  name: string;
  /** Path or URL of a raster. */
  path: string;
  /** From 1 (default 1). */
  band?: number;
}

/** Expressions, bands and the grid of the result of `calculate`. */
export interface CalculateOptions extends CogOutputOptions {
  /** One expression for each band of the result: see `parseExpression`. */
  expressions: readonly string[];
  bands: readonly BandSource[];
  /** A raster with the grid of the result (default: the raster of the first band). */
  like?: string;
  /** Resampling of bands on other grids; without it they are refused. */
  resampling?: Resampling;
  /** Use stored values instead of physical ones: ignore the file's scale and offset (default false). */
  stored?: boolean;
  /**
   * Type of the result. Default: float32; float64 where an input is float64 or an integer of 32 or 64 bits, or where a
   * number in an expression is not exact in float32.
   */
  dtype?: Dtype;
  /** Nodata of the result (default: NaN for floats, none for integers). Null: gaps are stored as a mask. */
  nodata?: number | null;
}

/** The written raster: a band for each expression. */
export interface CalculateReport extends CogReport {
  expressions: string[];
}

export async function calculate(options: CalculateOptions): Promise<CalculateReport> {
  const { destination, bands, signal } = options;
  const names = bands.map(({ name }) => name);
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice !== undefined) throw invalidOption('bands', `gives ${twice} twice`, 'give each name once');
  if (options.expressions.length === 0)
    throw invalidInput('a calculation', 'has no expression', 'give at least one');
  const expressions = options.expressions.map((text) => parseExpression(text, names));
  const used = bands.filter(({ name }) => expressions.some((expression) => expression.bands.includes(name)));
  const unused = bands.find((band) => !used.includes(band));
  if (unused !== undefined) {
    throw invalidOption('bands', `gives ${unused.name}, which no expression uses`, 'leave it out');
  }
  if (used.length === 0 && options.like === undefined)
    throw invalidOption('bands', 'is not given', 'give a band, or the grid of the result with `like`');
  await requireOutput(destination, {
    formats: ['GeoTIFF'],
    inputs: [...bands.map(({ path }) => path), options.like ?? []].flat(),
  });
  const sources: BandGroup[] = [];
  try {
    for (const band of used) {
      const known = sources.find(({ path }) => path === band.path);
      if (known !== undefined) known.bands.push(band);
      else {
        const raster = await openRaster(band.path, { signal, onProgress: options.onProgress });
        sources.push({ path: band.path, raster, bands: [band] });
      }
    }
    return await calculateOpened(sources, expressions, options);
  } finally {
    await Promise.all(sources.map(({ raster }) => raster.dispose()));
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
  const { like } = options;
  const grid = like === undefined ? requireGeobox(groups[0].raster) : await gridOf(like);
  const geobox = grid.requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'give a smaller grid with `like`, or raise `maxPixels`',
  );
  for (const { raster } of groups) requireGrid(raster, geobox, options.resampling);
  if (options.dtype !== undefined && options.nodata !== undefined)
    requireNodata(options.dtype, options.nodata);
  using backend = await createBackend(options);
  using rows = calculatedRows(backend, groups, geobox, expressions, options);
  const dtype = options.dtype ?? (rows.exceedsFloat32 ? 'float64' : 'float32');
  const nodata = options.nodata === undefined ? (isFloat(dtype) ? Number.NaN : null) : options.nodata;
  requireNodata(dtype, nodata);
  const texts = expressions.map(({ text }) => text);
  const cog = {
    geobox,
    bands: expressions.length,
    dtype,
    nodata,
    descriptions: texts,
    overviews:
      options.overviews ?? (isFloat(dtype) && !expressions.some(givesClasses) ? 'average' : 'nearest'),
  } as const;
  // Values may be classes: one that equals the nodata value is not moved to its neighbour.
  const read = groups.map(
    ({ raster, bands }) => `${pixelsOf(raster.width, raster.height, bands.length)} of ${raster.name}`,
  );
  const reads =
    read.length > 2 ? `${read[0]}, and of ${counted(read.length - 1, 'other file')}` : read.join(' and ');
  const target = { cog, resampled: false, alpha: null, stage: 'calc', reads: reads || 'no raster' };
  return { ...(await streamCog(backend, rows, target, options)), expressions: texts };
}

/** Tolerance of the comparison of grids, in pixels: files round transforms differently. */
const SAME_GRID = 0.01;

/** Without `resampling`, all rasters must have the grid of the result. */
function requireGrid(raster: Raster, geobox: GeoBox, resampling: Resampling | undefined): void {
  const own = requireGeobox(raster);
  if (resampling !== undefined || geobox.equals(own, SAME_GRID)) return;
  const problem = `is on another grid (${describeGrid(own)}) than the result (${describeGrid(geobox)})`;
  throw invalidInput(raster.name, problem, 'choose a `resampling`');
}

function describeGrid({ width, height, crs, transform: { a, c, e, f } }: GeoBox): string {
  return `${width} × ${height} pixels of ${a} × ${e} from (${c}, ${f}) in ${crs}`;
}

/** Rows of a result, computed from the rows of its bands. */
interface CalculatedRows extends ExactRowSource, Disposable {
  readonly exceedsFloat32: boolean;
}

function calculatedRows(
  backend: Backend,
  groups: readonly BandGroup[],
  geobox: GeoBox,
  expressions: readonly Expression[],
  { resampling = 'nearest', stored = false }: CalculateOptions,
): CalculatedRows {
  const sources = groups.map(({ raster, bands }) => ({
    warped: new WarpedRaster(backend, raster, {
      geobox,
      resampling,
      bands: bands.map(({ band = 1 }) => band),
      unscale: !stored,
    }),
    names: bands.map(({ name }) => name),
  }));
  const uploaded = expressions.map((expression) => uploadExpression(backend, expression));
  return {
    geobox,
    bandCount: expressions.length,
    exceedsFloat32:
      sources.some(({ warped }) => warped.exceedsFloat32) ||
      expressions.some((expression) => beyondFloat32(expression) !== null),
    async readExactRows(rows, signal) {
      const bands: Record<string, Float64Array> = {};
      for (const { warped, names } of sources) {
        const values = await warped.readExactRows(rows, signal);
        for (const [k, name] of names.entries()) bands[name] = values[k];
      }
      return expressions.map((expression) => {
        const result = new Float64Array((rows.end - rows.start) * geobox.width);
        evaluateExpressionFloat64(expression, bands, result);
        return result;
      });
    },
    async readRows(rows, planes, firstRow, signal) {
      const shape = [planes[0].shape[0], geobox.width];
      const bands: Record<string, DeviceTensor> = {};
      try {
        for (const { warped, names } of sources) {
          const strips = names.map((name) => {
            bands[name] = backend.allocate(shape, 'float32');
            return bands[name];
          });
          await warped.readRows(rows, strips, firstRow, signal);
        }
        for (const [k, expression] of uploaded.entries())
          evaluateExpression(backend, { expression, bands, destination: planes[k] });
        await backend.submit();
      } finally {
        for (const plane of Object.values(bands)) plane.dispose();
      }
    },
    [Symbol.dispose]() {
      for (const { program } of uploaded) program.dispose();
    },
  };
}
