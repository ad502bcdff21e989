/** One row of a catalog on a grid: its files opened when they are needed, its bands warped row by row. */
import { invalidOption } from '../../errors.js';
import type { GeoBox, PixelWindow, RowRange } from '../../geo/index.js';
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import { memberOf } from '../../json/keys.js';
import type { Resampling } from '../../kernels/index.js';
import { suitsCategories } from '../../kernels/resampling.js';
import { type BandInfo, type BlockCache, openRaster, type Raster, WarpedRaster } from '../../raster/index.js';
import { gridWindow, noReference } from '../../raster/request.js';
import type { CatalogRow } from '../row.js';
import { bandInFile, type ChosenBand, requireBand, show } from './bands.js';
import type { LoadCounters, SourceOptions } from './options.js';
import { QualityReader } from './quality.js';
import { outlineMeets, requireSamePlace } from './same-place.js';
import { SourceView } from './source-view.js';
import { requireFilled, withFill } from './unfilled.js';
import { type BandUnits, bandUnits } from './units.js';

/** What all sources of one load have in common. */
export interface SourceContext {
  readonly backend: Backend;
  readonly grid: GeoBox;
  readonly cache: BlockCache;
  readonly counters: LoadCounters;
  readonly options: SourceOptions;
  /** Whether bands are read one by one, not all bands of a file at once. */
  readonly byBand: boolean;
}

/** What became of a band once its file was open. */
export interface OpenedBand {
  readonly info: BandInfo;
  readonly categorical: boolean;
  readonly resampling: Resampling;
}

/** Bands of one file that are resampled and converted alike. */
interface Group {
  readonly view: SourceView;
  readonly warped: WarpedRaster;
  /** Where its bands go in the result. */
  readonly targets: readonly number[];
}

interface Opened {
  readonly rasters: readonly Raster[];
  readonly groups: readonly Group[];
  readonly bands: readonly OpenedBand[];
  readonly window: PixelWindow | null;
}

/** Opens a file of a row: its headers only. */
export async function openAsset(
  { cache, counters, options }: SourceContext,
  href: string,
  signal?: AbortSignal,
): Promise<Raster> {
  const open = options.open ?? openRaster;
  const raster = await open(href, { cache, signal });
  counters.filesOpened++;
  return raster;
}

export class Source {
  readonly row: CatalogRow;
  /** Its place among all sources, which decides what is combined with what. */
  readonly position: number;
  readonly #context: SourceContext;
  readonly #bands: readonly ChosenBand[];
  readonly #units: readonly (BandUnits | null)[];
  readonly #quality: ChosenBand | null;
  #opened: Promise<Opened> | null = null;

  /**
   * @throws {TerrachipError} INVALID_INPUT for a band that the row does not have, a mask that is not filled, or units
   * that are not known or cannot be converted
   */
  constructor(context: SourceContext, row: CatalogRow, position: number, bands: readonly ChosenBand[]) {
    const { mask } = context.options;
    if (mask !== undefined) requireFilled(row, mask);
    this.row = row;
    this.position = position;
    this.#context = context;
    this.#bands = bands;
    this.#units = bands.map((chosen) => bandUnits(row, chosen, context.options));
    this.#quality = mask === undefined ? null : requireBand(row, mask.band);
  }

