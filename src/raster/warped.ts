import { invalidInput, invalidOption } from '../errors.js';
import { turnColumns } from '../geo/control/grid.js';
import {
  type ControlGrid,
  ControlGrids,
  createPixelMapping,
  DEFAULT_TOLERANCE,
  type GeoBox,
  type PixelWindow,
  type RowRange,
} from '../geo/index.js';
import type { Backend, DeviceTensor, Staging } from '../gpu/index.js';
import { withTaskSignal } from '../io/abort.js';
import { filterScale } from '../kernels/filters.js';
import {
  type Antialias,
  controlNeeds,
  type FilterScale,
  type NodataOptions,
  nodataToNaN,
  type Resampling,
  uploadControl,
  type WarpOptions,
  warp,
} from '../kernels/index.js';
import { suitsCategories } from '../kernels/resampling.js';
import type { ExactRowSource } from './grid-rows.js';
import { readMasks } from './pixels.js';
import type { BandInfo, BlockGrid, Raster } from './raster.js';
import { levelBox, levelForGeobox, levelSize, noReference, requireReal } from './request.js';
import { copiesPixels, isPlain, type PixelOrigin, samePixels } from './same-pixels.js';
import type { UnitStep } from './units.js';
import {
  type CodedSource,
  codeSource,
  mayExceedFloat32,
  readAround,
  type SourcePixels,
  uploadSource,
} from './warp-source.js';
import { type Tile, WarpTiles } from './warp-tiles.js';

/** The grid of a `WarpedRaster`, and how it resamples. */
export interface WarpedRasterOptions {
  /** The grid to resample onto. */
  geobox: GeoBox;
  resampling: Resampling;
  /**
   * Widening of filters for grids coarser than the source: `off` (default) none, `gdal` as GDAL does, by one scale for
   * the whole grids, or destination pixels per source pixel. Ignored by nearest and by resamplings by area.
   */
  antialias?: Antialias;
  /** Band numbers from 1 (default: all). */
  bands?: readonly number[];
  /**
   * `auto` reads from the coarsest overview that is not coarser than the grid, as gdalwarp does by default: faster for a
   * much coarser grid, and more smoothing. Default `none`: full resolution.
   */
  overview?: 'auto' | 'none';
  /** Largest error of positions, in source pixels (default 0.002). */
  tolerance?: number;
  /** Control grids to share with other warped rasters of a job (default: its own). */
  controls?: ControlGrids;
  /** Whether the file's scale and offset are applied (default true). */
  unscale?: boolean;
  /**
   * Meaning of 0 in a resampled alpha band: a value (`values`, default), or no data as in the other bands (`gaps`).
   */
  transparency?: 'values' | 'gaps';
  /** Changes the source's values, float32 with NaN for no data, in place before they are resampled. */
  prepare?: UnitStep | null;
  /** Changes resampled values in place: the whole planes passed to `readRows`. */
  finish?: UnitStep | null;
}

/** Tiles in flight: one is read while another is computed. */
const TILES_IN_FLIGHT = 2;

/** Pixels warped and read, for reports and for tests that nothing is done twice. */
export interface WarpCounters {
  warpedPixels: number;
  sourcePixelsRead: number;
}

/** A raster reprojected onto another grid, row by row, on a device. Results do not depend on how rows are split. */
export class WarpedRaster implements ExactRowSource {
  readonly raster: Raster;
  readonly geobox: GeoBox;
  readonly counters: WarpCounters = { warpedPixels: 0, sourcePixelsRead: 0 };
  readonly #backend: Backend;
  readonly #level: number;
  readonly #grid: ControlGrid;
  readonly #radius: number;
  readonly #scale: FilterScale;
  /** If source and grid have the same pixels, the source column and row of the grid's first pixel; else null. */
  readonly #origin: PixelOrigin | null;
  readonly #bands: readonly BandInfo[];
  readonly #tiles: WarpTiles;
  readonly #options: WarpedRasterOptions;
  /** Done when the last caller has started all its reads. */
  #reads: Promise<void> = Promise.resolve();

