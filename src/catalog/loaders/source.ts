/** A row of a catalog on a grid: opens its files on demand and resamples its bands by rows. */
import type { GeoBox, PixelWindow, RowRange } from '../../geo/index.js';
import { unionWindows } from '../../geo/windows.js';
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import { memberOf } from '../../json/keys.js';
import type { Resampling } from '../../kernels/index.js';
import { type BandInfo, type BlockCache, openRaster, type Raster, WarpedRaster } from '../../raster/index.js';
import { gridWindow, noReference } from '../../raster/request.js';
import type { CatalogRow } from '../row.js';
import { type BandUnits, bandInFile, bandUnits, type ChosenBand, requireBand, show } from './bands.js';
import { outlineMeets, requireSamePlace } from './declared-grid.js';
import { type LoadCounters, type QualityMask, requireCategorical, type SourceOptions } from './options.js';
import { checkMask, QualityRaster, SourceView } from './quality.js';
import { requireFilled, withFill } from './unfilled.js';

/** State shared by all sources of a load. */
export interface SourceContext {
  readonly backend: Backend;
  readonly grid: GeoBox;
  readonly cache: BlockCache;
  readonly counters: LoadCounters;
  readonly options: SourceOptions;
  /** Whether bands are read one by one, not all bands of a file at once. */
  readonly byBand: boolean;
}

/** A band with the metadata of its open file. */
export interface OpenedBand {
  readonly info: BandInfo;
  readonly categorical: boolean;
  readonly resampling: Resampling;
}

/** Bands of one file with equal resampling and units. */
interface Group {
  readonly view: SourceView;
  readonly warped: WarpedRaster;
  /** Indexes of its bands in the result. */
  readonly targets: readonly number[];
}

interface Opened {
  readonly rasters: readonly Raster[];
  readonly groups: readonly Group[];
  readonly quality: QualityRaster | null;
  readonly bands: readonly OpenedBand[];
  readonly window: PixelWindow | null;
}

