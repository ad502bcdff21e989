/** netCDF-4 and HDF5 by h5wasm, the HDF5 library in WebAssembly. */
import type { Dataset, File, Group } from 'h5wasm/node';
import { invalidInput, loadPackage, messageOf, TerrachipError, unsupported } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { allocateArray, type Dtype, type TypedArray } from '../../geo/index.js';
import { disposable, orDispose } from '../../resource.js';
import {
  type ArrayDescription,
  type ArrayGroup,
  type Attributes,
  type AxisRange,
  checkChunk,
  checkShape,
  chunkIndex,
  extentOf,
  NUMERIC_TYPES,
  nextArrayId,
  numbersFrom,
  piecesOf,
  readChunks,
  type StoredArray,
  storedArray,
  unreadableType,
} from '../arrays/index.js';
import type { BlockCache } from '../block-cache.js';
import { missingWideValues } from '../cf/missing.js';

type Metadata = Dataset['metadata'];

/** HDF5 type classes. */
const INTEGER = 0;
const FLOAT = 1;
const TEXT = 3;
const ENUMERATION = 8;

/** The deepest nesting of groups, and the most arrays. */
const MAX_DEPTH = 16;
const MAX_ARRAYS = 2 ** 16;

/** Larger reads are split into slabs: the library's memory is small. */
const SLAB_BYTES = 64 * 2 ** 20;

/**
 * Chunks from this size on are read whole and cached here: the library caches only 1 MiB, and would decode them again for
 * each read. Smaller ones are faster by the library's own reads.
 */
const LARGE_CHUNK_BYTES = 64 * 1024;

/** netCDF's default fill values of 64-bit integers, rounded to float64. */
const WIDE_FILLS = [-(2 ** 63), 2 ** 64];

/** Unsupported type classes. */
const CLASSES: Readonly<Record<number, string>> = {
  2: 'times',
  4: 'bit fields',
  5: 'opaque values',
  6: 'records',
  7: 'references',
  9: 'lists of varying length',
  10: 'arrays as values',
};

/** The largest id of the library's filters: deflate, shuffle, fletcher32, szip, nbit and scaleoffset. */
const BUILT_IN_FILTERS = 6;

/** Common third-party filters by registered id. */
const FILTERS: Readonly<Record<number, string>> = {
  305: 'lzo',
  307: 'bzip2',
  32000: 'lzf',
  32001: 'blosc',
  32004: 'lz4',
  32008: 'bitshuffle',
  32013: 'zfp',
  32015: 'zstd',
  32017: 'sz',
  32022: 'granular bitround',
  32023: 'sz3',
  32024: 'delta-rice',
  32026: 'blosc2',
};

/** The netCDF library's internal attributes. */
const INTERNAL =
  /^(CLASS|NAME|DIMENSION_LIST|REFERENCE_LIST|_Netcdf4Dimid|_Netcdf4Coordinates|_nc3_strict|_NCProperties)$/;

/** The name of the scale of a dimension without a coordinate variable. */
const BARE_DIMENSION = 'This is a netCDF dimension but not a netCDF variable';

export const HDF5_PACKAGE = {
  name: 'h5wasm',
  purpose: 'reading netCDF-4 and HDF5',
  load: () => import('h5wasm/node'),
};

/**
 * @param cache of decoded chunks
 * @throws {TerrachipError} MISSING_DEPENDENCY without h5wasm, INVALID_INPUT for a damaged file
 */
