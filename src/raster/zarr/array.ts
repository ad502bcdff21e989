import * as zarr from 'zarrita';
import {
  internalError,
  invalidInput,
  isError,
  isTerrachipError,
  messageOf,
  unsupported,
} from '../../errors.js';
import { bytesPerElement, sizeOf } from '../../geo/dtype.js';
import type { TypedArray } from '../../geo/index.js';
import {
  chunkIndex,
  halvesToFloat32,
  inCOrder,
  nextArrayId,
  numbersFrom,
  readChunks,
  type StoredArray,
  storedArray,
  unreadableType,
} from '../arrays/index.js';
import type { BlockCache } from '../block-cache.js';
import { missingWideValues } from '../cf/missing.js';
import type { ArrayDocument } from './documents.js';
import { type ZarrStore, zarritaStore } from './store.js';

type ZarritaArray = zarr.Array<zarr.DataType>;
type ZarritaChunk = zarr.Chunk<zarr.DataType>;

/** Limits of chunks in flight: number and bytes. */
const CHUNKS = 8;
const BYTES_UNDER_WAY = 64 * 2 ** 20;

/** An array of a Zarr store; zarrita decodes its chunks. */
export function zarrArray(
  store: ZarrStore,
  path: string,
  { metadata, unknownCodec, indexAtStart, ...document }: ArrayDocument,
  cache: BlockCache,
): StoredArray {
  const name = path === '' ? store.name : `${store.name}#${path}`;
  const about = { name, path, ...document, keepsChunks: true };
  const { shape, chunkShape, storedType, nodata } = document;
  const array =
    metadata === null ? null : new zarr.Array(zarritaStore(store, indexAtStart), `/${path}`, metadata);
  const missing = missingWideValues(document.attributes, nodata === null ? [] : [nodata]);
  const id = nextArrayId();
  const chunk = async (coordinates: number[], signal?: AbortSignal): Promise<ZarritaChunk> => {
    if (array === null) throw unreadableType(about);
    if (unknownCodec !== null) {
      throw unsupported(
        'Zarr codec',
        `${name} is encoded with a codec that terrachip does not read (${JSON.stringify(unknownCodec)})`,
        'store it with blosc, zstd, gzip, zlib or lz4',
      );
    }
    return readChunk(array, name, chunkShape, coordinates, signal);
  };
  const numbers = async (coordinates: number[], signal?: AbortSignal): Promise<TypedArray> => {
    const { data, stride } = await chunk(coordinates, signal);
    const isHalf = storedType === 'float16' && data instanceof Uint16Array;
    const values = isHalf ? halvesToFloat32(data) : numbersFrom(name, data, missing);
    if (values === null) {
      throw internalError('zarrArray', `chunks of ${storedType} came as ${data.constructor.name}`);
    }
    return inCOrder(values, chunkShape, stride);
  };
  return storedArray(
    about,
    (ranges, dtype, signal) => {
      const chunkBytes = sizeOf(chunkShape) * bytesPerElement(dtype);
      const concurrency = Math.max(1, Math.min(CHUNKS, Math.floor(BYTES_UNDER_WAY / chunkBytes)));
      const read = async (coordinates: number[]) => ({
        values: await cache.get(`zarr ${id}`, chunkIndex(about, coordinates), () =>
          numbers(coordinates, signal),
        ),
        extent: chunkShape,
      });
      return readChunks(about, ranges, dtype, concurrency, read, signal);
    },
    storedType === 'string' && array !== null && shape.length <= 1
      ? async (signal) => {
          const texts: string[] = [];
          for (let k = 0; texts.length < sizeOf(shape); k++) {
            const { data } = await chunk(shape.length === 0 ? [] : [k], signal);
            for (const text of data) texts.push(typeof text === 'string' ? text.replace(/\0+$/, '') : '');
          }
          return texts.slice(0, sizeOf(shape));
        }
      : null,
  );
}

/** @throws {TerrachipError} INVALID_INPUT for a damaged chunk */
async function readChunk(
  array: ZarritaArray,
  name: string,
  chunkShape: readonly number[],
  coordinates: number[],
  signal?: AbortSignal,
): Promise<ZarritaChunk> {
  try {
    const chunk = await array.getChunk(coordinates, { signal });
    const [size, wanted] = [chunk.data.length, sizeOf(chunkShape)];
    if (size !== wanted) throw new Error(`it holds ${size} values, not ${wanted}`);
    return chunk;
  } catch (error) {
    signal?.throwIfAborted();
    if (isTerrachipError(error)) throw error;
    const cause = isError(error) && error.cause !== undefined ? error.cause : error;
    throw invalidInput(
      name,
      `has a damaged chunk at (${coordinates.join(', ')}): ${messageOf(cause).replace(/\.$/, '')}`,
      'get it again',
      error,
    );
  }
}
