import { bytesPerElement } from '../../geo/dtype.js';
import { allocateArray, type TypedArray } from '../../geo/index.js';
import { alphaOf } from '../cog/colours.js';
import { BLOCK_LEADER_BYTES, BLOCK_TRAILER_BYTES } from '../cog/directory.js';
import { type CogSettings, hasEqualTiles } from '../cog/options.js';
import {
  type OverviewMethod,
  ROWS_BEFORE,
  reduceMask,
  reduceRows,
  rowsReady,
  type SizeReduction,
} from '../cog/overview.js';
import { cutMask, cutTile, type Strip } from '../cog/tile.js';
import type { Encoder } from './encoders.js';
import { TileFile } from './tile-file.js';

/** Bytes of tiles without compression that are written at a time. */
const FRAMES_BYTES = 16 * 2 ** 20;

/** A contiguous piece of a level's temporary file. */
export interface Segment {
  readonly position: number;
  readonly bytes: number;
}

/**
 * One resolution of a COG. Rows are collected in a strip until a row of tiles is complete, and are reduced for the next
 * level. With `nearest` every level is reduced from the full image, because repeated picks would drift off the centre.
 * Padding beyond the image is nodata.
 */
export class CogLevel {
  readonly width: number;
  readonly height: number;
  readonly file: TileFile;
  /** Groups of planes interleaved in one tile; a group's tiles are contiguous in the result. */
  readonly groups: readonly (readonly number[])[];
  readonly #settings: CogSettings;
  readonly #encode: Encoder;
  readonly #next: CogLevel | null;
  readonly #columns: number;
  readonly #stride: number;
  #bands: readonly TypedArray[] = [];
  #mask: Uint8Array | null = null;
  /** The same memory, after the last rows of the previous strip. */
  #withBefore: readonly TypedArray[] = [];
  #maskWithBefore: Uint8Array | null = null;
  #strip: Strip | null = null;
  readonly #nodata: number | null;
  /** The alpha band, from 0. */
  readonly #alpha: number | null;
  /** Whether each tile is written at its place in the result. */
  readonly #inPlace: boolean;
  /** Memory of tiles that are written without compression, in turn. */
  readonly #frames: Uint8Array<ArrayBuffer>[] = [];
  /** The band that is written, of those that come one after the other; null if all come together. */
  #band: number | null = null;
  #rowsInStrip = 0;
  #rowsDone = 0;

  /**
   * @param next the level of half this resolution, or null for the last
   * @param inPlace whether the file has the result's order, group by group
   */
  constructor(
    settings: CogSettings,
    [width, height]: readonly [number, number],
    file: TileFile,
    encode: Encoder,
    next: CogLevel | null,
    inPlace: boolean,
  ) {
    const { bands, blockSize, dtype, interleave, mask, nodata } = settings;
    this.width = width;
    this.height = height;
    this.file = file;
    this.#settings = settings;
    this.#encode = encode;
    this.#next = next;
    this.#columns = Math.ceil(width / blockSize);
    this.#stride = this.#columns * blockSize;
    const numbers = Array.from({ length: bands + (mask === false ? 0 : 1) }, (_, plane) => plane);
    this.groups =
      interleave === 'pixel'
        ? [numbers.slice(0, bands), ...numbers.slice(bands).map((n) => [n])]
        : numbers.map((n) => [n]);
    this.#inPlace = inPlace;
    this.#alpha = alphaOf(settings);
    // Nodata as a float32 file holds it.
    this.#nodata = nodata === null ? null : dtype === 'float32' ? Math.fround(nodata) : nodata;
  }