export async function openHdf5(path: string, cache: BlockCache): Promise<ArrayGroup> {
  const library = await loadPackage(HDF5_PACKAGE);
  // By default the library prints its errors.
  (await library.ready).activate_throwing_error_handler();
  const file = guarded(path, () => new library.File(path, 'r'));
  const arrays = new Map<string, StoredArray | TerrachipError>();
  const groups = new Map<string, Attributes>();
  /** Collects groups, and arrays or their errors. Links to other files are not followed. */
  const walk = (group: Group | File, place: string, depth: number): void => {
    groups.set(place, attributesOf(group, depth === 0));
    for (const key of group.keys()) {
      const child = place === '' ? key : `${place}/${key}`;
      const entity = group.get(key);
      if (entity instanceof library.Group && depth < MAX_DEPTH) walk(entity, child, depth + 1);
      if (!(entity instanceof library.Dataset)) continue;
      if (arrays.size >= MAX_ARRAYS) throw new Error(`it has more than ${MAX_ARRAYS} arrays`);
      if (String(textAttribute(entity, 'NAME')).startsWith(BARE_DIMENSION)) continue;
      try {
        arrays.set(child, arrayOf(path, child, entity, cache));
      } catch (error) {
        if (!(error instanceof TerrachipError)) throw error;
        arrays.set(child, error);
      }
    }
  };
  // A second close only returns an error code.
  const dispose = async (): Promise<void> => void file.close();
  return orDispose({ dispose }, async () => {
    guarded(path, () => walk(file, '', 0));
    const group = {
      name: path,
      format: groups.get('')?._NCProperties === undefined ? 'HDF5' : 'netCDF-4',
      list: async () => [...arrays.keys()].sort(),
      async array(name: string) {
        const array = arrays.get(name) ?? null;
        if (array instanceof TerrachipError) throw array;
        return array;
      },
      attributes: async (name = '') => groups.get(name) ?? {},
    };
    return disposable(group, dispose);
  });
}

/** The library's errors as terrachip's: the innermost line of its stack is the reason. */
function guarded<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof TerrachipError) throw cause;
    const [reason = messageOf(cause)] = [...messageOf(cause).matchAll(/\(\): (.*)/g)]
      .map(([, text]) => text)
      .slice(-1);
    throw invalidInput(name, `cannot be read as HDF5 (${reason})`, 'get the file again', cause);
  }
}

function textAttribute({ attrs }: Dataset, name: string): unknown {
  return Object.hasOwn(attrs, name) ? plain(attrs[name].json_value) : null;
}

function attributesOf(owner: Dataset | Group, isRoot = false): Attributes {
  const entries: [string, unknown][] = [];
  for (const [name, attribute] of Object.entries(owner.attrs)) {
    if (INTERNAL.test(name) && !(isRoot && name === '_NCProperties')) continue;
    try {
      entries.push([name, plain(attribute.json_value)]);
    } catch {
      // Attributes of types that the library does not read (references, records) are not used.
    }
  }
  return Object.fromEntries(entries);
}

/** HDF5's attributes are arrays; an array of one value becomes that value. */
function plain(value: unknown): unknown {
  const single = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof single === 'string' ? single.replace(/\0+$/, '') : single;
}

/** The name of a type: of a key of `NUMERIC_TYPES`, of text, or of an unsupported class. */
function typeName({ type, size, signed }: Metadata): string {
  if (type === INTEGER || type === ENUMERATION) return `${signed ? 'int' : 'uint'}${8 * size}`;
  if (type === FLOAT) return `float${8 * size}`;
  // netCDF stores texts as arrays of characters.
  if (type === TEXT && size === 1) return 'char';
  return type === TEXT ? 'string' : (CLASSES[type] ?? `HDF5 class ${type}`);
}

