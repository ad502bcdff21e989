/** Chooses and opens the rows of a mosaic, and plans its memory. */
import { dirname } from 'node:path';
import { findBand } from '../../catalog/loaders/bands.js';
import { LoadPlan } from '../../catalog/loaders/plan.js';
import { requireMethod } from '../../catalog/loaders/raster.js';
import { PICKING } from '../../catalog/loaders/reduce.js';
import { sortRows } from '../../catalog/loaders/rows.js';
import {
  type BandChoice,
  type CatalogRow,
  createLoadCounters,
  GeoCatalog,
  type SourceOptions,
} from '../../catalog/node/index.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { canHold, createTransform, type Dtype, type GeoBox, isFloat } from '../../geo/index.js';
import { padWindow, wholeWindow } from '../../geo/windows.js';
import { planDisk } from '../../io/node/disk-space.js';
import { keepsValues, type MosaicMethod } from '../../kernels/index.js';
import type { OnProgress } from '../../progress.js';
import { requireNodata, UsedValues } from '../../raster/stored-values.js';
import { mayExceedFloat32 } from '../../raster/warp-source.js';
import { selectRows } from '../catalog.js';
import { DEFAULT_MAX_PIXELS } from '../plan.js';
import { cogBytes } from '../stream-rows.js';
import { givenGrid, gridOfRows } from './grid.js';
import type { MosaicLayers } from './layers.js';
import type { MosaicCatalogOptions, MosaicPlan } from './options.js';
import { type PlacedRow, planReads, tilesOf } from './plan.js';

/** The checked options of a mosaic, with defaults. */
export interface CheckedMosaic {
  readonly options: MosaicCatalogOptions;
  readonly layers: MosaicLayers;
  readonly method: MosaicMethod;
  readonly dtype: Dtype;
  readonly tile: number;
  readonly isZarr: boolean;
  readonly loading: SourceOptions;
}

/** The rows that reach a grid, and what the result is. */
export interface OpenedRows {
  readonly grid: GeoBox;
  readonly rows: readonly PlacedRow[];
  readonly plan: MosaicPlan;
  readonly nodata: number | null;
  /** Whether values are computed, not picked from a file. */
  readonly computed: boolean;
}

/** The chosen rows, and the grid. */
export async function findRows(
  options: MosaicCatalogOptions,
  { bands }: MosaicLayers,
): Promise<{ rows: readonly CatalogRow[]; grid: GeoBox }> {
  const { catalog, select = {}, grid = {}, order = 'time', maxPixels = DEFAULT_MAX_PIXELS, signal } = options;
  const given = await givenGrid(grid);
  const place = given === null ? null : placeOf(given);
  const rows = [...(await selectRows(catalog, { ...select, touch: place !== null }, place, signal))];
  const name = typeof catalog === 'string' ? catalog : 'the catalog';
  if (rows.length === 0) {
    const where = place === null ? 'at the chosen time' : 'on the grid at the chosen time';
    throw invalidInput(name, `has no row ${where}`, 'choose another place or time');
  }
  const chosen =
    given ??
    ('like' in grid
      ? await givenGrid(grid)
      : await gridOfRows(sortRows(rows, order), bands[0], grid, signal));
  if (chosen === null) throw invalidOption('grid', 'is not complete', 'give a CRS, bounds and a resolution');
  return {
    rows,
    grid: chosen.requireAtMost(
      maxPixels,
      'choose a coarser `resolution`, smaller `bounds`, or raise `maxPixels`',
    ),
  };
}

/** Footprints are simplified: a margin of one pixel finds those that end beside the grid. */
function placeOf(grid: GeoBox) {
  const { x, y, width, height } = padWindow(wholeWindow(grid), 1);
  return { geometry: grid.window(x, y, width, height).bounds, crs: grid.crs };
}