  /**
   * @throws {TerrachipError} INVALID_INPUT for a raster without a CRS or an unknown band; UNSUPPORTED for complex bands;
   *   INVALID_OPTION for an impossible `antialias`, or a resampling that interpolates palette values
   */
  constructor(backend: Backend, raster: Raster, options: WarpedRasterOptions) {
    if (raster.geobox === null) throw noReference(raster);
    this.raster = raster;
    this.geobox = options.geobox;
    this.#backend = backend;
    this.#options = options;
    this.#level = options.overview === 'auto' ? levelForGeobox(raster, options.geobox) : 0;
    const mapping = createPixelMapping(options.geobox, levelBox(raster, this.#level));
    this.#scale = filterScale(options.antialias ?? 'off', mapping);
    const { radius, footprints } = controlNeeds(options.resampling, this.#scale);
    this.#radius = radius;
    this.#origin = copiesPixels(options.resampling, this.#scale) ? samePixels(mapping) : null;
    const { controls = new ControlGrids(), tolerance = DEFAULT_TOLERANCE } = options;
    this.#grid = controls.of(mapping, tolerance, footprints);
    this.#bands = (options.bands ?? raster.bands.map((band) => band.index)).map((index) => {
      const band = raster.bands.find((candidate) => candidate.index === index);
      if (band === undefined) {
        throw invalidInput(raster.name, `has no band ${index}`, `choose one of 1 to ${raster.bands.length}`);
      }
      return band;
    });
    requireReal(raster, this.#bands);
    const palette = this.#bands.find((band) => band.colourInterpretation === 'palette');
    if (palette !== undefined && !suitsCategories(options.resampling)) {
      throw invalidOption(
        'resampling',
        `cannot be ${options.resampling} for ${raster.name}, whose band ${palette.index} holds categories (it has a colour table)`,
        'use nearest or mode',
      );
    }
    this.#tiles = new WarpTiles(raster, options.geobox, this.#grid, radius);
  }

  /** Number of bands. */
  get bandCount(): number {
    return this.#bands.length;
  }

  /**
   * Whether results may need float64, from `readExactRows`: for float64 and integers of 32 and 64 bits, except with `sum`,
   * `rms`, `prepare` or `finish`.
   */
  get exceedsFloat32(): boolean {
    const { resampling, prepare, finish } = this.#options;
    const computed = resampling === 'sum' || resampling === 'rms' || Boolean(prepare ?? finish);
    return !computed && this.#bands.some(mayExceedFloat32);
  }

  /** The blocks of the source that are kept: see `Raster.blockGrids`. */
  get blockGrids(): readonly BlockGrid[] {
    const bands = this.#bands.map((band) => band.index);
    return this.raster.blockGrids?.({ level: this.#level, bands }) ?? [];
  }

  /** Equal for two warped rasters on one grid if their `sourceWindows` are. */
  get windowsKey(): string {
    const { mapping, tolerance, footprints } = this.#grid;
    const { source } = mapping;
    const reads = [this.#radius, tolerance, footprints, this.#origin, this.#tiles.size];
    return JSON.stringify([source.toJSON(), ...reads]);
  }

  /**
   * The windows of the source that `readRows` reads for some rows, in its order. A window across the edge of a
   * global raster is given as whole rows.
   */
  sourceWindows(rows: RowRange): PixelWindow[] {
    const { width } = this.#grid.mapping.source;
    const origin = this.#origin;
    if (origin !== null && this.#covers(origin, rows)) {
      const { column, row } = origin;
      const height = rows.end - rows.start;
      return [{ x: column, y: row + rows.start, width: this.geobox.width, height }];
    }
    return this.#tiles.of(rows).flatMap(({ control: { source } }) => {
      if (source === null) return [];
      const isInside = source.x >= 0 && source.x + source.width <= width;
      return [isInside ? source : { ...source, x: 0, width }];
    });
  }

  /**
   * Resamples rows of the grid into planes of `height × width` float32 with NaN for no data, one per band. Overlapping
   * calls read one after the other.
   * @param planes the planes to write into; their first row is grid row `firstRow`
   * @throws {TerrachipError} UNSUPPORTED for whole numbers that float32 cannot hold, with a resampling that must keep the
   *   source's values
   */
  async readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { width } = this.geobox;
    const origin = this.#origin;
    if (origin !== null && this.#covers(origin, rows)) {
      await withTaskSignal(signal, (own) => this.#copyRows(origin, rows, planes, firstRow, own));
      return;
    }
    const warpTile = async (tile: Tile, sources: readonly SourcePixels[]): Promise<void> => {
      const offset = (tile.window.y - firstRow) * width + tile.window.x;
      this.#warpTile(tile, (resample) => {
        for (const [i, pixels] of sources.entries()) {
          const { source, stored } = uploadSource(this.#backend, this.raster.name, pixels, this.#options);
          resample(source, stored, { destination: planes[i], offset, stride: width });
        }
      });
    };
    // Tiles are read ahead; when one fails, later reads are aborted.
    await withTaskSignal(signal, (own) => this.#readTiles(rows, warpTile, own));
    for (const plane of planes) this.#options.finish?.(this.#backend, plane);
  }

  /** Whether rows of the grid are inside the source, whose pixels are the grid's. */
  #covers({ column, row }: PixelOrigin, { start, end }: RowRange): boolean {
    const [width, height] = levelSize(this.raster, this.#level);
    return column >= 0 && column + this.geobox.width <= width && row + start >= 0 && row + end <= height;
  }

  /** Rows of a source whose pixels are the grid's. The next rows are read while the last are converted. */
  async #copyRows(
    { column, row }: PixelOrigin,
    { start, end }: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal: AbortSignal,
  ): Promise<void> {
    const backend = this.#backend;
    const { width } = this.geobox;
    const step = Math.max(1, Math.floor(COPIED_PIXELS / (width * this.#bands.length)));
    const read = (from: number): Promise<readonly SourcePixels[]> | null => {
      if (from >= end) return null;
      const window = { x: column, y: row + from, width, height: Math.min(step, end - from) };
      const pixels = this.#readWindow(window, signal);
      // A failure is reported where it is awaited.
      pixels.catch(() => undefined);
      return pixels;
    };
    using turn = await this.#takeTurn();
    let next = read(start);
    for (let from = start; next !== null; from += step) {
      const sources = await next;
      next = read(from + step);
      if (from + 2 * step >= end) turn.end();
      for (const [k, pixels] of sources.entries()) {
        const { source, stored } = uploadSource(backend, this.raster.name, pixels, this.#options);
        const values = isPlain(source, stored) ? source : nodataToNaN(backend, source, stored);
        backend.copy(values, 0, planes[k], (from - firstRow) * width, values.length);
        values.dispose();
        if (values !== source) source.dispose();
      }
      await backend.submit();
    }
    for (const plane of planes) this.#options.finish?.(backend, plane);
  }

  /**
   * Rows of the grid in float64, NaN for no data, one array per band. Picked values are exact and are scaled in float64.
   * Interpolations and means have float32's precision relative to the differences of values.
   */
  async readExactRows(rows: RowRange, signal?: AbortSignal): Promise<Float64Array[]> {
    const { width } = this.geobox;
    const result = this.#bands.map(() => new Float64Array((rows.end - rows.start) * width));
    const warpTile = async (tile: Tile, sources: readonly SourcePixels[]): Promise<void> => {
      const { x, y, width: columns, height } = tile.window;
      const planes = this.#bands.map(() => this.#backend.allocate([height, columns], 'float32'));
      try {
        const { name } = this.raster;
        const stored = { ...this.#options, unscale: false };
        const decoders = this.#bands.map((): CodedSource['decode'] => null);
        this.#warpTile(tile, (resample) => {
          for (const [i, pixels] of sources.entries()) {
            const to = { destination: planes[i] };
            if (mayExceedFloat32(pixels.band)) {
              const { codes, decode } = codeSource(name, pixels, stored);
              decoders[i] = decode;
              resample(this.#backend.upload(codes), {}, to);
            } else {
              const uploaded = uploadSource(this.#backend, name, pixels, stored);
              resample(uploaded.source, uploaded.stored, to);
            }
          }
        });
        for (const [i, decode] of decoders.entries()) {
          const { scale, offset } = this.#options.unscale === false ? UNSCALED : this.#bands[i];
          const codes = await this.#backend.download(planes[i]);
          const values = result[i];
          for (let row = 0, k = 0; row < height; row++) {
            const first = (y - rows.start + row) * width + x;
            for (let at = first; at < first + columns; at++, k++) {
              const code = codes[k];
              values[at] = Number.isNaN(code)
                ? Number.NaN
                : (decode === null ? code : decode(code)) * scale + offset;
            }
          }
        }
      } finally {
        for (const plane of planes) plane.dispose();
      }
    };
    await withTaskSignal(signal, (own) => this.#readTiles(rows, warpTile, own));
    return result;
  }

  async #readTiles(
    rows: RowRange,
    warpTile: (tile: Tile, sources: readonly SourcePixels[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const tiles = this.#tiles.of(rows);
    const reads: Promise<readonly SourcePixels[]>[] = [];
    using turn = await this.#takeTurn();
    const startRead = (k: number): void => {
      if (k >= tiles.length - 1) turn.end();
      if (k >= tiles.length) return;
      const read = this.#readSource(tiles[k], signal);
      // A failure is reported where it is awaited.
      read.catch(() => undefined);
      reads.push(read);
    };
    for (let k = 0; k < TILES_IN_FLIGHT; k++) startRead(k);
    for (const [k, tile] of tiles.entries()) {
      signal.throwIfAborted();
      await warpTile(tile, await reads[k]);
      startRead(k + TILES_IN_FLIGHT);
      reads[k] = NOTHING;
      // At most two tiles are queued: the queue holds their uploaded sources.
      if (k % TILES_IN_FLIGHT === TILES_IN_FLIGHT - 1) await this.#backend.submit();
    }
    await this.#backend.submit();
  }

  /** Waits until earlier callers have started all their reads, so that sources are read from top to bottom. */
  async #takeTurn(): Promise<Disposable & { end(): void }> {
    const earlier = this.#reads;
    let end = (): void => undefined;
    this.#reads = new Promise((done) => {
      end = done;
    });
    await earlier;
    return { end, [Symbol.dispose]: end };
  }

  async #readSource({ control }: Tile, signal: AbortSignal): Promise<readonly SourcePixels[]> {
    return control.source === null
      ? this.#bands.map((band) => ({ values: NO_PIXEL, band, mask: null, staging: null }))
      : this.#readWindow(control.source, signal);
  }

  /** Reads a window of the source, which may reach beyond the left and right edges of an image of the globe. */
  async #readWindow(pixels: PixelWindow, signal?: AbortSignal): Promise<readonly SourcePixels[]> {
    const bands = this.#bands.map((band) => band.index);
    const request = { level: this.#level, signal };
    const { source, turn } = this.#grid.mapping;
    const around = { width: source.width, turn: turnColumns(source, turn) };
    const stagings = this.#stage(pixels);
    const into = stagings.flatMap((staging) => staging?.values ?? []);
    const planes = await readAround(pixels, around, (window) =>
      // A window that is read in parts gets arrays of its own.
      this.raster.readPlanes({
        ...request,
        window,
        bands,
        ...(into.length === bands.length ? { into } : {}),
      }),
    );
    const masks = await readAround(pixels, around, (window) =>
      readMasks(this.raster, bands, { ...request, window }),
    );
    this.counters.sourcePixelsRead += pixels.width * pixels.height * bands.length;
    return this.#bands.map((band, i) => ({
      values: planes[i],
      band,
      mask: masks[i],
      staging: planes[i] === stagings[i]?.values ? stagings[i] : null,
    }));
  }

  /** Memory for the pixels of a window in each band; null for types that are converted before they are uploaded. */
  #stage({ width, height }: PixelWindow): (Staging | null)[] {
    return this.#bands.map((band) =>
      mayExceedFloat32(band) || band.dtype === 'float64'
        ? null
        : this.#backend.stage([height, width], band.dtype),
    );
  }

  /** @param bands calls `resample`, which disposes of its source, once per band, with one control grid */
  #warpTile({ window, control }: Tile, bands: (resample: Resample) => void): void {
    const backend = this.#backend;
    const device = uploadControl(backend, control);
    // A tile outside the source gets one pixel of nodata.
    const sourceWindow = control.source ?? { x: 0, y: 0, width: 1, height: 1 };
    bands((source, stored, to) => {
      warp(backend, {
        source,
        stored,
        sourceWindow,
        control: device,
        tile: window,
        resampling: this.#options.resampling,
        scale: this.#scale,
        ...to,
      });
      source.dispose();
      this.counters.warpedPixels += window.width * window.height;
    });
    device.cells.dispose();
    device.table.dispose();
  }
}

type Resample = (
  source: DeviceTensor,
  stored: NodataOptions,
  to: Pick<WarpOptions, 'destination' | 'offset' | 'stride'>,
) => void;

/** Pixels of all bands that are copied in one step. */
const COPIED_PIXELS = 2 ** 22;

const UNSCALED = { scale: 1, offset: 0 };

/** The source of a tile outside the raster. */
const NO_PIXEL = Float32Array.of(Number.NaN);

const NOTHING = Promise.resolve([]);