function arrayOf(file: string, path: string, dataset: Dataset, cache: BlockCache): StoredArray {
  const { metadata } = dataset;
  const name = `${file}#${path}`;
  const shape = metadata.shape ?? [];
  // Virtual datasets of other files are not read.
  const isVirtual = metadata.virtual_sources?.some((source) => source.file_name !== '.') ?? false;
  const storedType = isVirtual ? 'a view of other files' : typeName(metadata);
  // The library has no float16.
  const isNumeric = Object.hasOwn(NUMERIC_TYPES, storedType) && storedType !== 'float16';
  checkShape(name, shape);
  if (metadata.chunks !== null) checkChunk(name, metadata.chunks, metadata.size);
  const attributes = attributesOf(dataset);
  const real = Object.entries(dataset.attrs).filter(([, attribute]) => attribute.metadata.type === FLOAT);
  const isLarge = metadata.chunks !== null && sizeOf(metadata.chunks) * metadata.size >= LARGE_CHUNK_BYTES;
  const about: ArrayDescription = {
    name,
    path,
    shape,
    storedType,
    keepsChunks: isLarge,
    dtype: isNumeric ? NUMERIC_TYPES[storedType].dtype : null,
    dimensions: dimensionNames(dataset, path, shape.length),
    attributes,
    realAttributes: new Set(real.map(([key]) => key)),
    chunkShape: metadata.chunks ?? shape.map((size) => Math.max(1, size)),
    compression: dataset.filters.map((filter) => filter.name).join('+') || 'none',
    nodata: null,
  };
  const missing = missingWideValues(attributes, WIDE_FILLS);
  const id = nextArrayId();
  const numbers = (box: readonly AxisRange[]): TypedArray => {
    const value: unknown = readGuarded(name, dataset, () =>
      box.length === 0 ? dataset.value : dataset.slice(box.map(({ start, end }) => [start, end])),
    );
    if (typeof value === 'number') return Float64Array.of(value);
    const stored = typeof value === 'bigint' ? BigInt64Array.of(value) : value;
    const read = numbersFrom(name, stored, missing);
    if (read === null) throw unreadableType(about);
    return read;
  };
  return storedArray(
    about,
    async (ranges, dtype, signal) => {
      if (!isLarge) return readSlabs(about, ranges, dtype, numbers, signal);
      const readChunk = async (coordinates: number[], origin: number[]) => {
        const box = origin.map((start, axis) => ({
          start,
          end: Math.min(shape[axis], start + about.chunkShape[axis]),
        }));
        const index = chunkIndex(about, coordinates);
        const values = await cache.get(`hdf5 ${id}`, index, async () => numbers(box), signal);
        return { values, extent: extentOf(box) };
      };
      return readChunks(about, ranges, dtype, 1, readChunk, signal);
    },
    storedType === 'string' || storedType === 'char'
      ? async () => {
          const value: unknown = readGuarded(name, dataset, () => dataset.to_array());
          const texts = [value]
            .flat(Number.POSITIVE_INFINITY)
            .map((text) => String(text).replace(/\0+$/, ''));
          const width = shape.at(-1) ?? 1;
          if (storedType === 'string' || width === 0) return texts;
          return piecesOf(texts, width).map((characters) => characters.join('').trimEnd());
        }
      : null,
  );
}

/** Reads without the cache, in slabs along the first axis. */
function readSlabs(
  { storedType }: ArrayDescription,
  ranges: readonly AxisRange[],
  dtype: Dtype,
  numbers: (box: readonly AxisRange[]) => TypedArray,
  signal?: AbortSignal,
): TypedArray {
  const [rows = 1, ...inner] = extentOf(ranges);
  const row = sizeOf(inner);
  const data: TypedArray = allocateArray(dtype, rows * row);
  if (data.length === 0) return data;
  const slab = Math.max(1, Math.floor(SLAB_BYTES / (row * NUMERIC_TYPES[storedType].bytes)));
  for (let start = 0; start < rows; start += slab) {
    signal?.throwIfAborted();
    const end = Math.min(rows, start + slab);
    const box = ranges.map((range, axis) =>
      axis === 0 ? { start: range.start + start, end: range.start + end } : range,
    );
    data.set(numbers(box), start * row);
  }
  return data;
}

/** Reads; the error of a failure names a missing filter. */
function readGuarded<T>(name: string, { filters }: Dataset, work: () => T): T {
  try {
    return guarded(name, work);
  } catch (cause) {
    const missing = filters.find(({ id }) => id > BUILT_IN_FILTERS);
    if (missing === undefined) throw cause;
    const filter = FILTERS[missing.id] ?? (missing.name || 'unknown');
    throw unsupported(
      `HDF5 filter ${filter}`,
      `${name} is compressed by the HDF5 filter ${filter} (${missing.id}), which terrachip lacks; the file is sound`,
      'store it again with h5repack -f GZIP=5',
      cause,
    );
  }
}

/** Dimension names from the scale attached to each axis; a one-dimensional scale has its own name. */
function dimensionNames(dataset: Dataset, path: string, rank: number): (string | null)[] {
  const own = path.slice(path.lastIndexOf('/') + 1);
  if (rank === 1 && textAttribute(dataset, 'CLASS') === 'DIMENSION_SCALE') return [own];
  return Array.from({ length: rank }, (_, axis) => {
    const [scale] = dataset.get_attached_scales(axis) ?? [];
    return scale === undefined ? null : scale.slice(scale.lastIndexOf('/') + 1);
  });
}
