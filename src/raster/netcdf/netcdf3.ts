/** netCDF-3, classic and with 64-bit offsets: netcdfjs reads the header, values are read by windows. */
import { invalidInput, loadPackage, messageOf } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { ByteSource } from '../../io/index.js';
import { disposable } from '../../resource.js';
import {
  type ArrayGroup,
  type Attributes,
  bytesToValues,
  type ContiguousLayout,
  checkShape,
  NUMERIC_TYPES,
  piecesOf,
  readContiguous,
  rowsOf,
  type StoredArray,
  storedArray,
  wholeOf,
} from '../arrays/index.js';

/** The types of netCDF-3; `char` is text. */
const TYPES: Readonly<Record<string, string>> = {
  byte: 'int8',
  char: 'char',
  short: 'int16',
  int: 'int32',
  float: 'float32',
  double: 'float64',
};

/** Headers are read in growing pieces up to this. */
const FIRST_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 64 * 2 ** 20;

/** Record count of an unfinished file: the count follows from the file size. */
const STREAMING = 2 ** 32 - 1;

type Reader = InstanceType<typeof import('netcdfjs')['NetCDFReader']>;

export const NETCDF3_PACKAGE = {
  name: 'netcdfjs',
  purpose: 'reading netCDF-3',
  load: () => import('netcdfjs'),
};

/** @throws {TerrachipError} MISSING_DEPENDENCY without netcdfjs, INVALID_INPUT for a damaged header */
export async function openNetcdf3(source: ByteSource, signal?: AbortSignal): Promise<ArrayGroup> {
  const reader = await readHeader(source, signal);
  const dimensions = reader.dimensions ?? [];
  const variables = reader.variables ?? [];
  const sizes = recordSizes(source, reader);
  const arrays = new Map<string, StoredArray>();
  for (const variable of variables) {
    const names = variable.dimensions.map((id) => dimensions[id]?.name ?? null);
    const shape = variable.dimensions.map((id, axis) =>
      axis === 0 && variable.record ? sizes.count : (dimensions[id]?.size ?? Number.NaN),
    );
    const storedType = TYPES[variable.type];
    if (storedType === undefined) {
      throw invalidInput(source.name, `has a variable of an unknown type (${variable.name})`, 'get it again');
    }
    const layout: ContiguousLayout = {
      offset: variable.offset,
      shape,
      bytesPerValue: storedType === 'char' ? 1 : NUMERIC_TYPES[storedType].bytes,
      outerStep: variable.record ? sizes.step : undefined,
    };
    const { name, attributes } = variable;
    arrays.set(name, arrayOf(source, name, names, attributes, storedType, layout));
  }
  const global = attributesOf(reader.globalAttributes ?? []);
  const group = {
    name: source.name,
    format: 'netCDF-3',
    list: async () => [...arrays.keys()].sort(),
    array: async (path: string) => arrays.get(path) ?? null,
    attributes: async (path = '') => (path === '' ? global : {}),
  };
  return disposable(group, () => source.dispose());
}

async function readHeader(source: ByteSource, signal?: AbortSignal): Promise<Reader> {
  const { NetCDFReader } = await loadPackage(NETCDF3_PACKAGE);
  for (let size = FIRST_BYTES; ; size *= 4) {
    const length = Math.min(size, source.size);
    const bytes = await source.read(0, length, { signal });
    try {
      return new NetCDFReader(bytes);
    } catch (cause) {
      if (length < source.size && length < MAX_HEADER_BYTES && cause instanceof RangeError) continue;
      throw invalidInput(source.name, `has a damaged header (${messageOf(cause)})`, 'get it again', cause);
    }
  }
}

/** Records hold one index of each record variable, one after the other, each padded to 4 bytes. */
function recordSizes(source: ByteSource, reader: Reader): { count: number; step: number } {
  const dimensions = reader.dimensions ?? [];
  const records = (reader.variables ?? []).filter((variable) => variable.record);
  const bytes = records.map((variable) => {
    const type = TYPES[variable.type] ?? 'char';
    const values = sizeOf(variable.dimensions.slice(1).map((id) => dimensions[id]?.size ?? 0));
    return values * (type === 'char' ? 1 : NUMERIC_TYPES[type].bytes);
  });
  // The format's exception: a single record variable is not padded.
  const step = bytes.length === 1 ? bytes[0] : bytes.reduce((sum, size) => sum + 4 * Math.ceil(size / 4), 0);
  const { length } = reader.recordDimension;
  if (length !== STREAMING) return { count: length, step };
  const start = Math.min(...records.map((variable) => variable.offset));
  return { count: step > 0 ? Math.floor((source.size - start) / step) : 0, step };
}

interface HeaderAttribute {
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
}

function attributesOf(list: readonly HeaderAttribute[]): Attributes {
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

function arrayOf(
  source: ByteSource,
  path: string,
  dimensions: readonly (string | null)[],
  attributes: readonly HeaderAttribute[],
  storedType: string,
  layout: ContiguousLayout,
): StoredArray {
  const name = `${source.name}#${path}`;
  const { shape } = layout;
  checkShape(name, shape);
  const [records = 1, ...inner] = shape;
  const piece = sizeOf(inner) * layout.bytesPerValue;
  const end = records === 0 ? 0 : layout.offset + (records - 1) * (layout.outerStep ?? piece) + piece;
  if (end > source.size) {
    throw invalidInput(name, `reaches to byte ${end} of a file of ${source.size}`, 'get the file again');
  }
  const real = attributes.filter(({ type }) => type === 'float' || type === 'double');
  const isText = storedType === 'char';
  return storedArray(
    {
      name,
      path,
      shape,
      storedType,
      dtype: isText ? null : NUMERIC_TYPES[storedType].dtype,
      dimensions,
      attributes: attributesOf(attributes),
      realAttributes: new Set(real.map((attribute) => attribute.name)),
      chunkShape: rowsOf(shape),
      compression: 'none',
      nodata: null,
    },
    async (ranges, _, signal) =>
      bytesToValues(name, storedType, await readContiguous(source, layout, ranges, signal), false),
    isText
      ? async (signal) => {
          const bytes = await readContiguous(source, layout, wholeOf(shape), signal);
          const decoder = new TextDecoder();
          // The last axis is one text.
          return piecesOf(bytes, shape.at(-1) ?? 1).map((text) =>
            decoder.decode(text).replace(/[\0 ]+$/, ''),
          );
        }
      : null,
  );
}
