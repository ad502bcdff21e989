/** A time series cube as a Zarr store for xarray and GDAL, written window by window. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, invalidOption, tooLarge } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import {
  allocateArray,
  type Dtype,
  dtypeOf,
  type GeoBox,
  isFloat,
  type PixelWindow,
  type TimeInterval,
  type TypedArray,
} from '../../geo/index.js';
import { intersectWindows } from '../../geo/windows.js';
import { moveTo, requireFolderName } from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import { Resource } from '../../resource.js';
import { copyBox } from '../arrays/index.js';
import { requireNodata } from '../stored-values.js';
import { cfAttributes, geoZarrAttributes, type ZarrCompression } from '../zarr/metadata.js';
import {
  consolidateZarr,
  createZarrGroup,
  writeZarrGrid,
  writeZarrTimes,
  ZarrShardWriter,
} from './zarr-writer.js';

/** A variable of a cube. */
export interface ZarrCubeVariable {
  /** Default float32. */
  dtype?: Dtype;
  /**
   * Nodata. Default: NaN for floats, none (null) for integers. Without nodata every pixel must be written.
   */
  nodata?: number | null;
  /** Further attributes, such as `units` and `long_name`. */
  attributes?: Readonly<Record<string, unknown>>;
}

/** The grid, times and variables of a cube. */
export interface ZarrCubeOptions {
  geobox: GeoBox;
  /** One time per step: milliseconds since 1970 (UTC), or intervals, which are stored as bounds. */
  times: readonly (number | TimeInterval)[];
  /** The variables by name, each (time, y, x); a list of names for float32. */
  variables: readonly string[] | Readonly<Record<string, ZarrCubeVariable>>;
  /** Pixels along a side of a shard (default 1024): one file, of one step. */
  tile?: number;
  /** Pixels along a side of a chunk, the unit of decoding (default: the tile); the tile is a multiple. */
  chunk?: number;
  /** Default `zstd`. */
  compression?: ZarrCompression;
  /** Attributes of the store, such as `title`. */
  attributes?: Readonly<Record<string, unknown>>;
}

/** The most bytes of incomplete tiles. */
const MAX_PENDING_BYTES = 2 ** 30;

/** An incomplete tile. */
interface Pending {
  readonly index: readonly [step: number, row: number, column: number];
  readonly data: TypedArray;
  /** 1 for each written pixel. */
  readonly known: Uint8Array;
  missing: number;
}

interface Variable {
  readonly writer: ZarrShardWriter;
  readonly dtype: Dtype;
  readonly nodata: number | null;
  readonly pending: Map<string, Pending>;
  /** Complete tiles. */
  readonly written: Set<string>;
}

/**
 * Writes a cube: variables (time, y, x) on one grid, with CF times, coordinates and grid mapping, and GeoZarr's attributes.
 * Windows may come in any order. Complete tiles are written at once, incomplete ones stay in memory. The store has a
 * temporary name until it is disposed of; pixels not written by then are nodata.
 */
export class ZarrCubeWriter extends Resource {
  readonly path: string;
  readonly geobox: GeoBox;
  readonly #temporary: string;
  readonly #tile: number;
  readonly #steps: number;
  readonly #variables = new Map<string, Variable>();
  #pendingBytes = 0;
  #isOpen = true;

  private constructor(path: string, { geobox, times, tile = 1024, chunk = tile, ...rest }: ZarrCubeOptions) {
    super();
    for (const [name, value] of Object.entries({ tile, chunk })) {
      if (!Number.isInteger(value) || value < 1 || value > 2 ** 16 || tile % chunk !== 0) {
        const remedy = 'give whole pixels, the tile a multiple of the chunk';
        throw invalidOption(name, `cannot be ${value}`, remedy);
      }
    }
    if (geobox.crs.wkt === null) {
      throw invalidInput(
        `the coordinate reference system ${geobox.crs}`,
        'has no WKT, by which a Zarr store says where it lies',
        'make it from an EPSG code or from WKT',
      );
    }
    this.path = path.replace(/\/+$/, '');
    this.geobox = geobox;
    this.#temporary = temporaryPath(this.path);
    this.#tile = tile;
    this.#steps = times.length;
    for (const [name, { dtype, nodata, attributes }] of Object.entries(variablesOf(rest.variables))) {
      const writer = new ZarrShardWriter(join(this.#temporary, name), {
        shape: [times.length, geobox.height, geobox.width],
        shardShape: [1, tile, tile],
        chunkShape: [1, chunk, chunk],
        dtype,
        fillValue: nodata ?? 0,
        dimensions: ['time', 'y', 'x'],
        attributes: { ...attributes, ...cfAttributes(dtype, nodata) },
        compression: rest.compression ?? 'zstd',
      });
      this.#variables.set(name, { writer, dtype, nodata, pending: new Map(), written: new Set() });
    }
  }

