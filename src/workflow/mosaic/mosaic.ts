/** Mosaics of catalogs: the rows at a place and a time, combined on one grid. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createLoadCounters, createRasterPool } from '../../catalog/node/index.js';
import { invalidInput, invalidOption, requireChoice, requireWhole } from '../../errors.js';
import { DTYPES, TimeInterval } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import { createBackend } from '../../gpu/node/index.js';
import { requireApart, requireOutput } from '../../io/node/inputs.js';
import { requireFolderName } from '../../io/node/output.js';
import { sweepTemporaries } from '../../io/node/temporaries.js';
import { MOSAIC_METHODS } from '../../kernels/index.js';
import { counted, pixelsOf, reportPlan } from '../../progress.js';
import { createBlockCache, openRaster } from '../../raster/node/index.js';
import { inUnits } from '../memory.js';
import { streamCog } from '../stream-rows.js';
import { COUNT, mosaicLayers } from './layers.js';
import { rowMask } from './masks.js';
import { type CheckedMosaic, findRows, type OpenedRows, planRows } from './open.js';
import type { MosaicCatalogOptions, MosaicPlan, MosaicReport } from './options.js';
import type { PlacedRow } from './plan.js';
import { MosaicTiles } from './tiles.js';
import { writeMosaicZarr } from './zarr.js';

/** Files that stay open between tiles. */
const OPEN_FILES = 256;

const TILE = 1024;
const SMALLEST_TILE = 64;
const LARGEST_TILE = 8192;

export async function mosaicCatalog(options: MosaicCatalogOptions): Promise<MosaicReport> {
  const { destination, method = 'median', dtype = 'float32', tile = TILE } = options;
  requireChoice('method', method, MOSAIC_METHODS);
  requireChoice('dtype', dtype, DTYPES);
  requireWhole('tile', tile, SMALLEST_TILE);
  if (tile > LARGEST_TILE || tile % 16 !== 0)
    throw invalidOption('tile', `cannot be ${tile}`, `give a multiple of 16, at most ${LARGEST_TILE}`);
  const layers = mosaicLayers(options, options.count ?? false);
  const isZarr = /\.zarr\/?$/i.test(destination);
  await requireDestination(options, isZarr);
  await sweepTemporaries(dirname(destination));
  const { rows, grid } = await findRows(options, layers);
  await requireApart(
    [destination],
    rows.flatMap((row) => Object.values(row.assets).map(({ href }) => href)),
  );
  using backend = await createBackend(options);
  const cache = createBlockCache();
  let filesOpened = 0;
  await using pool = createRasterPool({
    files: OPEN_FILES,
    cache,
    open: (href, rest) => {
      filesOpened++;
      return openRaster(href, rest);
    },
  });
  const counters = createLoadCounters();
  const loading = {
    bands: layers.bands,
    mask: rowMask(options.mask, options.dilate),
    resampling: options.resampling,
    backend,
    cache,
    open: pool.open,
    counters,
  };
  const job = { options, layers, method, dtype, tile, isZarr, loading };
  const opened = await planRows(job, rows, grid);
  cache.restart(opened.plan.memory.cacheBytes);
  options.onPlan?.(opened.plan);
  announce(job, opened.plan);
  const written = await write(job, opened, backend);
  const { rows: _, skippedRows: __, ...counted } = counters;
  return {
    ...written,
    method,
    rows: opened.plan.rows,
    skippedRows: opened.plan.skippedRows,
    memory: opened.plan.memory,
    counters: { ...counted, filesOpened, ...cache.counters },
  };
}

