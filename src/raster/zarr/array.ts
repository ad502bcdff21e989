import * as zarr from 'zarrita';
import {
  internalError,
  invalidInput,
  isError,
  isTerrachipError,
  messageOf,
  TerrachipError,
} from '../../errors.js';
import { bytesPerElement, sizeOf } from '../../geo/dtype.js';
import { allocateArray, type Dtype, dtypeOf, type TypedArray } from '../../geo/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import {
  type Attributes,
  type AxisRange,
  chunksUnder,
  copyBox,
  copyChunk,
  extentOf,
  halvesToFloat32,
  type NdArray,
  numbersFrom,
  type ReadArrayOptions,
  resolveSelection,
  type Selection,
  type StoredArray,
  stridesOf,
  unreadableType,
} from '../arrays/index.js';
import type { BlockCache } from '../block-cache.js';
import { missingWideValues } from '../cf/missing.js';
import type { ArrayDocument } from './documents.js';
import { type ZarrStore, zarritaStore } from './store.js';

/** Limits of chunks in flight: number and bytes. */
const CHUNKS = 8;
const BYTES_UNDER_WAY = 64 * 2 ** 20;

/** The most chunks of one read, to bound the memory of their coordinates. */
const MAX_CHUNKS = 2 ** 22;

/** The most labels of one axis. */
const MAX_TEXTS = 2 ** 20;

let nextId = 0;

/** An array of a Zarr store; zarrita decodes its chunks. */
export class ZarrArray implements StoredArray {
  readonly name: string;
  readonly path: string;
  readonly shape: readonly number[];
  readonly storedType: string;
  readonly dtype: Dtype | null;
  readonly dimensions: readonly (string | null)[];
  readonly attributes: Attributes;
  readonly chunkShape: readonly number[];
  readonly compression: string;
  readonly nodata: number | null;
  readonly #unknownCodec: string | null;
  readonly #missing: readonly number[];
  readonly #array: zarr.Array<zarr.DataType> | null;
  readonly #cache: BlockCache;
  readonly #id = nextId++;

  constructor(store: ZarrStore, path: string, document: ArrayDocument, cache: BlockCache) {
    this.name = path === '' ? store.name : `${store.name}#${path}`;
    this.path = path;
    this.shape = document.shape;
    this.storedType = document.storedType;
    this.dtype = document.dtype;
    this.dimensions = document.dimensions;
    this.attributes = document.attributes;
    this.chunkShape = document.chunkShape;
    this.compression = document.compression;
    this.nodata = document.nodata;
    this.#cache = cache;
    this.#unknownCodec = document.unknownCodec;
    this.#missing = missingWideValues(this.attributes, document.nodata === null ? [] : [document.nodata]);
    this.#array =
      document.metadata === null
        ? null
        : new zarr.Array(zarritaStore(store, document.indexAtStart), `/${path}`, document.metadata);
  }

  async read(selection?: Selection, options: ReadArrayOptions = {}): Promise<NdArray> {
    const { dtype } = this;
    if (dtype === null) throw unreadableType(this);
    const ranges = resolveSelection(this, selection);
    const shape = extentOf(ranges);
    const data: TypedArray = allocateArray(dtype, sizeOf(shape));
    const chunkBytes = sizeOf(this.chunkShape) * bytesPerElement(dtype);
    await mapConcurrently(
      this.#chunksUnder(ranges),
      Math.max(1, Math.min(CHUNKS, Math.floor(BYTES_UNDER_WAY / chunkBytes))),
      async (coordinates) => {
        const values = await this.#numbers(coordinates, options.signal);
        const origin = coordinates.map((index, axis) => index * this.chunkShape[axis]);
        copyChunk({ values, origin, extent: this.chunkShape }, ranges, data);
      },
      options.signal,
    );
    return { data, shape };
  }

  async readText(options: ReadArrayOptions = {}): Promise<string[]> {
    const size = sizeOf(this.shape);
    const whole = resolveSelection(this);
    if (this.storedType !== 'string' || this.#array === null || this.shape.length > 1 || size > MAX_TEXTS) {
      throw unreadableType(this, 'labels');
    }
    const texts: string[] = [];
    for (const coordinates of this.#chunksUnder(whole)) {
      const { data } = await this.#chunk(this.#array, coordinates, options.signal);
      for (const text of data) texts.push(typeof text === 'string' ? text.replace(/\0+$/, '') : '');
    }
    return texts.slice(0, size);
  }

  /** Coordinates of the chunks that a box touches. */
  #chunksUnder(ranges: readonly AxisRange[]): number[][] {
    const { count: total, at } = chunksUnder(ranges, this.chunkShape);
    if (total > MAX_CHUNKS) {
      throw new TerrachipError(
        'TOO_LARGE',
        `a read of ${this.name} needs ${total} chunks, more than ${MAX_CHUNKS}`,
        'read it in parts',
        { size: total, limit: MAX_CHUNKS },
      );
    }
    return Array.from({ length: total }, (_, k) => at(k));
  }

  /** A chunk's values in C order. */
  #numbers(coordinates: number[], signal?: AbortSignal): Promise<TypedArray> {
    const array = this.#array;
    if (array === null) throw unreadableType(this);
    return this.#cache.get(`zarr ${this.#id}:${coordinates.join(',')}`, async () => {
      const chunk = await this.#chunk(array, coordinates, signal);
      const stored = this.#toNumbers(chunk.data);
      const strides = stridesOf(this.chunkShape);
      // The strides of axes of length 1 do not matter.
      if (strides.every((step, axis) => this.chunkShape[axis] === 1 || step === chunk.stride[axis])) {
        return stored;
      }
      const data: TypedArray = allocateArray(dtypeOf(stored), stored.length);
      const from = { data: stored, offset: 0, strides: chunk.stride };
      copyBox(this.chunkShape, from, { data, offset: 0, strides });
      return data;
    });
  }

  async #chunk(
    array: zarr.Array<zarr.DataType>,
    coordinates: number[],
    signal?: AbortSignal,
  ): Promise<zarr.Chunk<zarr.DataType>> {
    if (this.#unknownCodec !== null) {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${this.name} is encoded with a codec that terrachip does not read (${JSON.stringify(this.#unknownCodec)})`,
        'store it with blosc, zstd, gzip, zlib or lz4',
        { feature: 'Zarr codec' },
      );
    }
    let chunk: zarr.Chunk<zarr.DataType>;
    try {
      chunk = await array.getChunk(coordinates, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#chunkError(coordinates, error);
    }
    if (chunk.data.length !== sizeOf(this.chunkShape)) {
      throw this.#chunkError(
        coordinates,
        new Error(`it holds ${chunk.data.length} values, not ${sizeOf(this.chunkShape)}`),
      );
    }
    return chunk;
  }

  #chunkError(coordinates: readonly number[], error: unknown): Error {
    if (isTerrachipError(error)) return error;
    const cause = isError(error) && error.cause !== undefined ? error.cause : error;
    return invalidInput(
      this.name,
      `has a damaged chunk at (${coordinates.join(', ')}): ${messageOf(cause).replace(/\.$/, '')}`,
      'get it again',
      error,
    );
  }

  #toNumbers(data: zarr.Chunk<zarr.DataType>['data']): TypedArray {
    if (this.storedType === 'float16' && data instanceof Uint16Array) return halvesToFloat32(data);
    const numbers = numbersFrom(this.name, data, this.#missing);
    if (numbers !== null) return numbers;
    throw internalError('ZarrArray', `chunks of ${this.storedType} came as ${data.constructor.name}`);
  }
}