/** Opens all files once, checks the options against them, and plans memory and disk. */
export async function planRows(
  job: CheckedMosaic,
  found: readonly CatalogRow[],
  grid: GeoBox,
): Promise<OpenedRows> {
  const { options, layers, method, dtype, tile, isZarr, loading } = job;
  const { signal, onProgress, order, skipUnreadable = false } = options;
  const counters = createLoadCounters();
  const loadPlan = await LoadPlan.make(
    GeoCatalog.from(found),
    grid,
    {
      ...loading,
      order,
      onUnreadable: skipUnreadable ? 'skip' : 'error',
      allowEmpty: true,
      counters,
      signal,
      onProgress,
    },
    method === 'median',
  );
  try {
    const { sources, bandNames } = loadPlan;
    const name = typeof options.catalog === 'string' ? options.catalog : 'the catalog';
    if (sources.length === 0) {
      const problem = `has no row on the grid that can be read (${found.length} were found)`;
      throw invalidInput(name, problem, 'choose another grid or time');
    }
    warnOfShifts(
      sources.map(({ source }) => source.row),
      layers.bands[0],
      grid,
      onProgress,
    );
    const bands = loadPlan.bands?.slice(0, layers.shown) ?? null;
    requireMethod({ bands, bandNames }, method);
    const rows = sources.map(({ source, window }) => ({ row: source.row, window }));
    const valueBytes = bytesPerElement(dtype);
    const { memory, readBytes } = await planReads(
      loadPlan,
      rows,
      {
        name: `the mosaic of ${name}`,
        tile,
        method,
        reduced: layers.reduced,
        valueBytes,
        floatBytes: mayExceedFloat32({ dtype }) ? 8 : 4,
        wholeRows: !isZarr,
        masked: options.mask !== undefined,
        memory: options.memory,
        cacheBytes: options.cacheBytes,
      },
      signal,
    );
    const nodata = chosenNodata(options.nodata, dtype, loadPlan.bands?.[0]?.info.nodata ?? null);
    const count = layers.names.length + (options.count === true ? 1 : 0);
    const { compression, overviews } = options;
    const bytes = isZarr
      ? Math.ceil(grid.pixelCount * count * valueBytes * (compression === 'none' ? 1 : 0.5))
      : cogBytes({ geobox: grid, bands: count, dtype, nodata, compression, overviews });
    return {
      grid,
      rows,
      nodata,
      computed:
        !PICKING.includes(method) ||
        layers.shown < layers.reduced.layers.length ||
        bands?.some(({ resampling }) => !keepsValues(resampling)) === true,
      plan: {
        width: grid.width,
        height: grid.height,
        crs: grid.crs.toString(),
        rows: sources.length,
        skippedRows: counters.skippedRows,
        tiles: tilesOf(grid, tile).length,
        readBytes,
        memory,
        disk: await planDisk(dirname(options.destination), bytes),
      },
    };
  } finally {
    await loadPlan.dispose();
  }
}

/** Warns of datum shifts that are not known exactly, once for each. */
function warnOfShifts(
  rows: readonly CatalogRow[],
  band: BandChoice,
  grid: GeoBox,
  onProgress: OnProgress | undefined,
): void {
  const systems = new Map(
    rows.flatMap((row) => {
      const crs = findBand(row, band)?.asset.geobox?.crs;
      return crs === undefined ? [] : [[String(crs), crs]];
    }),
  );
  for (const crs of systems.values()) {
    const note = createTransform(crs, grid.crs).accuracyNote;
    if (note !== null) onProgress?.({ type: 'warning', message: note });
  }
}

/** @throws {TerrachipError} INVALID_OPTION for a nodata value that the type cannot hold */
function chosenNodata(
  wanted: number | null | undefined,
  dtype: Dtype,
  declared: number | null,
): number | null {
  if (wanted !== undefined) {
    requireNodata(dtype, wanted);
    return wanted;
  }
  if (isFloat(dtype)) return Number.NaN;
  return declared !== null && canHold(dtype, declared) ? declared : new UsedValues(dtype).free();
}
