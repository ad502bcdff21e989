import { invalidOption, TerrachipError } from '../errors.js';
import { turnColumns } from '../geo/control/grid.js';
import {
  alignedTiles,
  ControlGrid,
  type ControlWindow,
  createPixelMapping,
  DEFAULT_TOLERANCE,
  type GeoBox,
  type PixelWindow,
  type RowRange,
  type TypedArray,
} from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { withTaskSignal } from '../io/abort.js';
import { filterScale } from '../kernels/filters.js';
import {
  type Antialias,
  controlNeeds,
  type FilterScale,
  type NodataOptions,
  type Resampling,
  uploadControl,
  type WarpOptions,
  warp,
} from '../kernels/index.js';
import { suitsCategories } from '../kernels/resampling.js';
import type { ExactRowSource } from './grid-rows.js';
import { readMasks } from './pixels.js';
import type { BandInfo, Raster } from './raster.js';
import { levelBox, levelForGeobox, noReference, requireReal } from './request.js';
import type { UnitStep } from './units.js';
import {
  type CodedSource,
  codeSource,
  mayExceedFloat32,
  readAround,
  type SourcePixels,
  uploadSource,
} from './warp-source.js';

/** The grid of a `WarpedRaster`, and how it resamples. */
export interface WarpedRasterOptions {
  /** The grid to resample onto. */
  geobox: GeoBox;
  resampling: Resampling;
  /**
   * Whether filters widen where the grid's pixels are larger than the source's: `off` (default) never, `gdal` as GDAL
   * does, by one scale for the whole of both grids, or destination pixels per source pixel. Resamplings by area and
   * nearest take no notice.
   */
  antialias?: Antialias;
  /** Band numbers from 1 (default: all). */
  bands?: readonly number[];
  /**
   * `auto` reads from the coarsest overview that is not coarser than the grid, as gdalwarp does by default; a much
   * coarser grid then costs less and mixes more pixels. Default `none`: full resolution.
   */
  overview?: 'auto' | 'none';
  /** Largest error of positions, in source pixels (default 0.002). */
  tolerance?: number;
  /** Whether stored values become physical ones by the file's scale and offset (default true). */
  unscale?: boolean;
  /**
   * What an alpha band is where it is 0: a value like any other (`values`, default), or no data, as the bands that it
   * belongs to are there (`gaps`).
   */
  transparency?: 'values' | 'gaps';
  /** Changes the source's values, float32 with NaN for no data, in place before they are resampled. */
  prepare?: UnitStep | null;
  /** Changes what was resampled, in place: whole planes, as they were given to `readRows`. */
  finish?: UnitStep | null;
}

/** Destination pixels along a side of the tiles that are warped in one step. */
const TILE_SIZE = 1024;

/** A tile whose source window is larger than this is cut in four. */
const MAX_SOURCE_PIXELS = 16 * 2 ** 20;
const SMALLEST_TILE = 1;

/** Tiles under way: one is read while another is computed. */
const TILES_IN_FLIGHT = 2;

/** What warping has done, for reports and for tests that prove that nothing is done twice. */
export interface WarpCounters {
  warpedPixels: number;
  sourcePixelsRead: number;
}

interface Tile {
  readonly window: PixelWindow;
  readonly control: ControlWindow;
}

/** A raster seen on another grid, row by row, on a device. Nothing depends on how rows are asked for. */
export class WarpedRaster implements ExactRowSource {
  readonly raster: Raster;
  readonly geobox: GeoBox;
  readonly counters: WarpCounters = { warpedPixels: 0, sourcePixelsRead: 0 };
  readonly #backend: Backend;
  readonly #level: number;
  readonly #grid: ControlGrid;
  readonly #radius: number;
  readonly #scale: FilterScale;
  readonly #bands: readonly BandInfo[];
  readonly #options: WarpedRasterOptions;

  /**
   * @throws {TerrachipError} INVALID_INPUT for a raster without a CRS, or a band it does not have; UNSUPPORTED for complex
   *   ones; INVALID_OPTION for an impossible `antialias`, or a resampling that computes values from those of a palette
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
    this.#grid = new ControlGrid(mapping, options.tolerance ?? DEFAULT_TOLERANCE, undefined, footprints);
    this.#bands = (options.bands ?? raster.bands.map((band) => band.index)).map((index) => {
      const band = raster.bands.find((candidate) => candidate.index === index);
      if (band === undefined) {
        throw new TerrachipError(
          'INVALID_INPUT',
          `${raster.name} has no band ${index}`,
          `choose one of 1 to ${raster.bands.length}`,
          { source: raster.name },
        );
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
  }

  /** Number of bands. */
  get bandCount(): number {
    return this.#bands.length;
  }

  /**
   * Whether float32 may not hold the results, so that `readExactRows` is the way to have them: for float64 and integers of
   * 32 and 64 bits, by any resampling but `sum` and `rms`, without `prepare` and `finish`.
   */
  get exceedsFloat32(): boolean {
    const { resampling, prepare, finish } = this.#options;
    const computed = resampling === 'sum' || resampling === 'rms' || Boolean(prepare ?? finish);
    return !computed && this.#bands.some(mayExceedFloat32);
  }

