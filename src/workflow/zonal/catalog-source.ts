/** Pixels of the rows of a catalog for zonal statistics, by dates, on one grid. */
import { findBand } from '../../catalog/loaders/bands.js';
import { middleOf } from '../../catalog/loaders/rows.js';
import { longitudeOf, solarDay, stepsOfRows } from '../../catalog/loaders/time-steps.js';
import { type CatalogRow, GeoCatalog, type QualityMask, streamRaster } from '../../catalog/node/index.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { boundsOfPaths, intersectBounds } from '../../geo/bounds.js';
import {
  type Bounds,
  Crs,
  type GeoBox,
  outline,
  type PixelWindow,
  type Place,
  type TimeInterval,
  transformBounds,
} from '../../geo/index.js';
import { intersectWindows, padWindow } from '../../geo/windows.js';
import { CpuBackend } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import { createBlockCache } from '../../raster/node/index.js';
import type { Units } from '../../raster/units.js';
import { Resource } from '../../resource.js';
import { placeOf } from '../../vector/features.js';
import type { AreaFeatures } from '../../vector/node/index.js';
import { type RowSelection, selectRows } from '../catalog.js';
import { gridOfRows, type RowGrid } from '../catalog-grid.js';
import type { ChipMethod, ZonalTimes } from '../choices.js';

import { Layers, qualityMask, type ZonalLayers } from './layers.js';
import type { SourceStep, ZonalSource, ZonalStrip } from './source.js';

/** Options of sources; `select` to `grid` are for catalogs only. */
export interface ZonalSourceOptions extends ZonalLayers {
  /** Rows by time and properties. */
  select?: Pick<RowSelection, 'datetime' | 'where' | 'allowLocal'>;
  /** How rows are grouped into dates (default: all rows are combined, and the result has no dates). */
  by?: ZonalTimes;
  /** How several rows over one pixel are combined (default `first`, by time). */
  method?: ChipMethod;
  /** Resampling onto the grid. Default: `nearest` for categories, else `bilinear`. */
  resampling?: Resampling;
  /**
   * The grid whose pixels are counted, continued where zones reach beyond it: that of a raster, or pixels of a size in a CRS.
   * Default: the grid of the first row's file.
   */
  grid?: RowGrid;
  /**
   * Pixels that are left out by a quality band of the same row or raster: `scl` those of clouds, their shadows and cirrus in
   * the band SCL of Sentinel-2.
   */
  mask?: QualityMask | 'scl';
  /** Take values as they are stored, without scale and offset (default false). */
  stored?: boolean;
  signal?: AbortSignal;
}

interface CatalogStep extends SourceStep {
  readonly rows: GeoCatalog;
}

export class CatalogSource extends Resource implements ZonalSource {
  readonly name: string;
  readonly grid: GeoBox;
  readonly layers: readonly string[];
  readonly steps: readonly CatalogStep[];
  readonly units: Readonly<Record<string, Units>>;
  readonly #layers: Layers;
  readonly #backend = new CpuBackend();
  readonly #cache = createBlockCache();
  readonly #options: ZonalSourceOptions;

  private constructor(
    name: string,
    grid: GeoBox,
    layers: Layers,
    steps: readonly CatalogStep[],
    options: ZonalSourceOptions,
  ) {
    super();
    this.name = name;
    this.grid = grid;
    this.layers = layers.names;
    this.steps = steps;
    this.units = unitsOf(steps[0].rows, options);
    this.#layers = layers;
    this.#options = options;
  }

  /**
   * @throws {TerrachipError} INVALID_OPTION without bands and expressions; INVALID_INPUT where no row lies near the zones,
   * or a row lacks a band
   */
  static async open(
    path: string | GeoCatalog,
    areas: AreaFeatures,
    options: ZonalSourceOptions,
  ): Promise<CatalogSource> {
    const { select = {}, bands, expressions, by, signal } = options;
    if ((bands?.length ?? 0) + (expressions?.length ?? 0) === 0) {
      throw invalidOption('bands', 'are needed of a catalog', 'name some, or give `expressions` of them');
    }
    const layers = new Layers(options);
    const name = typeof path === 'string' ? path : 'the catalog';
    const place = placeOf(areas);
    if (place === null) throw invalidInput(areas.name, 'holds no polygon', 'give polygons');
    const { bounds, crs } = place;
    const found = await selectRows(path, select, { geometry: bounds, crs }, signal);
    if (found.bounds === null) {
      const problem = `has no row near the zones of ${areas.name} at the chosen time`;
      throw invalidInput(name, problem, 'check the catalog, the zones and the time');
    }
    const base = await gridOfRows(found, layers.bands[0], options.grid, signal);
    const { x, y, width, height } = commonWindow(base, place, found.bounds);
    const grid = base.window(x, y, width, height);
    return new CatalogSource(name, grid, layers, stepsOf(found, by), options);
  }