  /** The planes of a strip, allocated on the first use. */
  get #planes(): Strip {
    this.#strip ??= this.#allocate(this.#band === null ? this.#settings.bands : 1);
    return this.#strip;
  }

  #allocate(bands: number): Strip {
    const { blockSize, dtype, mask, nodata } = this.#settings;
    const before = ROWS_BEFORE * this.#stride;
    const size = before + blockSize * this.#stride;
    this.#withBefore = Array.from({ length: bands }, () => allocateArray(dtype, size).fill(nodata ?? 0));
    this.#maskWithBefore = mask === false ? null : new Uint8Array(size);
    this.#bands = this.#withBefore.map((band) => band.subarray(before));
    this.#mask = this.#maskWithBefore?.subarray(before) ?? null;
    const planes = [...this.#bands, ...(this.#mask === null ? [] : [this.#mask])];
    return {
      planes: planes.map(
        ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
      ),
      stride: this.#stride,
      tileSize: blockSize,
      bytesPerSample: bytesPerElement(dtype),
    };
  }

  /** Rows so far, of the band that is written if bands come one after the other. */
  get rows(): number {
    return this.#rowsDone + this.#rowsInStrip;
  }

  /** Appends rows, `count × width` values per band and mask; copies the arrays. */
  async append(bands: readonly TypedArray[], mask: Uint8Array | null, count: number): Promise<void> {
    const { width } = this;
    const { stride } = this.#planes;
    const { blockSize } = this.#settings;
    for (let taken = 0; taken < count; ) {
      const rows = Math.min(count - taken, blockSize - this.#rowsInStrip);
      const copy = (from: TypedArray, to: TypedArray): void => {
        for (let y = 0; y < rows; y++) {
          const start = (taken + y) * width;
          to.set(from.subarray(start, start + width), (this.#rowsInStrip + y) * stride);
        }
      };
      for (const [band, values] of bands.entries()) copy(values, this.#bands[band]);
      if (mask !== null && this.#mask !== null) copy(mask, this.#mask);
      this.#rowsInStrip += rows;
      taken += rows;
      if (this.#rowsInStrip === blockSize) await this.#flush();
    }
  }

  /** Appends rows of one band, all of which come before those of the next; copies the array. */
  async appendBand(band: number, values: TypedArray, count: number): Promise<void> {
    if (band !== this.#band) {
      this.#band = band;
      this.#rowsDone = 0;
    }
    await this.append([values], null, count);
    if (this.rows === this.height) await this.#flushRest();
  }

  /** Writes the last strips of this and all smaller levels. */
  async finish(): Promise<void> {
    await this.#flushRest();
    await this.file.flush();
    await this.#next?.finish();
  }

  async #flushRest(): Promise<void> {
    if (this.#rowsInStrip === 0) return;
    const end = this.#rowsInStrip * this.#stride;
    for (const band of this.#bands) band.fill(this.#settings.nodata ?? 0, end);
    this.#mask?.fill(0, end);
    await this.#flush();
  }

  /** Stored bytes of the tiles of a group, in row-major order. */
  byteCountsOf(group: number): number[] {
    return this.#tileRows().flatMap((row) => this.#countsOf(row, group));
  }

  /** The tiles of a group in the temporary file, leaders and trailers included. */
  segmentsOf(group: number): Segment[] {
    let position = 0;
    const segments: Segment[] = [];
    for (const row of this.#tileRows()) {
      for (const k of this.groups.keys()) {
        const bytes = this.#countsOf(row, k).reduce((sum, count) => sum + TileFile.framed(count), 0);
        if (k === group) segments.push({ position, bytes });
        position += bytes;
      }
    }
    return segments;
  }

  #tileRows(): number[] {
    return Array.from({ length: Math.ceil(this.height / this.#settings.blockSize) }, (_, row) => row);
  }

  #countsOf(row: number, group: number): number[] {
    const start = (row * this.groups.length + group) * this.#columns;
    return this.file.byteCounts.slice(start, start + this.#columns);
  }

  async #flush(): Promise<void> {
    const rows = this.#rowsInStrip;
    if (hasEqualTiles(this.#settings)) await this.#writeEqualTiles();
    else {
      for (const group of this.groups) {
        for (let column = 0; column < this.#columns; column++) await this.file.add(this.#tile(group, column));
      }
    }
    this.#rowsInStrip = 0;
    const firstRow = this.#rowsDone - ROWS_BEFORE;
    this.#rowsDone += rows;
    const { overviews, geobox } = this.#settings;
    const isFull = this.width === geobox.width && this.height === geobox.height;
    if (overviews === 'none' || (overviews === 'nearest' && !isFull)) return;
    for (let next = this.#next; next !== null; next = overviews === 'nearest' ? next.#next : null) {
      await this.#reduce(next, firstRow, overviews);
    }
    for (const plane of [...this.#withBefore, this.#maskWithBefore])
      plane?.copyWithin(0, rows * this.#stride, (rows + ROWS_BEFORE) * this.#stride);
  }

  /** Writes the strip's tiles without compression, many at a time. */
  async #writeEqualTiles(): Promise<void> {
    const { blockSize } = this.#settings;
    const rows = Math.ceil(this.height / blockSize);
    const row = this.#rowsDone / blockSize;
    const strip = this.#planes;
    const groups = this.#band === null ? this.groups.entries() : [[this.#band, [0]] as const];
    for (const [g, group] of groups) {
      const tileBytes = blockSize ** 2 * group.length * strip.bytesPerSample;
      const frameBytes = TileFile.framed(tileBytes);
      const step = Math.max(1, Math.min(this.#columns, Math.floor(FRAMES_BYTES / frameBytes)));
      for (let column = 0; column < this.#columns; column += step) {
        const count = Math.min(step, this.#columns - column);
        const frames = this.#takeFrames(step * frameBytes).subarray(0, count * frameBytes);
        const view = new DataView(frames.buffer);
        for (let k = 0; k < count; k++) {
          const start = k * frameBytes + BLOCK_LEADER_BYTES;
          const end = start + tileBytes;
          view.setUint32(start - BLOCK_LEADER_BYTES, tileBytes, true);
          cutTile(strip, group, column + k, frames.subarray(start, end));
          frames.copyWithin(end, end - BLOCK_TRAILER_BYTES, end);
        }
        const place = (g * rows + row) * this.#columns + column;
        await this.file.addFrames(frames, count, this.#inPlace ? place : null);
      }
    }
  }

  /** Memory that no write uses: `addFrames` returns when the one before has ended. */
  #takeFrames(bytes: number): Uint8Array<ArrayBuffer> {
    const memory = this.#frames.length < 2 ? new Uint8Array(bytes) : this.#frames.shift()!;
    this.#frames.push(memory);
    return memory;
  }

  /** Appends the rows to another level that the rows so far complete. */
  async #reduce(next: CogLevel, firstRow: number, method: Exclude<OverviewMethod, 'none'>): Promise<void> {
    const reduction: SizeReduction = { from: [this.width, this.height], to: [next.width, next.height] };
    const [start, end] = [next.rows, rowsReady(reduction, this.#rowsDone, method)];
    if (start === end) return;
    const layout = { stride: this.#stride, firstRow };
    const maskRows = this.#maskWithBefore;
    const valid = maskRows ?? (method === 'nearest' ? null : this.#opaque());
    const reduced = this.#withBefore.map((values, band) => {
      const validity =
        band === this.#alpha ? { nodata: null, mask: null } : { nodata: this.#nodata, mask: valid };
      return reduceRows({ ...layout, ...validity, values }, reduction, start, end, method);
    });
    const mask = maskRows && reduceMask({ ...layout, mask: maskRows }, reduction, start, end, method);
    await next.append(reduced, mask, end - start);
  }

  /** 1 for an alpha band above 0, to keep colours of transparent pixels out of overviews; null without one. */
  #opaque(): Uint8Array | null {
    if (this.#alpha === null) return null;
    const alpha = this.#withBefore[this.#alpha];
    const opaque = new Uint8Array(alpha.length);
    for (let i = 0; i < opaque.length; i++) if (alpha[i] !== 0) opaque[i] = 1;
    return opaque;
  }

  /** Cuts a tile synchronously and compresses it; null for an empty tile of a sparse file. */
  #tile(group: readonly number[], column: number): Promise<Uint8Array | null> {
    const { sparse, bands, predictor, blockSize } = this.#settings;
    if (sparse && group.every((plane) => this.#isEmpty(plane, column))) return Promise.resolve(null);
    if (group[0] === bands) return this.#encode(cutMask(this.#planes, bands, column), null);
    const { bytesPerSample } = this.#planes;
    const samples = group.length;
    return this.#encode(cutTile(this.#planes, group, column), {
      predictor,
      rows: blockSize,
      width: blockSize,
      samples,
      bytesPerSample,
    });
  }

  #isEmpty(plane: number, column: number): boolean {
    const { blockSize, bands } = this.#settings;
    const values = plane === bands ? this.#mask : this.#bands[plane];
    const empty = plane === bands ? 0 : (this.#nodata ?? 0);
    for (let y = 0; y < blockSize; y++) {
      const start = y * this.#stride + column * blockSize;
      for (let i = start; i < start + blockSize; i++) {
        const value = values?.[i] ?? 0;
        if (value !== empty && !(Number.isNaN(value) && Number.isNaN(empty))) return false;
      }
    }
    return true;
  }
}