/** Opens a file of a row; reads only its headers. */
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
  /** Its position among all sources, which decides the groups of a mosaic. */
  readonly position: number;
  readonly #context: SourceContext;
  readonly #bands: readonly ChosenBand[];
  readonly #units: readonly (BandUnits | null)[];
  readonly #mask: QualityMask | null;
  readonly #quality: ChosenBand | null;
  #opened: Promise<Opened> | null = null;

  /**
   * @throws {TerrachipError} INVALID_INPUT for a missing band, a quality band that is not filled, or units that are
   * unknown or cannot be converted
   */
  constructor(context: SourceContext, row: CatalogRow, position: number, bands: readonly ChosenBand[]) {
    const { mask: chosen = null } = context.options;
    const mask = typeof chosen === 'function' ? chosen(row) : chosen;
    if (mask !== null) {
      checkMask(mask);
      requireFilled(row, mask);
    }
    this.row = row;
    this.position = position;
    this.#context = context;
    this.#bands = bands;
    this.#units = bands.map((chosen) => bandUnits(row, chosen, context.options));
    this.#mask = mask;
    this.#quality = mask === null ? null : requireBand(row, mask.band);
  }

  /** The window of the grid that its files may touch; null for none. Opens no files if the row declares their grids. */
  async window(signal?: AbortSignal): Promise<PixelWindow | null> {
    const boxes = this.#bands.map(({ asset }) => asset.geobox);
    if (boxes.every((box) => box !== undefined)) {
      const window = this.#windowOf(boxes);
      // The footprint overlaps but the declared grid does not: it may be wrong, so the file decides.
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
   * Resamples rows of the grid into planes that begin with the first row.
   * @param bands indexes of the chosen bands; all of them unless bands are read one by one
   * @param planes one per band
   */
  async readRows(
    rows: RowRange,
    bands: readonly number[],
    planes: readonly DeviceTensor[],
    signal?: AbortSignal,
  ): Promise<void> {
    const { groups } = await this.open(signal);
    for (const { warped, targets } of groups) {
      const destinations = targets.flatMap((target) => {
        const at = bands.indexOf(target);
        return at < 0 ? [] : [planes[at]];
      });
      if (destinations.length !== targets.length) continue;
      await warped.readRows(rows, destinations, rows.start, signal);
    }
  }

  /** Like `readRows`, for all bands in float64, without rounding to float32. Converts no units. */
  async readExactRows(rows: RowRange, signal?: AbortSignal): Promise<Float64Array[]> {
    const { groups } = await this.open(signal);
    const result: Float64Array[] = [];
    for (const { warped, targets } of groups) {
      const values = await warped.readExactRows(rows, signal);
      for (const [k, target] of targets.entries()) result[target] = values[k];
    }
    return result;
  }

  /** Its bands and its quality band on the grid, to plan what is read of their files. */
  async warped(signal?: AbortSignal): Promise<WarpedRaster[]> {
    const { groups, quality } = await this.open(signal);
    const bands = groups.map(({ warped }) => warped);
    if (quality === null) return bands;
    const { backend, grid } = this.#context;
    return [...bands, new WarpedRaster(backend, quality, { geobox: grid, resampling: 'nearest' })];
  }

  /** Closes its files; they reopen on demand. */
  async dispose(): Promise<void> {
    const opening = this.#opened;
    this.#opened = null;
    // A source that failed to open has no files.
    const opened = await opening?.catch(() => null);
    if (opened === null || opened === undefined) return;
    const { counters } = this.#context;
    for (const { warped, view } of opened.groups) {
      counters.sourcePixelsRead += warped.counters.sourcePixelsRead;
      counters.warpedPixels += warped.counters.warpedPixels;
      counters.maskedPixels += view.maskedPixels;
    }
    for (const raster of opened.rasters) await raster.dispose();
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
      return { rasters: [...files.values()], groups, quality, bands, window: this.#windowOf(boxes) };
    } catch (error) {
      for (const raster of files.values()) await raster.dispose();
      throw error;
    }
  }

  async #openQuality(files: Map<string, Raster>, signal?: AbortSignal): Promise<QualityRaster | null> {
    const { backend } = this.#context;
    if (this.#quality === null || this.#mask === null) return null;
    const raster = await this.#file(files, this.#quality.asset.href, signal);
    if (raster.geobox === null) throw noReference(raster);
    return new QualityRaster(backend, raster, bandInFile(raster, this.#quality), withFill(this.#mask));
  }

  async #file(files: Map<string, Raster>, href: string, signal?: AbortSignal): Promise<Raster> {
    const open = files.get(href);
    if (open !== undefined) return open;
    const raster = await openAsset(this.#context, href, signal);
    files.set(href, raster);
    return raster;
  }

  #describe(raster: Raster, chosen: ChosenBand): OpenedBand {
    const { options } = this.#context;
    const stored = bandInFile(raster, chosen);
    const categorical = chosen.categorical || stored.colourInterpretation === 'palette';
    const resampling = valueFor(chosen, options.resampling) ?? (categorical ? 'nearest' : 'bilinear');
    if (categorical) {
      const band = `the band ${show(chosen.choice)} of ${raster.name}`;
      requireCategorical(resampling, band, 'use nearest or mode for it, by name: { resampling: { … } }');
    }
    const { values } = chosen;
    const nodata = valueFor(chosen, options.sourceNodata) ?? values.nodata ?? stored.nodata;
    // Scale and offset come from one source: mixing the row's with the file's would be wrong.
    const scaled = values.scale !== undefined || values.offset !== undefined;
    const { scale = 1, offset = 0 } = scaled ? values : stored;
    return { info: { ...stored, nodata, scale, offset }, categorical, resampling };
  }

  #group(
    raster: Raster,
    targets: readonly number[],
    bands: readonly OpenedBand[],
    quality: QualityRaster | null,
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
    return [...new Set(boxes)]
      .flatMap((box) => gridWindow(box, this.#context.grid) ?? [])
      .reduce<PixelWindow | null>(unionWindows, null);
  }
}

/** The value of an option for a band: one for all bands, or one by name. */
function valueFor<T extends string | number>(
  { choice, name }: ChosenBand,
  option: T | Readonly<Record<string, T>> | undefined,
): T | undefined {
  if (typeof option !== 'object') return option;
  return memberOf(option, String(choice)) ?? memberOf(option, name);
}
