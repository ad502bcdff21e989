import { allocateArray, bytesPerElement, type TypedArray } from '../../geo/index.js';
import { alphaOf } from '../cog/colours.js';
import type { CogSettings } from '../cog/options.js';
import { halve, halveMask, type Rows } from '../cog/overview.js';
import { cutMask, cutTile, type Strip } from '../cog/tile.js';
import type { Encoder } from './encoders.js';
import { TileFile } from './tile-file.js';

/** A piece of a level's temporary file that keeps its order in the result. */
export interface Segment {
  readonly position: number;
  readonly bytes: number;
}

/**
 * One resolution of a COG: rows wait in a strip until a whole row of tiles can be cut, and are halved for the next
 * level. Padding beyond the image is nodata.
 */
export class CogLevel {
  readonly width: number;
  readonly height: number;
  readonly file: TileFile;
  /** The planes whose samples alternate in one tile; each group's tiles lie together in the result. */
  readonly groups: readonly (readonly number[])[];
  readonly #settings: CogSettings;
  readonly #encode: Encoder;
  readonly #next: CogLevel | null;
  readonly #columns: number;
  readonly #stride: number;
  readonly #bands: readonly TypedArray[];
  readonly #mask: Uint8Array<ArrayBuffer> | null;
  readonly #strip: Strip;
  readonly #nodata: number | null;
  /** The alpha band, from 0. */
  readonly #alpha: number | null;
  #rowsInStrip = 0;
  #rowsDone = 0;

  /** @param next the level of half this resolution, or null for the last */
  constructor(
    settings: CogSettings,
    [width, height]: readonly [number, number],
    file: TileFile,
    encode: Encoder,
    next: CogLevel | null,
  ) {
    const { bands, blockSize, dtype, interleave, nodata } = settings;
    this.width = width;
    this.height = height;
    this.file = file;
    this.#settings = settings;
    this.#encode = encode;
    this.#next = next;
    this.#columns = Math.ceil(width / blockSize);
    this.#stride = this.#columns * blockSize;
    const size = blockSize * this.#stride;
    this.#bands = Array.from({ length: bands }, () => allocateArray(dtype, size).fill(nodata ?? 0));
    this.#mask = settings.mask === false ? null : new Uint8Array(size);
    const planes = [...this.#bands, ...(this.#mask === null ? [] : [this.#mask])];
    this.#strip = {
      planes: planes.map((plane) => new Uint8Array(plane.buffer as ArrayBuffer)),
      stride: this.#stride,
      tileSize: blockSize,
      bytesPerSample: bytesPerElement(dtype),
    };
    const numbers = planes.map((_, plane) => plane);
    this.groups =
      interleave === 'pixel'
        ? [numbers.slice(0, bands), ...numbers.slice(bands).map((n) => [n])]
        : numbers.map((n) => [n]);
    this.#alpha = alphaOf(settings);
    // What a stored value is compared with: float32 holds fewer digits than the number that was given.
    this.#nodata = nodata === null ? null : dtype === 'float32' ? Math.fround(nodata) : nodata;
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rowsDone + this.#rowsInStrip;
  }

  /** Adds rows, `count × width` values a band and, with a mask, as many of it; the arrays are free afterwards. */
  async append(bands: readonly TypedArray[], mask: Uint8Array | null, count: number): Promise<void> {
    const { width } = this;
    const { blockSize } = this.#settings;
    for (let taken = 0; taken < count; ) {
      const rows = Math.min(count - taken, blockSize - this.#rowsInStrip);
      const copy = (from: TypedArray, to: TypedArray): void => {
        for (let y = 0; y < rows; y++) {
          const start = (taken + y) * width;
          to.set(from.subarray(start, start + width), (this.#rowsInStrip + y) * this.#stride);
        }
      };
      for (const [band, values] of bands.entries()) copy(values, this.#bands[band]);
      if (mask !== null && this.#mask !== null) copy(mask, this.#mask);
      this.#rowsInStrip += rows;
      taken += rows;
      if (this.#rowsInStrip === blockSize) await this.#flush();
    }
  }

  /** Writes what is left in the strips of this and all smaller levels. */
  async finish(): Promise<void> {
    if (this.#rowsInStrip > 0) {
      const end = this.#rowsInStrip * this.#stride;
      for (const band of this.#bands) band.fill(this.#settings.nodata ?? 0, end);
      this.#mask?.fill(0, end);
      await this.#flush();
    }
    await this.file.flush();
    await this.#next?.finish();
  }

  /** Stored bytes of the tiles of a group, in row-major order. */
  byteCountsOf(group: number): number[] {
    return this.#tileRows().flatMap((row) => this.#countsOf(row, group));
  }

  /** Where the tiles of a group lie in the temporary file, leaders and trailers included. */
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
    for (const group of this.groups) {
      for (let column = 0; column < this.#columns; column++) await this.file.add(this.#tile(group, column));
    }
    this.#rowsDone += rows;
    this.#rowsInStrip = 0;
    const { overviews } = this.#settings;
    if (this.#next === null || overviews === 'none') return;
    const shape = { width: this.width, height: rows, stride: this.#stride };
    const visible = this.#mask ?? this.#opaque(rows);
    const halves = this.#bands.map((values, band) => {
      const mask = band === this.#alpha ? null : visible;
      const source: Rows = { ...shape, values, nodata: band === this.#alpha ? null : this.#nodata, mask };
      return halve(source, overviews);
    });
    const mask = this.#mask === null ? null : halveMask(this.#mask, shape, overviews);
    await this.#next.append(halves, mask, Math.ceil(rows / 2));
  }

  /** Where the alpha band is above 0, so that colours of transparent pixels stay out of overviews; null without one. */
  #opaque(rows: number): Uint8Array | null {
    if (this.#alpha === null) return null;
    const alpha = this.#bands[this.#alpha];
    return Uint8Array.from(alpha.subarray(0, rows * this.#stride), (value) => (value === 0 ? 0 : 1));
  }

  /** Cuts a tile at once and promises its compressed bytes, or null for an empty one of a sparse file. */
  #tile(group: readonly number[], column: number): Promise<Uint8Array | null> {
    const { sparse, bands, predictor } = this.#settings;
    if (sparse && group.every((plane) => this.#isEmpty(plane, column))) return Promise.resolve(null);
    const isMask = group[0] === bands;
    return this.#encode(
      isMask ? cutMask(this.#strip, bands, column) : cutTile(this.#strip, group, column, predictor),
    );
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
