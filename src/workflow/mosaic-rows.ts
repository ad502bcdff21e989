/** Bands of a scene that come in one or more files, on one grid. */
import { type ControlGrids, type GeoBox, gridsMeet, noOverlap, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { mosaic, type Resampling } from '../kernels/index.js';
import { type Raster, type RowSource, type UnitConversion, WarpedRaster } from '../raster/node/index.js';
import type { Mosaic } from './scene.js';
import { requireGeobox } from './target-grid.js';

/** A file that shows the bands of a mosaic. */
export interface MosaicTile {
  readonly raster: Raster;
  /** From 1, as many as of the other tiles. */
  readonly bands: readonly number[];
  readonly convert: UnitConversion;
}

export interface MosaicOptions {
  readonly geobox: GeoBox;
  readonly resampling: Resampling;
  /** How overlapping tiles are combined (default `first`). */
  readonly method?: Mosaic;
  readonly overview?: 'auto';
  /** Control grids to share with other bands of a job (default: their own). */
  readonly controls?: ControlGrids;
}

/**
 * The tiles that meet a grid.
 * @param what the grid, for messages
 * @throws {TerrachipError} INVALID_INPUT if none does, or for one without a place
 */
export function tilesOnGrid<Tile extends { readonly raster: Raster }>(
  tiles: readonly Tile[],
  grid: GeoBox,
  what: string,
): Tile[] {
  const near = tiles.filter(({ raster }) => gridsMeet(requireGeobox(raster), grid));
  if (near.length > 0) return near;
  const [{ raster }] = tiles;
  throw noOverlap(raster.name, raster.geobox, what, grid);
}

/**
 * Bands on a grid, from tiles that each show all of them. For each strip, only the tiles under it are read; the memory of
 * a strip is multiplied by their number, if there is more than one.
 */
export class MosaicRows implements RowSource {
  readonly geobox: GeoBox;
  readonly bandCount: number;
  /** The tiles, in their order. */
  readonly warped: readonly WarpedRaster[];
  readonly #backend: Backend;
  readonly #method: Mosaic;
  /** Converts the combined values, so that a mean of power is computed from power. */
  readonly #finish: UnitConversion['resampled'];

  /** @throws {TerrachipError} as `WarpedRaster` */
  constructor(backend: Backend, tiles: readonly MosaicTile[], options: MosaicOptions) {
    const { geobox, method = 'first', ...reading } = options;
    const [{ bands, convert }] = tiles;
    const isShared = tiles.every((tile) => tile.convert.resampled === convert.resampled);
    this.geobox = geobox;
    this.bandCount = bands.length;
    this.warped = tiles.map(
      (tile) =>
        new WarpedRaster(backend, tile.raster, {
          ...reading,
          geobox,
          bands: tile.bands,
          prepare: tile.convert.source,
          finish: isShared ? null : tile.convert.resampled,
        }),
    );
    this.#backend = backend;
    this.#method = method;
    this.#finish = isShared ? convert.resampled : null;
  }

  /** Whether rows need planes of their own if the given planes have other rows too, since some steps change whole planes. */
  get needsOwnRows(): boolean {
    return this.warped.length > 1 || this.#finish !== null;
  }

  async readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { width } = this.geobox;
    const count = rows.end - rows.start;
    const areWhole = planes.every(({ length }) => length === count * width);
    if (areWhole || !this.needsOwnRows) {
      await this.#readInto(rows, planes, firstRow, signal);
      return;
    }
    const backend = this.#backend;
    const own = planes.map(() => backend.allocate([count, width], 'float32'));
    try {
      await this.#readInto(rows, own, rows.start, signal);
      for (const [band, plane] of planes.entries()) {
        backend.copy(own[band], 0, plane, (rows.start - firstRow) * width, own[band].length);
      }
    } finally {
      for (const plane of own) plane.dispose();
    }
  }

  async #readInto(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const near = this.#under(rows);
    if (near.length === 1) await near[0].readRows(rows, planes, firstRow, signal);
    else await this.#combine(near, rows, planes, firstRow, signal);
    for (const plane of planes) this.#finish?.(this.#backend, plane);
  }

  /** The tiles that have pixels under some rows; the first if none has. */
  #under(rows: RowRange): readonly WarpedRaster[] {
    const [first, ...others] = this.warped;
    if (others.length === 0) return [first];
    const near = this.warped.filter((tile) => tile.sourceWindows(rows).length > 0);
    return near.length > 0 ? near : [first];
  }

  async #combine(
    tiles: readonly WarpedRaster[],
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const backend = this.#backend;
    const layers = tiles.map(() => planes.map(({ shape }) => backend.allocate(shape, 'float32')));
    try {
      for (const [k, tile] of tiles.entries()) await tile.readRows(rows, layers[k], firstRow, signal);
      for (const [band, destination] of planes.entries()) {
        mosaic(backend, { layers: layers.map((own) => own[band]), method: this.#method, destination });
      }
      await backend.submit();
    } finally {
      for (const layer of layers.flat()) layer.dispose();
    }
  }
}