  async *read({ rows }: CatalogStep, window: PixelWindow): AsyncGenerator<ZonalStrip> {
    const { mask, method = 'first', resampling, stored = false, signal } = this.#options;
    const { x, y, width, height } = window;
    const stream = await streamRaster(rows, this.grid.window(x, y, width, height), {
      bands: this.#layers.bands,
      dtype: 'float64',
      method,
      mask: qualityMask(mask),
      resampling,
      unscale: !stored,
      allowEmpty: true,
      backend: this.#backend,
      cache: this.#cache,
      signal,
    });
    let start = y;
    for await (const { data, geobox } of stream) {
      const planes = this.#layers.bands.map((_, k) =>
        data.subarray(k * geobox.pixelCount, (k + 1) * geobox.pixelCount),
      );
      const rowsRead = { start, end: start + geobox.height };
      yield { rows: rowsRead, values: this.#layers.compute(planes) };
      start += geobox.height;
    }
  }

  async dispose(): Promise<void> {
    this.#backend.dispose();
  }
}

/** The units of bands in the first row. Of stored values they are not known. */
function unitsOf(
  rows: GeoCatalog,
  { bands = [], stored = false }: ZonalSourceOptions,
): Record<string, Units> {
  const [row] = rows;
  const known = stored ? [] : bands.map((band) => [String(band), findBand(row, band)?.units] as const);
  return Object.fromEntries(known.flatMap(([band, units]) => (units === undefined ? [] : [[band, units]])));
}

/** The pixels of a grid, which is continued, around the zones, without those far from all rows. */
function commonWindow(grid: GeoBox, { bounds, crs }: Place, ofRows: Bounds): PixelWindow {
  const window = windowAround(grid, bounds, crs);
  const common = intersectBounds(transformBounds(bounds, crs, Crs.wgs84), ofRows);
  // Rows may reach beyond the domain of the grid's projection, where zones do not lie.
  if (common === null) return window;
  return intersectWindows(window, padWindow(windowAround(grid, common, Crs.wgs84), 1)) ?? window;
}

/** The pixels of a grid, which is continued, that bounds of another CRS touch. */
function windowAround(grid: GeoBox, bounds: Bounds, crs: Crs): PixelWindow {
  const toPixel = grid.transform.inverse();
  const corners = outline(transformBounds(bounds, crs, grid.crs), 1);
  const [x0, y0, x1, y1] = boundsOfPaths([corners.map(([x, y]) => toPixel.apply(x, y))]);
  const [x, y] = [Math.floor(x0), Math.floor(y0)];
  return { x, y, width: Math.ceil(x1) - x, height: Math.ceil(y1) - y };
}

function stepsOf(rows: GeoCatalog, by: ZonalTimes | undefined): CatalogStep[] {
  if (by === undefined) return [{ date: null, rows }];
  const all = [...rows];
  return stepsOfRows(all, by === 'date' ? 'day' : by, 0).map(({ interval, members }) => {
    const ofStep = members.map((member) => all[member]);
    return { date: dateOf(interval, by, ofStep[0]), rows: GeoCatalog.from(ofStep) };
  });
}

/** How a step is written: a day, or for steps of hours and instants a time, in UTC. */
function dateOf(interval: TimeInterval, by: ZonalTimes, row: CatalogRow): string {
  const start = by === 'solarDay' ? solarDay(middleOf(interval), longitudeOf(row.footprint)) : interval.start;
  const time = new Date(start).toISOString();
  return by === 'time' || by === 'hour' ? time : time.slice(0, 10);
}
