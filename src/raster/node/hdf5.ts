/** netCDF-4 and HDF5 by h5wasm, the HDF5 library in WebAssembly. */
import type { Dataset, File, Group } from 'h5wasm/node';
import { invalidInput, loadPackage, messageOf, TerrachipError } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { allocateArray, type Dtype, type TypedArray } from '../../geo/index.js';
import {
  type ArrayGroup,
  type Attributes,
  type AxisRange,
  checkChunk,
  checkShape,
  chunksUnder,
  copyChunk,
  extentOf,
  type NdArray,
  NUMERIC_TYPES,
  numbersFrom,
  type ReadArrayOptions,
  resolveSelection,
  type Selection,
  type StoredArray,
  unreadableType,
} from '../arrays/index.js';
import type { BlockCache } from '../block-cache.js';
import { missingWideValues } from '../cf/missing.js';

type Library = typeof import('h5wasm/node');
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

const MAX_TEXTS = 2 ** 20;

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

let nextId = 0;

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
  try {
    const arrays = new Map<string, Hdf5Array | Error>();
    const groups = new Map<string, Attributes>();
    guarded(path, () => walk(library, path, cache, file, '', 0, arrays, groups));
    return {
      name: path,
      format: groups.get('')?._NCProperties === undefined ? 'HDF5' : 'netCDF-4',
      list: async () => [...arrays.keys()].sort(),
      async array(name) {
        const array = arrays.get(name) ?? null;
        if (array instanceof Error) throw array;
        return array;
      },
      attributes: async (name = '') => groups.get(name) ?? {},
      async close() {
        // A second close only returns an error code.
        file.close();
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
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

/**
 * Collects groups, and arrays or their errors. Links to other files are not followed.
 */
function walk(
  library: Library,
  name: string,
  cache: BlockCache,
  group: Group | File,
  path: string,
  depth: number,
  arrays: Map<string, Hdf5Array | Error>,
  groups: Map<string, Attributes>,
): void {
  groups.set(path, attributesOf(group, depth === 0));
  for (const key of group.keys()) {
    const child = path === '' ? key : `${path}/${key}`;
    const entity = group.get(key);
    if (entity instanceof library.Group && depth < MAX_DEPTH) {
      walk(library, name, cache, entity, child, depth + 1, arrays, groups);
    } else if (entity instanceof library.Dataset) {
      if (arrays.size >= MAX_ARRAYS) throw new Error(`it has more than ${MAX_ARRAYS} arrays`);
      if (!String(scaleName(entity)).startsWith(BARE_DIMENSION)) {
        arrays.set(child, arrayOf(name, child, entity, cache));
      }
    }
  }
}

function arrayOf(name: string, path: string, dataset: Dataset, cache: BlockCache): Hdf5Array | Error {
  try {
    return new Hdf5Array(name, path, dataset, cache);
  } catch (error) {
    if (error instanceof TerrachipError) return error;
    throw error;
  }
}

function scaleName(dataset: Dataset): unknown {
  return Object.hasOwn(dataset.attrs, 'NAME') ? plain(dataset.attrs.NAME.json_value) : null;
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

function realAttributesOf(dataset: Dataset): Set<string> {
  const names = Object.entries(dataset.attrs).filter(([, { metadata }]) => metadata.type === FLOAT);
  return new Set(names.map(([name]) => name));
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

class Hdf5Array implements StoredArray {
  readonly name: string;
  readonly path: string;
  readonly shape: readonly number[];
  readonly storedType: string;
  readonly dtype: Dtype | null;
  readonly dimensions: readonly (string | null)[];
  readonly attributes: Attributes;
  readonly realAttributes: ReadonlySet<string>;
  readonly chunkShape: readonly number[];
  readonly compression: string;
  readonly nodata = null;
  readonly #missing: readonly number[];
  readonly #dataset: Dataset;
  readonly #cache: BlockCache;
  readonly #id = nextId++;

  constructor(file: string, path: string, dataset: Dataset, cache: BlockCache) {
    const { metadata } = dataset;
    this.name = `${file}#${path}`;
    this.path = path;
    this.shape = metadata.shape ?? [];
    // Virtual datasets of other files are not read.
    const isVirtual = metadata.virtual_sources?.some((source) => source.file_name !== '.') ?? false;
    this.storedType = isVirtual ? 'a view of other files' : typeName(metadata);
    // The library has no float16.
    const readable = Object.hasOwn(NUMERIC_TYPES, this.storedType) && this.storedType !== 'float16';
    this.dtype = readable ? NUMERIC_TYPES[this.storedType].dtype : null;
    checkShape(this.name, this.shape);
    this.chunkShape = metadata.chunks ?? this.shape.map((size) => Math.max(1, size));
    if (metadata.chunks !== null) checkChunk(this.name, metadata.chunks, metadata.size);
    this.compression = dataset.filters.map(({ name }) => name).join('+') || 'none';
    this.attributes = attributesOf(dataset);
    this.#missing = missingWideValues(this.attributes, WIDE_FILLS);
    this.realAttributes = realAttributesOf(dataset);
    this.dimensions = dimensionNames(dataset, path, this.shape.length);
    this.#dataset = dataset;
    this.#cache = cache;
  }

  async read(selection?: Selection, options: ReadArrayOptions = {}): Promise<NdArray> {
    const { dtype } = this;
    if (dtype === null) throw unreadableType(this);
    const ranges = resolveSelection(this, selection);
    const shape = extentOf(ranges);
    const data: TypedArray = allocateArray(dtype, sizeOf(shape));
    if (data.length === 0) return { data, shape };
    const { chunks, size } = this.#dataset.metadata;
    if (chunks !== null && sizeOf(chunks) * size >= LARGE_CHUNK_BYTES) {
      await this.#readChunks(ranges, chunks, data, options.signal);
      return { data, shape };
    }
    const [rows = 1, ...inner] = shape;
    const row = sizeOf(inner);
    const slab = Math.max(1, Math.floor(SLAB_BYTES / (row * NUMERIC_TYPES[this.storedType].bytes)));
    for (let start = 0; start < rows; start += slab) {
      options.signal?.throwIfAborted();
      const end = Math.min(rows, start + slab);
      const box = ranges.map((range, axis): [number, number] =>
        axis === 0 ? [range.start + start, range.start + end] : [range.start, range.end],
      );
      data.set(this.#numbers(box), start * row);
    }
    return { data, shape };
  }

  /** Reads chunk by chunk through the cache. */
  async #readChunks(
    ranges: readonly AxisRange[],
    chunkShape: readonly number[],
    data: TypedArray,
    signal?: AbortSignal,
  ): Promise<void> {
    const { count, at } = chunksUnder(ranges, chunkShape);
    for (let k = 0; k < count; k++) {
      signal?.throwIfAborted();
      const origin = at(k).map((index, axis) => index * chunkShape[axis]);
      const box = origin.map((start, axis): [number, number] => [
        start,
        Math.min(this.shape[axis], start + chunkShape[axis]),
      ]);
      const key = `hdf5 ${this.#id}:${origin.join(',')}`;
      const values = await this.#cache.get(key, async () => this.#numbers(box), signal);
      copyChunk({ values, origin, extent: box.map(([start, end]) => end - start) }, ranges, data);
    }
  }

  async readText(): Promise<string[]> {
    const isText = this.storedType === 'string' || this.storedType === 'char';
    if (!isText || sizeOf(this.shape) > MAX_TEXTS) throw unreadableType(this, 'text');
    const value = this.#guarded(() => this.#dataset.to_array());
    const texts = flatten(value).map((text) => String(text).replace(/\0+$/, ''));
    const width = this.shape.at(-1) ?? 1;
    if (this.storedType === 'string' || width === 0) return texts;
    return Array.from({ length: texts.length / width }, (_, i) =>
      texts
        .slice(i * width, (i + 1) * width)
        .join('')
        .trimEnd(),
    );
  }

  /** Reads; the error of a failure names a missing filter. */
  #guarded<T>(work: () => T): T {
    try {
      return guarded(this.name, work);
    } catch (cause) {
      const missing = this.#dataset.filters.find(({ id }) => id > BUILT_IN_FILTERS);
      if (missing === undefined) throw cause;
      const name = FILTERS[missing.id] ?? (missing.name || 'unknown');
      throw new TerrachipError(
        'UNSUPPORTED',
        `${this.name} is compressed by the HDF5 filter ${name} (${missing.id}), which terrachip lacks; the file is sound`,
        'store it again with h5repack -f GZIP=5',
        { feature: `HDF5 filter ${name}` },
        { cause },
      );
    }
  }

  #numbers(box: [number, number][]): TypedArray {
    const value: unknown = this.#guarded(() =>
      box.length === 0 ? this.#dataset.value : this.#dataset.slice(box),
    );
    if (typeof value === 'number') return Float64Array.of(value);
    const stored = typeof value === 'bigint' ? BigInt64Array.of(value) : value;
    const numbers = numbersFrom(this.name, stored, this.#missing);
    if (numbers !== null) return numbers;
    throw unreadableType(this);
  }
}

function flatten(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flatMap(flatten) : [value];
}

/** Dimension names from the scale attached to each axis; a one-dimensional scale has its own name. */
function dimensionNames(dataset: Dataset, path: string, rank: number): (string | null)[] {
  const own = path.slice(path.lastIndexOf('/') + 1);
  const isScale =
    Object.hasOwn(dataset.attrs, 'CLASS') && plain(dataset.attrs.CLASS.json_value) === 'DIMENSION_SCALE';
  if (isScale && rank === 1) return [own];
  return Array.from({ length: rank }, (_, axis) => {
    const [scale] = dataset.get_attached_scales(axis) ?? [];
    return scale === undefined ? null : scale.slice(scale.lastIndexOf('/') + 1);
  });
}