async function requireDestination(options: MosaicCatalogOptions, isZarr: boolean): Promise<void> {
  const { destination, catalog, grid, compression, overviews, level, bigTiff } = options;
  const inputs = [
    ...(typeof catalog === 'string' ? [catalog] : []),
    ...(grid !== undefined && 'like' in grid ? [grid.like] : []),
  ];
  if (!isZarr) return requireOutput(destination, { formats: ['GeoTIFF'], inputs });
  requireFolderName(destination);
  if ((await stat(destination).catch(() => null)) !== null)
    throw invalidInput(destination, 'exists already', 'remove it, or choose another name');
  const remedy = 'leave it out, or write a COG';
  if (compression === 'deflate')
    throw invalidOption('compression', 'cannot be deflate in a Zarr store', 'choose zstd or none');
  for (const [option, value] of Object.entries({ overviews, level, bigTiff }))
    if (value !== undefined) throw invalidOption(option, 'has no meaning for a Zarr store', remedy);
  if (options.nodata === null)
    throw invalidOption('nodata', 'is needed in a Zarr store, which has no mask', 'give a value');
}

/** The time of the rows within the chosen one; null if it is not finite. */
function timeOf(rows: readonly PlacedRow[], datetime: string | undefined): TimeInterval | null {
  const all = rows.map(({ row }) => row.interval).reduce((span, interval) => span.union(interval));
  const chosen = datetime === undefined ? TimeInterval.always : TimeInterval.parse(datetime);
  const common = all.intersection(chosen);
  return common !== null && Number.isFinite(common.start) && Number.isFinite(common.end) ? common : null;
}

/** What will be read and written, in words. */
function announce({ options, layers, dtype }: CheckedMosaic, plan: MosaicPlan): void {
  const { width, height, crs, rows, tiles, memory, readBytes, disk } = plan;
  const again = memory.blocksAgain === 0 ? '' : `, ${memory.blocksAgain} of them again`;
  const blocks = memory.blocks === 0 ? '' : `, at most ${counted(memory.blocks, 'block')}${again}`;
  const bands = layers.names.length + (layers.reduced.count ? 1 : 0);
  reportPlan(options, 'mosaic', {
    reads: `${counted(layers.bands.length, 'band')} of ${counted(rows, 'row')}${blocks}, about ${inUnits(readBytes)} of pixels`,
    writes: `${pixelsOf(width, height, bands)} of ${dtype} in ${crs} to ${options.destination}, in ${counted(tiles, 'tile')}`,
    disk,
    memoryBytes: memory.bytes,
  });
}

type Written = Omit<MosaicReport, 'method' | 'rows' | 'skippedRows' | 'memory' | 'counters'>;

async function write(job: CheckedMosaic, opened: OpenedRows, backend: Backend): Promise<Written> {
  const { options, layers, method, dtype, tile, isZarr, loading } = job;
  const { grid, rows, nodata, computed } = opened;
  const { reduced, names } = layers;
  const tiles = new MosaicTiles(
    { grid, rows, tile, method, dtype, reduced, byBand: method === 'median', loading },
    options,
  );
  const interval = timeOf(rows, options.select?.datetime);
  const bands = reduced.count ? [...names, COUNT] : [...names];
  const full = reduced.count ? names.length : undefined;
  const common = {
    destination: options.destination,
    width: grid.width,
    height: grid.height,
    crs: grid.crs.toString(),
    bands,
    interval: interval === null ? null : ([...interval.toJSON()] as [string, string]),
    dtype,
  };
  if (isZarr) {
    const attributes = { title: `${method} of ${rows.length} rows` };
    const validPixels = await writeMosaicZarr(
      tiles,
      {
        grid,
        names,
        dtype,
        nodata,
        computed,
        full,
        tile,
        interval,
        attributes,
        bytes: opened.plan.disk.bytes,
      },
      options,
    );
    return { ...common, format: 'Zarr', nodata, validPixels };
  }
  const cog = {
    geobox: grid,
    bands: bands.length,
    dtype,
    nodata,
    descriptions: bands,
    overviews: options.overviews ?? (computed ? 'average' : 'nearest'),
    metadata: {
      MOSAIC_METHOD: method,
      MOSAIC_ROWS: String(rows.length),
      ...(interval === null ? {} : { MOSAIC_INTERVAL: interval.toJSON().join('/') }),
    },
  } as const;
  const target = { cog, resampled: computed, alpha: null, full, stage: null };
  const report = await streamCog(backend, tiles, target, options);
  return { ...common, format: 'COG', nodata: report.nodata, validPixels: report.validPixels };
}
