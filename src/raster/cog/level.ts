import { bytesPerElement } from '../../geo/dtype.js';
import { allocateArray, type TypedArray } from '../../geo/index.js';
import type { Encoder } from '../codecs/wasm-encoders.js';
import { alphaOf } from './colours.js';
import { type CogSettings, hasEqualTiles } from './options.js';
import {
  firstRowUnder,
  type ReducingMethod,
  ROWS_ACROSS,
  rowsReady,
  type SizeReduction,
} from './overview.js';
import { allocatePlanes, copyRows, joinRows, type Planes, reducePlanes } from './planes.js';
import { cutMask, cutTile, type Strip } from './tile.js';
import { framedBytes, type TileMemory, type TileStore } from './tile-store.js';

/** Bytes of tiles without compression that are written at a time. */
const FRAMES_BYTES = 16 * 2 ** 20;

/** What the levels of a file share. */
export interface LevelParts {
  readonly settings: CogSettings;
  readonly encode: Encoder;
  readonly memory: TileMemory;
}

/**
 * One resolution of a COG. Rows of tiles are cut out of the rows that come; fewer rows are collected first. They are
 * reduced for the next level. With `nearest` every level is reduced from the full image, because repeated picks would
 * drift off the centre. Padding beyond the image is nodata.
 */
export class CogLevel<Store extends TileStore = TileStore> {
  readonly width: number;
  readonly height: number;
  readonly store: Store;
  /** Groups of planes interleaved in one tile; a group's tiles are contiguous in the result. */
  readonly groups: readonly (readonly number[])[];
  readonly #parts: LevelParts;
  readonly #start: number;
  readonly #next: CogLevel<Store> | null;
  readonly #columns: number;
  readonly #nodata: number | null;
  /** The bytes of a sample beyond the image. */
  readonly #padding: Uint8Array;
  /** The alpha band, from 0. */
  readonly #alpha: number | null;
  /** Rows of an incomplete row of tiles, allocated on the first use. */
  #strip: Planes | null = null;
  /** The last rows of the row of tiles before. */
  #before: Planes | null = null;
  /** The band that is written, if bands come one after the other; null if they come together. */
  #band: number | null = null;
  #rowsInStrip = 0;
  #rowsDone = 0;

  /**
   * @param start position of the first tile in the file, if all tiles have the same size
   * @param next the level of half this resolution, or null for the last
   */
  constructor(
    parts: LevelParts,
    [width, height]: readonly [number, number],
    store: Store,
    start: number,
    next: CogLevel<Store> | null,
  ) {
    const { bands, blockSize, dtype, interleave, mask, nodata } = parts.settings;
    this.width = width;
    this.height = height;
    this.store = store;
    this.#parts = parts;
    this.#start = start;
    this.#next = next;
    this.#columns = Math.ceil(width / blockSize);
    const numbers = Array.from({ length: bands + (mask === false ? 0 : 1) }, (_, plane) => plane);
    this.groups =
      interleave === 'pixel'
        ? [numbers.slice(0, bands), ...numbers.slice(bands).map((n) => [n])]
        : numbers.map((n) => [n]);
    this.#alpha = alphaOf(parts.settings);
    // Nodata as a float32 file holds it.
    this.#nodata = nodata === null ? null : dtype === 'float32' ? Math.fround(nodata) : nodata;
    this.#padding = bytesOf(allocateArray(dtype, 1).fill(nodata ?? 0));
  }

  /** Rows so far, of the band that is written if bands come one after the other. */
  get rows(): number {
    return this.#rowsDone + this.#rowsInStrip;
  }

  /** Rows of the last band so far. */
  get rowsOfLastBand(): number {
    const isLast = this.#band === null || this.#band === this.#parts.settings.bands - 1;
    return isLast ? this.rows : 0;
  }