  /**
   * Resamples rows of the grid into planes of `height × width` float32 with NaN for no data, one a band.
   * @param planes the planes to write into, their first row being scene row `firstRow`
   * @throws {TerrachipError} UNSUPPORTED for whole numbers that float32 cannot hold, where the resampling promises the
   *   source's own values
   */
  async readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { width } = this.geobox;
    const warpTile = async (tile: Tile, sources: SourceWindow): Promise<void> => {
      const offset = (tile.window.y - firstRow) * width + tile.window.x;
      this.#warpTile(tile, (resample) => {
        for (const [i, band] of this.#bands.entries()) {
          const pixels = sources.pixels(i, band);
          const { source, stored } = uploadSource(this.#backend, this.raster.name, pixels, this.#options);
          resample(source, stored, { destination: planes[i], offset, stride: width });
        }
      });
    };
    // Tiles are read ahead: when one fails, those behind it need not go on.
    await withTaskSignal(signal, (own) => this.#readTiles(rows, warpTile, own));
    for (const plane of planes) this.#options.finish?.(this.#backend, plane);
  }

  /**
   * Rows of the grid in float64, NaN for no data, an array a band: values of any type are what the source holds, and
   * are scaled in float64. Interpolations and means are as good as in float32, relative to the differences of values.
   */
  async readExactRows(rows: RowRange, signal?: AbortSignal): Promise<Float64Array[]> {
    const { width } = this.geobox;
    const result = this.#bands.map(() => new Float64Array((rows.end - rows.start) * width));
    const warpTile = async (tile: Tile, sources: SourceWindow): Promise<void> => {
      const { x, y, width: columns, height } = tile.window;
      const planes = this.#bands.map(() => this.#backend.allocate([height, columns], 'float32'));
      try {
        const { name } = this.raster;
        const stored = { ...this.#options, unscale: false };
        const decoders = this.#bands.map((): CodedSource['decode'] => null);
        this.#warpTile(tile, (resample) => {
          for (const [i, band] of this.#bands.entries()) {
            const pixels = sources.pixels(i, band);
            const to = { destination: planes[i] };
            if (mayExceedFloat32(band)) {
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
    warpTile: (tile: Tile, sources: SourceWindow) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const window = { x: 0, y: rows.start, width: this.geobox.width, height: rows.end - rows.start };
    const tiles: Tile[] = [];
    for (const tile of alignedTiles(window, TILE_SIZE)) tiles.push(...this.#split(tile));
    const reads: Promise<SourceWindow>[] = [];
    const startRead = (k: number): void => {
      if (k >= tiles.length) return;
      const read = this.#readSource(tiles[k], signal);
      // A failed read is reported where it is awaited; until then it is not "unhandled".
      read.catch(() => undefined);
      reads.push(read);
    };
    for (let k = 0; k < TILES_IN_FLIGHT; k++) startRead(k);
    for (const [k, tile] of tiles.entries()) {
      signal.throwIfAborted();
      await warpTile(tile, await reads[k]);
      startRead(k + TILES_IN_FLIGHT);
      reads[k] = NOTHING;
      // The device may lag one tile behind, no more: its queue holds the uploaded sources.
      if (k % TILES_IN_FLIGHT === TILES_IN_FLIGHT - 1) await this.#backend.submit();
    }
    await this.#backend.submit();
  }

  /** The tile with its control grid, or its quarters where it would need too much of the source. */
  #split(window: PixelWindow): Tile[] {
    const control = this.#grid.window(window, this.#radius);
    const { source } = control;
    const small = window.width <= SMALLEST_TILE && window.height <= SMALLEST_TILE;
    if (source === null || source.width * source.height <= MAX_SOURCE_PIXELS || small)
      return [{ window, control }];
    const size = Math.max(SMALLEST_TILE, Math.ceil(Math.max(window.width, window.height) / 2));
    const tiles: Tile[] = [];
    for (let y = 0; y < window.height; y += size) {
      for (let x = 0; x < window.width; x += size) {
        const width = Math.min(size, window.width - x);
        const height = Math.min(size, window.height - y);
        tiles.push(...this.#split({ x: window.x + x, y: window.y + y, width, height }));
      }
    }
    return tiles;
  }

  async #readSource({ control }: Tile, signal: AbortSignal): Promise<SourceWindow> {
    if (control.source === null) return NO_SOURCE;
    const bands = this.#bands.map((band) => band.index);
    const request = { level: this.#level, signal };
    const { source, turn } = this.#grid.mapping;
    const around = { width: source.width, turn: turnColumns(source, turn) };
    const planes = await readAround(control.source, around, (window) =>
      this.raster.readPlanes({ ...request, window, bands }),
    );
    const masks = await readAround(control.source, around, (window) =>
      readMasks(this.raster, bands, { ...request, window }),
    );
    this.counters.sourcePixelsRead += control.source.width * control.source.height * bands.length;
    return new SourceWindow(planes, masks);
  }

  /** @param bands resamples the source of each band, which is disposed of, through one control grid */
  #warpTile({ window, control }: Tile, bands: (resample: Resample) => void): void {
    const backend = this.#backend;
    const device = uploadControl(backend, control);
    // Where the source does not reach, a single pixel without data stands for it.
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

const UNSCALED = { scale: 1, offset: 0 };

/** Stands for a source that a tile does not reach. */
const NO_PIXEL = Float32Array.of(Number.NaN);

/** Stored values of the source and their masks, an array a band. */
class SourceWindow {
  readonly #planes: readonly TypedArray[];
  readonly #masks: readonly (Uint8Array | null)[];

  constructor(planes: readonly TypedArray[], masks: readonly (Uint8Array | null)[]) {
    this.#planes = planes;
    this.#masks = masks;
  }

  pixels(i: number, band: BandInfo): SourcePixels {
    return { values: this.#planes[i] ?? NO_PIXEL, band, mask: this.#masks[i] ?? null };
  }
}

const NO_SOURCE = new SourceWindow([], []);
const NOTHING = Promise.resolve(NO_SOURCE);
