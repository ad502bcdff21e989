/** Warping a file onto another grid, streamed: memory does not grow with the height of the result. */

import { invalidOption } from '../errors.js';
import type { Dtype, GeoBox } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import { type BackendChoice, createBackend } from '../gpu/node/index.js';
import { requireOutput } from '../io/node/index.js';
import { type Antialias, keepsValues, type Resampling } from '../kernels/index.js';
import type { OperationOptions } from '../progress.js';
import {
  type CogOptions,
  CogWriter,
  noReference,
  openRaster,
  type Raster,
  storableNodata,
  type WarpCounters,
  WarpedRaster,
} from '../raster/index.js';
import { given } from './given.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { streamRows } from './stream-rows.js';
import { type TargetGrid, targetGrid } from './target-grid.js';

export interface WarpFileOptions extends OperationOptions {
  source: string;
  destination: string;
  grid: TargetGrid;
  /** Band numbers from 1 (default: all). */
  bands?: readonly number[];
  /** Type of the result (default: the source's; float32 for float64). */
  dtype?: Dtype;
  /** Nodata of the result (default: the source's, else NaN or the end of the type's range). */
  nodata?: number;
  /** Default nearest. */
  resampling?: Resampling;
  /** Whether filters widen where pixels grow (default off; see `WarpedRaster`). */
  antialias?: Antialias;
  backend?: BackendChoice;
  threads?: number;
  /** `deflate` (default), `zstd` or `none`. */
  compression?: CogOptions['compression'];
  /** How hard to compress: 1 to 9 for deflate (default 6), to 22 for zstd (default 9). */
  level?: number;
  bigTiff?: CogOptions['bigTiff'];
  overviews?: CogOptions['overviews'];
  tolerance?: number;
  maxPixels?: number;
}

export interface WarpReport {
  destination: string;
  width: number;
  height: number;
  crs: string;
  dtype: Dtype;
  nodata: number;
  /** Valid pixels of each band. */
  validPixels: number[];
  backend: BackendInfo;
  counters: WarpCounters;
}

/** Warps a raster file into a COG. */
export async function warpFile(options: WarpFileOptions): Promise<WarpReport> {
  const { signal, onProgress } = options;
  const { grid } = options;
  await requireOutput(options.destination, {
    formats: ['GeoTIFF'],
    inputs: [options.source, ...('like' in grid ? [grid.like] : [])],
  });
  const raster = await openRaster(options.source, given({ signal, onProgress }));
  try {
    if (raster.geobox === null) throw noReference(raster);
    const geobox = (await targetGrid(options.grid)).requireAtMost(
      options.maxPixels ?? DEFAULT_MAX_PIXELS,
      'choose a coarser --res, smaller --bounds, or raise --max-pixels',
    );
    for (const note of [raster.crs?.accuracyNote, geobox.crs.accuracyNote]) {
      if (note) onProgress?.({ type: 'warning', message: note });
    }
    return await warpOpened(raster, geobox, options);
  } finally {
    await raster.close();
  }
}

async function warpOpened(raster: Raster, geobox: GeoBox, options: WarpFileOptions): Promise<WarpReport> {
  const { resampling = 'nearest' } = options;
  const bands = options.bands ?? raster.bands.map((band) => band.index);
  const source = raster.bands[bands[0] - 1];
  if (source === undefined) {
    throw invalidOption(
      '--band',
      `cannot be ${bands[0]}`,
      `choose one of 1 to ${raster.bands.length} of ${raster.name}`,
    );
  }
  const dtype = options.dtype ?? (source.dtype === 'float64' ? 'float32' : source.dtype);
  const nodata = storableNodata(dtype, options.nodata ?? source.nodata);
  const backend = await createBackend({
    backend: options.backend ?? 'auto',
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  try {
    const warped = new WarpedRaster(backend, raster, {
      geobox,
      resampling,
      antialias: options.antialias ?? 'off',
      bands,
      // As GDAL does, stored values are resampled as they are; scale and offset go along as metadata.
      unscale: false,
      ...(options.tolerance === undefined ? {} : { tolerance: options.tolerance }),
    });
    const writer = await CogWriter.create(options.destination, {
      geobox,
      bands: bands.length,
      dtype,
      nodata,
      scales: bands.map((band) => raster.bands[band - 1].scale),
      offsets: bands.map((band) => raster.bands[band - 1].offset),
      descriptions: bands.map((band) => raster.bands[band - 1].description ?? ''),
      overviews: options.overviews ?? (keepsValues(resampling) ? 'nearest' : 'average'),
      ...(options.compression === undefined ? {} : { compression: options.compression }),
      ...(options.level === undefined ? {} : { level: options.level }),
      ...(options.bigTiff === undefined ? {} : { bigTiff: options.bigTiff }),
      ...(raster.colourTable === null || dtype !== 'uint8' || bands.length > 1
        ? {}
        : { colourTable: raster.colourTable }),
    });
    try {
      const target = { geobox, dtype, nodata, resampled: !keepsValues(resampling), stage: 'warp' };
      const validPixels = await streamRows(backend, warped, writer, target, options);
      await writer.finish();
      return {
        destination: options.destination,
        width: geobox.width,
        height: geobox.height,
        crs: geobox.crs.toString(),
        dtype,
        nodata,
        validPixels,
        backend: backend.info,
        counters: warped.counters,
      };
    } finally {
      await writer.abort();
    }
  } finally {
    backend.dispose();
  }
}