  /**
   * Begins a cube.
   * @throws {TerrachipError} INVALID_INPUT for an existing path or an address, no times, or a grid without WKT; INVALID_OPTION for
   * impossible names, types and sizes; DISK
   */
  static async create(path: string, options: ZarrCubeOptions): Promise<ZarrCubeWriter> {
    requireFolderName(path);
    const writer = new ZarrCubeWriter(path, options);
    await writer.#requireAbsent();
    try {
      const { geobox, times, attributes = {} } = options;
      await createZarrGroup(writer.#temporary, {
        Conventions: 'CF-1.11',
        ...attributes,
        ...geoZarrAttributes(geobox),
      });
      await writeZarrGrid(writer.#temporary, geobox);
      await writeZarrTimes(writer.#temporary, times);
      for (const variable of writer.#variables.values()) await variable.writer.create();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return writer;
  }

  /**
   * Writes values of one variable at one step.
   * @param window pixels of the grid
   * @param data (y, x), in stored units and the variable's type
   * @throws {TerrachipError} INVALID_INPUT for a window outside the cube, another size or type, or pixels written before;
   * TOO_LARGE for more than 1 GiB of incomplete tiles
   */
  async write(variable: string, step: number, window: PixelWindow, data: TypedArray): Promise<void> {
    const target = this.#variables.get(variable);
    this.#check(target, variable, step, window, data);
    const { x, y, width, height } = window;
    const tile = this.#tile;
    for (let row = Math.floor(y / tile); row * tile < y + height; row++) {
      for (let column = Math.floor(x / tile); column * tile < x + width; column++) {
        await this.#writeTile(target, [step, row, column], window, data);
      }
    }
  }

  /**
   * Completes the store: writes incomplete tiles, consolidates the metadata and renames it. Call it once.
   * @throws {TerrachipError} INVALID_INPUT for missing pixels of a variable without nodata; DISK
   */
  async dispose(): Promise<void> {
    this.#requireOpen();
    try {
      const { width, height } = this.geobox;
      const tiles = this.#steps * Math.ceil(width / this.#tile) * Math.ceil(height / this.#tile);
      for (const [name, { nodata, written }] of this.#variables) {
        if (nodata !== null || written.size === tiles) continue;
        throw invalidInput(
          this.path,
          `lacks pixels of "${name}", which has no nodata value`,
          'write them, or give the variable a nodata value',
        );
      }
      for (const { writer, pending } of this.#variables.values()) {
        for (const { index, data } of pending.values()) await writer.writeShard(index, data);
      }
      await consolidateZarr(this.#temporary);
      await this.#requireAbsent();
      await moveTo(this.#temporary, this.path);
      this.#isOpen = false;
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  /** Removes the temporary store. After `close` it does nothing. */
  async abort(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await removeTemporary(this.#temporary);
  }

  async #writeTile(
    { writer, dtype, nodata, pending, written }: Variable,
    index: Pending['index'],
    window: PixelWindow,
    data: TypedArray,
  ): Promise<void> {
    const key = index.join('/');
    const [, row, column] = index;
    const [left, top] = [column * this.#tile, row * this.#tile];
    const width = Math.min(this.#tile, this.geobox.width - left);
    const height = Math.min(this.#tile, this.geobox.height - top);
    const writtenTwice = (): Error =>
      invalidInput(
        `${this.path}, tile ${key}`,
        'has pixels that were written before',
        'write each pixel once',
      );
    if (written.has(key)) throw writtenTwice();
    let part = pending.get(key);
    const bytes = width * height * (bytesPerElement(dtype) + 1);
    if (part === undefined) {
      this.#pendingBytes += bytes;
      if (this.#pendingBytes > MAX_PENDING_BYTES) {
        throw tooLarge(
          `${this.path} has ${this.#pendingBytes} bytes of tiles that lack pixels`,
          'write windows that are whole tiles, or tile by tile',
          { size: this.#pendingBytes, limit: MAX_PENDING_BYTES },
        );
      }
      const values: TypedArray = allocateArray(dtype, width * height);
      values.fill(nodata ?? 0);
      part = { index, data: values, known: new Uint8Array(width * height), missing: width * height };
      pending.set(key, part);
    }
    const box = intersectWindows(window, { x: left, y: top, width, height });
    if (box === null) return;
    const offset = (box.y - top) * width + box.x - left;
    for (let line = 0; line < box.height; line++) {
      const start = offset + line * width;
      if (part.known.subarray(start, start + box.width).includes(1)) throw writtenTwice();
      part.known.fill(1, start, start + box.width);
    }
    const from = (box.y - window.y) * window.width + box.x - window.x;
    copyBox(
      [box.height, box.width],
      { data, offset: from, strides: [window.width, 1] },
      { data: part.data, offset, strides: [width, 1] },
    );
    part.missing -= box.height * box.width;
    if (part.missing > 0) return;
    written.add(key);
    pending.delete(key);
    this.#pendingBytes -= bytes;
    await writer.writeShard(index, part.data);
  }

  #check(
    variable: Variable | undefined,
    name: string,
    step: number,
    { x, y, width, height }: PixelWindow,
    data: TypedArray,
  ): asserts variable is Variable {
    this.#requireOpen();
    const wrong = (problem: string, remedy: string): Error => invalidInput(this.path, problem, remedy);
    if (variable === undefined)
      throw wrong(`has no variable "${name}"`, `choose one of ${[...this.#variables.keys()].join(', ')}`);
    if (!Number.isInteger(step) || step < 0 || step >= this.#steps)
      throw wrong(`has no step ${step}`, `choose one of 0 to ${this.#steps - 1}`);
    const isInside = [x, y, width, height].every((value) => Number.isInteger(value) && value >= 0);
    if (!isInside || x + width > this.geobox.width || y + height > this.geobox.height) {
      const place = `${x}, ${y} of ${width} × ${height} pixels`;
      throw wrong(`does not reach the window ${place}`, 'give pixels of its grid');
    }
    if (data.length !== width * height || dtypeOf(data) !== variable.dtype) {
      throw wrong(
        `wants ${width * height} values of ${variable.dtype} for "${name}", not ${data.length} of ${dtypeOf(data)}`,
        'convert them',
      );
    }
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw invalidInput(this.path, 'is complete, or was given up', 'begin another cube');
  }

  async #requireAbsent(): Promise<void> {
    if ((await stat(this.path).catch(() => null)) === null) return;
    throw invalidInput(this.path, 'exists already', 'remove it, or choose another name');
  }
}

/** Names of the writer's own arrays, and names that no folder can have. */
const RESERVED = /^(x|y|time|time_bnds|spatial_ref|c|zarr\.json|\.*)$|[/\\]|^__/;

function variablesOf(variables: ZarrCubeOptions['variables']): Record<string, Required<ZarrCubeVariable>> {
  const entries: [string, ZarrCubeVariable][] = Array.isArray(variables)
    ? variables.map((name: string) => [name, {}])
    : Object.entries(variables);
  if (entries.length === 0) throw invalidOption('variables', 'are missing', 'name one or more');
  return Object.fromEntries(
    entries.map(
      ([name, { dtype = 'float32', nodata = isFloat(dtype) ? Number.NaN : null, attributes = {} }]) => {
        if (RESERVED.test(name))
          throw invalidOption('variables', `cannot be named "${name}"`, 'choose another name');
        requireNodata(dtype, nodata, `the nodata value of "${name}"`);
        return [name, { dtype, nodata, attributes }];
      },
    ),
  );
}
