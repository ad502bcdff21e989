/** Warps a file onto another grid in strips: memory does not grow with the height of the result. */
import { invalidOption } from '../errors.js';
import { bytesPerElement } from '../geo/dtype.js';
import {
  canHold,
  createTransform,
  type Dtype,
  type GeoBox,
  gridsMeet,
  isFloat,
  noOverlap,
} from '../geo/index.js';
import { createBackend } from '../gpu/node/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { type Antialias, keepsValues, type Resampling } from '../kernels/index.js';
import { pixelsOf } from '../progress.js';
import {
  type BandInfo,
  type BlockCache,
  type BlockCounters,
  createBlockCache,
  type Metadata,
  openRaster,
  type Raster,
  type WarpCounters,
  WarpedRaster,
} from '../raster/node/index.js';
import { requireNodata } from '../raster/stored-values.js';
import { planGridMemory } from './grid-memory.js';
import type { MemoryOptions, MemoryPlan } from './memory.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { type CogOutputOptions, type CogReport, streamCog } from './stream-rows.js';
import { requireGeobox, type TargetGrid, targetGrid } from './target-grid.js';

/** The file to warp, and the grid. */
export interface WarpFileOptions extends CogOutputOptions, MemoryOptions {
  source: string;
  grid: TargetGrid;
  /** Band numbers from 1 (default: all). */
  bands?: readonly number[];
  /** Type of the result (default: the source's; float32 for `sum` and `rms` of float64, which are computed in it). */
  dtype?: Dtype;
  /**
   * Nodata of the result; null for none. Default: the source's where `dtype` holds it, else NaN for floats and none for
   * integers. Without nodata, the alpha band or a mask marks the gaps.
   */
  nodata?: number | null;
  /** Default nearest. */
  resampling?: Resampling;
  /** Whether kernels widen when downsampling (default off; see `WarpedRaster`). */
  antialias?: Antialias;
  /** Largest error of source positions, in source pixels (default 0.002). */
  tolerance?: number;
}

/** The raster that `warpFile` wrote. */
export interface WarpReport extends CogReport {
  counters: WarpCounters & BlockCounters;
  memory: MemoryPlan;
}

export async function warpFile(options: WarpFileOptions): Promise<WarpReport> {
  const { grid, signal, onProgress } = options;
  await requireOutput(options.destination, {
    formats: ['GeoTIFF'],
    inputs: [options.source, ...('like' in grid ? [grid.like] : [])],
  });
  const cache = createBlockCache();
  await using raster = await openRaster(options.source, { signal, onProgress, cache });
  const source = requireGeobox(raster);
  const geobox = (await targetGrid(grid, source)).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser `resolution`, smaller `bounds`, or raise `maxPixels`',
  );
  const note = createTransform(source.crs, geobox.crs).accuracyNote;
  if (note !== null) onProgress?.({ type: 'warning', message: note });
  if (!gridsMeet(source, geobox)) throw noOverlap(raster.name, source, 'the grid', geobox);
  return await warpOpened(raster, cache, geobox, options);
}

async function warpOpened(
  raster: Raster,
  cache: BlockCache,
  geobox: GeoBox,
  options: WarpFileOptions,
): Promise<WarpReport> {
  const { resampling = 'nearest' } = options;
  const bands = options.bands ?? raster.bands.map((band) => band.index);
  const source = raster.bands[bands[0] - 1];
  if (source === undefined) {
    const remedy = `choose one of 1 to ${raster.bands.length} of ${raster.name}`;
    throw invalidOption('bands', `cannot be ${bands[0]}`, remedy);
  }
  const computed = resampling === 'sum' || resampling === 'rms';
  const dtype = options.dtype ?? (computed && source.dtype === 'float64' ? 'float32' : source.dtype);
  const chosen = bands.flatMap((band) => raster.bands[band - 1] ?? []);
  const alpha = chosen.findIndex(({ colourInterpretation }) => colourInterpretation === 'alpha');
  const colours = chosen.filter((_, band) => band !== alpha);
  const nodata = options.nodata === undefined ? sharedNodata(colours, dtype) : options.nodata;
  requireNodata(dtype, nodata);
  using backend = await createBackend(options);
  const warped = new WarpedRaster(backend, raster, {
    geobox,
    resampling,
    antialias: options.antialias ?? 'off',
    bands,
    // As in GDAL, stored values are resampled; scale and offset stay in the metadata.
    unscale: false,
    transparency: 'gaps',
    tolerance: options.tolerance,
  });
  const cog = {
    geobox,
    bands: bands.length,
    dtype,
    nodata,
    scales: chosen.map(({ scale }) => scale),
    offsets: chosen.map(({ offset }) => offset),
    descriptions: chosen.map(({ description }) => description ?? ''),
    metadata: keptItems(raster.metadata),
    bandMetadata: chosen.map(({ metadata }) => keptItems(metadata)),
    overviews: options.overviews ?? (keepsValues(resampling) ? 'nearest' : 'average'),
    ...(raster.colourTable === null || dtype !== 'uint8' || bands.length > 1
      ? { colourInterpretations: chosen.map((band) => withoutPalette(band.colourInterpretation)) }
      : { colourTable: raster.colourTable }),
    premultiplied: chosen[alpha]?.metadata.IMAGE_STRUCTURE?.ALPHA === 'PREMULTIPLIED',
  };
  const valueBytes = bytesPerElement(dtype);
  const about = {
    geobox,
    bands: bands.length,
    valueBytes,
    maskBytes: 0,
    source: { bandCount: bands.length, warped: [warped] },
  };
  const memory = await planGridMemory({ ...about, name: raster.name, backend: backend.info }, options);
  cache.restart(memory.cacheBytes);
  const target = {
    cog,
    resampled: !keepsValues(resampling),
    alpha: alpha < 0 ? null : alpha,
    stage: 'warp',
    reads: `${pixelsOf(raster.width, raster.height, bands.length)} of ${raster.name}`,
    memoryBytes: memory.bytes,
  };
  const report = await streamCog(backend, warped, target, options);
  return { ...report, counters: { ...warped.counters, ...cache.counters }, memory };
}

/** The nodata value that all bands share, if `dtype` holds it; else NaN for floats, null for integers. */
function sharedNodata([first, ...others]: readonly BandInfo[], dtype: Dtype): number | null {
  const nodata = first?.nodata ?? null;
  const shared = others.every((band) => Object.is(band.nodata, nodata));
  if (nodata !== null && shared && canHold(dtype, nodata)) return nodata;
  return isFloat(dtype) ? Number.NaN : null;
}

/** The result has no palette, so that its palette band becomes grey. */
function withoutPalette(colourInterpretation: string): string {
  return colourInterpretation === 'palette' ? 'gray' : colourInterpretation;
}

/** Metadata that does not hold for the result: descriptions of pixels, and of another format's storage. */
const NOT_KEPT =
  /^(STATISTICS_|AREA_OR_POINT$|_FillValue$|missing_value$|valid_(min|max|range)$|scale_factor$|add_offset$|grid_mapping|coordinates$)/;

function keptItems(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata[''] ?? {}).filter(([name]) => !NOT_KEPT.test(name)));
}