  /** Whether rows of a band may be added: of the same band, or of the next after a complete one. */
  accepts(band: number, count: number): boolean {
    if (this.#band === null) return this.rows === 0 && band === 0 && count <= this.height;
    if (this.rows < this.height) return band === this.#band && this.rows + count <= this.height;
    return band === this.#band + 1 && band < this.#parts.settings.bands && count <= this.height;
  }

  /** Appends rows, `count × width` values per band and mask. The arrays must stay as they are until the end. */
  async append(bands: readonly TypedArray[], mask: Uint8Array | null, count: number): Promise<void> {
    const { width, height } = this;
    const { blockSize, dtype } = this.#parts.settings;
    for (let taken = 0; taken < count; ) {
      const rows = Math.min(count - taken, blockSize - this.#rowsInStrip);
      const part = <T extends TypedArray>(values: T): T =>
        values.subarray(taken * width, (taken + rows) * width) as T;
      const planes = { firstRow: this.#rowsDone, bands: bands.map(part), mask: mask && part(mask) };
      taken += rows;
      const isLast = this.rows + rows === height;
      if (this.#rowsInStrip === 0 && (rows === blockSize || isLast)) {
        await this.#flush(planes, rows);
        continue;
      }
      this.#strip ??= allocatePlanes(dtype, bands.length, mask !== null, blockSize * width);
      const strip = this.#strip;
      const at = this.#rowsInStrip * width;
      for (const [band, values] of planes.bands.entries()) strip.bands[band].set(values, at);
      if (planes.mask !== null) strip.mask?.set(planes.mask, at);
      this.#rowsInStrip += rows;
      if (this.#rowsInStrip < blockSize && !isLast) continue;
      await this.#flush({ ...strip, firstRow: this.#rowsDone }, this.#rowsInStrip);
    }
  }

  /** Appends rows of one band, all of which come before those of the next. */
  async appendBand(band: number, values: TypedArray, count: number): Promise<void> {
    if (band !== this.#band) {
      this.#band = band;
      this.#rowsDone = 0;
    }
    await this.append([values], null, count);
  }

  /** Resolves when all tiles of this and all smaller levels are in their files. */
  async finish(): Promise<void> {
    await this.store.flush();
    await this.#next?.finish();
  }

  /** Stored bytes of the tiles of a group, in row-major order. */
  byteCountsOf(group: number): number[] {
    if (!hasEqualTiles(this.#parts.settings))
      return this.store.byteCounts.filter((_, tile) => this.#groupOf(tile) === group);
    return new Array<number>(this.#tileRows * this.#columns).fill(this.#tileBytes(group));
  }

  /** The tiles of a group in the temporary file, leaders and trailers included. */
  segmentsOf(group: number): { readonly position: number; readonly bytes: number }[] {
    const { byteCounts } = this.store;
    let position = 0;
    const segments: { position: number; bytes: number }[] = [];
    for (let tile = 0; tile < byteCounts.length; tile += this.#columns) {
      const row = byteCounts.slice(tile, tile + this.#columns);
      const bytes = row.reduce((sum, count) => sum + framedBytes(count), 0);
      if (this.#groupOf(tile) === group) segments.push({ position, bytes });
      position += bytes;
    }
    return segments;
  }

  /** The group of a tile of the temporary file, which has a row of tiles of each group in turn. */
  #groupOf(tile: number): number {
    return Math.floor(tile / this.#columns) % this.groups.length;
  }

  get #tileRows(): number {
    return Math.ceil(this.height / this.#parts.settings.blockSize);
  }

  /** Bytes of a tile before compression. */
  #tileBytes(group: number): number {
    const { bands, blockSize, dtype } = this.#parts.settings;
    const planes = this.groups[group];
    return planes[0] === bands ? blockSize ** 2 / 8 : blockSize ** 2 * planes.length * bytesPerElement(dtype);
  }

  /** Writes a row of tiles, and reduces it for smaller levels. */
  async #flush(planes: Planes, rows: number): Promise<void> {
    const { blockSize, dtype, geobox, overviews } = this.#parts.settings;
    const strip = {
      planes: [...planes.bands, ...(planes.mask === null ? [] : [planes.mask])].map(bytesOf),
      width: this.width,
      rows,
      tileSize: blockSize,
      bytesPerSample: bytesPerElement(dtype),
      padding: this.#padding,
    };
    if (hasEqualTiles(this.#parts.settings)) await this.#writeEqualTiles(strip);
    else {
      for (const g of this.groups.keys()) {
        for (let column = 0; column < this.#columns; column++)
          await this.store.add(this.#tile(strip, planes, g, column));
      }
    }
    this.#rowsInStrip = 0;
    this.#rowsDone += rows;
    if (this.#next === null || overviews === 'none') return;
    if (overviews === 'nearest') {
      const isFull = this.width === geobox.width && this.height === geobox.height;
      for (let next = isFull ? this.#next : null; next !== null; next = next.#next)
        await this.#reduce(next, planes, rows, overviews);
      return;
    }
    await this.#reduce(this.#next, planes, rows, overviews);
    if (this.#rowsDone === this.height) return;
    this.#before = copyRows(planes, rows - ROWS_ACROSS, rows, this.width);
  }

  /** Writes tiles without compression at their places, many at a time. */
  async #writeEqualTiles(strip: Strip): Promise<void> {
    const row = this.#rowsDone / strip.tileSize;
    const groups = this.#band === null ? this.groups.entries() : [[this.#band, [0]] as const];
    for (const [g, group] of groups) {
      const tileBytes = this.#tileBytes(g);
      const frameBytes = framedBytes(tileBytes);
      const step = Math.max(1, Math.floor(FRAMES_BYTES / frameBytes));
      for (let column = 0; column < this.#columns; column += step) {
        const count = Math.min(step, this.#columns - column);
        const place = (g * this.#tileRows + row) * this.#columns + column;
        await this.store.addEqual(count, tileBytes, this.#start + place * frameBytes, (k, tile) =>
          cutTile(strip, group, column + k, tile),
        );
      }
    }
  }

  /** Appends the rows to another level that the rows so far complete. */
  async #reduce(next: CogLevel<Store>, planes: Planes, count: number, method: ReducingMethod): Promise<void> {
    const { width } = this;
    const reduction: SizeReduction = { from: [width, this.height], to: [next.width, next.height] };
    const gaps = { nodata: this.#nodata, alpha: this.#alpha };
    const append = async (from: Planes, start: number, end: number): Promise<void> => {
      const { bands, mask } = reducePlanes(from, gaps, reduction, start, end, method);
      await next.append(bands, mask, end - start);
    };
    let start = next.rows;
    const end = rowsReady(reduction, this.#rowsDone, method);
    if (start < end && this.#before !== null && firstRowUnder(reduction, start, method) < planes.firstRow) {
      const after = copyRows(planes, 0, Math.min(ROWS_ACROSS, count), width);
      await append(joinRows(this.#before, after), start, start + 1);
      start++;
    }
    if (start < end) await append(planes, start, end);
  }

  /** Cuts a tile synchronously and compresses it; null for an empty tile of a sparse file. */
  async #tile(
    strip: Strip,
    planes: Planes,
    g: number,
    column: number,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const { settings, encode, memory } = this.#parts;
    const group = this.groups[g];
    if (settings.sparse && group.every((plane) => this.#isEmpty(strip, planes, plane, column))) return null;
    const tile = memory.take(this.#tileBytes(g));
    if (group[0] === settings.bands) {
      cutMask(strip, settings.bands, column, tile);
      return encode(tile, null);
    }
    cutTile(strip, group, column, tile);
    const { tileSize, bytesPerSample } = strip;
    const { predictor } = settings;
    const samples = group.length;
    return encode(tile, { predictor, rows: tileSize, width: tileSize, samples, bytesPerSample });
  }

  #isEmpty(
    { width, rows, tileSize }: Strip,
    { bands, mask }: Planes,
    plane: number,
    column: number,
  ): boolean {
    const values = plane === bands.length ? mask : bands[plane];
    const empty = plane === bands.length ? 0 : (this.#nodata ?? 0);
    const columns = Math.min(tileSize, width - column * tileSize);
    for (let y = 0; y < rows; y++) {
      const start = y * width + column * tileSize;
      for (let i = start; i < start + columns; i++) {
        const value = values?.[i] ?? 0;
        if (value !== empty && !(Number.isNaN(value) && Number.isNaN(empty))) return false;
      }
    }
    return true;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