  /** The pixels of the grid that its files may touch; null for none. Files whose grids the row knows stay closed. */
  async window(signal?: AbortSignal): Promise<PixelWindow | null> {
    const boxes = this.#bands.map(({ asset }) => asset.geobox);
    if (boxes.every((box) => box !== undefined)) {
      const window = this.#windowOf(boxes);
      // A grid that misses what its row's outline meets may be wrong: then the file decides.
      if (window !== null || !outlineMeets(this.row, this.#context.grid)) return window;
    }
    return (await this.open(signal)).window;
  }

  /** Opens its files, once. */
  open(signal?: AbortSignal): Promise<Opened> {
    this.#opened ??= this.#openFiles(signal);
    return this.#opened;
  }

  /**
   * Resamples rows of the grid into planes that begin with the first of them.
   * @param bands which bands, by their places among those chosen; where bands are read together, all of them
   * @param planes one a band
   */
  async readRows(
    rows: RowRange,
    bands: readonly number[],
    planes: readonly DeviceTensor[],
    signal?: AbortSignal,
  ): Promise<void> {
    const { groups } = await this.open(signal);
    for (const { warped, targets } of groups) {
      const into = targets.flatMap((target) => {
        const at = bands.indexOf(target);
        return at < 0 ? [] : [planes[at]];
      });
      if (into.length !== targets.length) continue;
      await warped.readRows(rows, into, rows.start, signal);
    }
  }

  /** As `readRows`, of all bands in float64: values that float32 cannot hold stay what they are. No units are converted. */
  async readExactRows(rows: RowRange, signal?: AbortSignal): Promise<Float64Array[]> {
    const { groups } = await this.open(signal);
    const result: Float64Array[] = [];
    for (const { warped, targets } of groups) {
      const values = await warped.readExactRows(rows, signal);
      for (const [k, target] of targets.entries()) result[target] = values[k];
    }
    return result;
  }

  /** Closes its files; they open again when they are needed. */
  async close(): Promise<void> {
    const opening = this.#opened;
    this.#opened = null;
    // What could not be opened has nothing to close.
    const opened = await opening?.catch(() => null);
    if (opened === null || opened === undefined) return;
    const { counters } = this.#context;
    for (const { warped, view } of opened.groups) {
      counters.sourcePixelsRead += warped.counters.sourcePixelsRead;
      counters.warpedPixels += warped.counters.warpedPixels;
      counters.maskedPixels += view.maskedPixels;
    }
    for (const raster of opened.rasters) await raster.close();
  }

  async #openFiles(signal?: AbortSignal): Promise<Opened> {
    const files = new Map<string, Raster>();
    try {
      const quality = await this.#openQuality(files, signal);
      const rasters: Raster[] = [];
      for (const { asset } of this.#bands) rasters.push(await this.#file(files, asset.href, signal));
      const bands = this.#bands.map((chosen, k) => this.#describe(rasters[k], chosen));
      const { byBand } = this.#context;
      const keys = this.#bands.map(({ asset }, k) =>
        JSON.stringify([asset.href, bands[k].resampling, this.#units[k]?.units ?? null, byBand ? k : 0]),
      );
      const groups = [...new Set(keys)].map((key) => {
        const targets = keys.flatMap((other, k) => (other === key ? [k] : []));
        return this.#group(rasters[targets[0]], targets, bands, quality);
      });
      const boxes = rasters.map((raster, k) => {
        if (raster.geobox === null) throw noReference(raster);
        const { geobox: declared } = this.#bands[k].asset;
        if (declared !== undefined) requireSamePlace(raster.name, raster.geobox, declared);
        return raster.geobox;
      });
      return { rasters: [...files.values()], groups, bands, window: this.#windowOf(boxes) };
    } catch (error) {
      for (const raster of files.values()) await raster.close();
      throw error;
    }
  }

  async #openQuality(files: Map<string, Raster>, signal?: AbortSignal): Promise<QualityReader | null> {
    const { backend, options } = this.#context;
    if (this.#quality === null || options.mask === undefined) return null;
    const raster = await this.#file(files, this.#quality.asset.href, signal);
    const { index } = bandInFile(raster, this.#quality);
    return new QualityReader(backend, raster, index, withFill(options.mask));
  }

  async #file(files: Map<string, Raster>, href: string, signal?: AbortSignal): Promise<Raster> {
    const known = files.get(href);
    if (known !== undefined) return known;
    const raster = await openAsset(this.#context, href, signal);
    files.set(href, raster);
    return raster;
  }

  #describe(raster: Raster, chosen: ChosenBand): OpenedBand {
    const { options } = this.#context;
    const stored = bandInFile(raster, chosen);
    const categorical = chosen.categorical || stored.colourInterpretation === 'palette';
    const resampling = resamplingOf(chosen, categorical, options);
    if (categorical && !suitsCategories(resampling)) {
      throw invalidOption(
        'resampling',
        `cannot be ${resampling} for the band ${show(chosen.choice)} of ${raster.name}, which holds categories`,
        'use nearest or mode for it, by name: { resampling: { … } }',
      );
    }
    const { values } = chosen;
    const nodata = givenNodata(chosen, options) ?? values.nodata ?? stored.nodata;
    // A scale and an offset belong together: half a row's and half a file's would be neither.
    const scaled = values.scale !== undefined || values.offset !== undefined;
    const { scale = 1, offset = 0 } = scaled ? values : stored;
    const info = { ...stored, nodata, scale, offset };
    return { info, categorical, resampling };
  }

  #group(
    raster: Raster,
    targets: readonly number[],
    bands: readonly OpenedBand[],
    quality: QualityReader | null,
  ): Group {
    const { backend, grid, options } = this.#context;
    const infos = targets.map((k) => bands[k].info);
    const conversion = this.#units[targets[0]]?.conversion ?? null;
    const view = new SourceView(
      raster,
      raster.bands.map((band) => infos.find(({ index }) => index === band.index) ?? band),
      quality,
    );
    const warped = new WarpedRaster(backend, view, {
      geobox: grid,
      resampling: bands[targets[0]].resampling,
      bands: infos.map(({ index }) => index),
      unscale: options.unscale,
      antialias: options.antialias,
      overview: options.overview,
      prepare: conversion?.source,
      finish: conversion?.resampled,
    });
    return { view, warped, targets };
  }

  #windowOf(boxes: readonly GeoBox[]): PixelWindow | null {
    let union: PixelWindow | null = null;
    for (const box of new Set(boxes)) {
      const window = gridWindow(box, this.#context.grid);
      if (window !== null) union = union === null ? window : around(union, window);
    }
    return union;
  }
}

/** The smallest window around two. */
function around(a: PixelWindow, b: PixelWindow): PixelWindow {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

function resamplingOf(chosen: ChosenBand, categorical: boolean, { resampling }: SourceOptions): Resampling {
  const standard = categorical ? 'nearest' : 'bilinear';
  if (typeof resampling !== 'object') return resampling ?? standard;
  return memberOf(resampling, String(chosen.choice)) ?? memberOf(resampling, chosen.name) ?? standard;
}

function givenNodata({ choice, name }: ChosenBand, { sourceNodata }: SourceOptions): number | undefined {
  if (typeof sourceNodata !== 'object') return sourceNodata;
  return memberOf(sourceNodata, String(choice)) ?? memberOf(sourceNodata, name);
}
