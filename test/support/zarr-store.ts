/** Uncompressed Zarr stores of version 2, written file by file. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const TYPES = {
  Int16Array: '<i2',
  Int32Array: '<i4',
  Uint8Array: '|u1',
  Float32Array: '<f4',
  Float64Array: '<f8',
} as const;

export interface ZarrArrayFile {
  readonly data: Int16Array | Int32Array | Uint8Array | Float32Array | Float64Array;
  readonly shape: readonly number[];
  /** Default: one chunk. They divide the shape. */
  readonly chunks?: readonly number[];
  readonly dimensions: readonly string[];
  readonly attributes?: object;
}

/** Writes a store into a folder and returns its path. */
export async function writeZarrStore(
  folder: string,
  name: string,
  arrays: Readonly<Record<string, ZarrArrayFile>>,
): Promise<string> {
  const path = join(folder, name);
  const files: Record<string, string | Uint8Array> = { '.zgroup': '{"zarr_format":2}' };
  for (const [key, array] of Object.entries(arrays)) {
    const { data, shape, chunks = shape, dimensions, attributes = {} } = array;
    const dtype = TYPES[data.constructor.name as keyof typeof TYPES];
    const common = { zarr_format: 2, compressor: null, filters: null, fill_value: null, order: 'C' };
    files[`${key}/.zarray`] = JSON.stringify({ ...common, shape, chunks, dtype });
    files[`${key}/.zattrs`] = JSON.stringify({ _ARRAY_DIMENSIONS: dimensions, ...attributes });
    for (const [place, values] of chunksOf(array, chunks)) files[`${key}/${place}`] = values;
  }
  for (const [key, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, key)), { recursive: true });
    await writeFile(join(path, key), content);
  }
  return path;
}

/** The bytes of each chunk by its key. */
function chunksOf({ data, shape }: ZarrArrayFile, chunks: readonly number[]): Map<string, Uint8Array> {
  const counts = shape.map((size, axis) => size / chunks[axis]);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const length = chunks.reduce((product, n) => product * n, 1);
  const found = new Map<string, Uint8Array>();
  for (const place of placesIn(counts)) {
    const values = data.slice(0, length);
    for (const [i, within] of placesIn(chunks).entries()) {
      const at = within.reduce((sum, n, axis) => sum + (place[axis] * chunks[axis] + n) * strides[axis], 0);
      values[i] = data[at];
    }
    found.set(place.join('.'), new Uint8Array(values.buffer));
  }
  return found;
}

/** All index tuples below the counts, in C order. */
function placesIn(counts: readonly number[]): number[][] {
  return counts.reduce<number[][]>(
    (places, count) => places.flatMap((place) => Array.from({ length: count }, (_, n) => [...place, n])),
    [[]],
  );
}

/** A coordinate variable. */
export function zarrCoordinate(
  data: readonly number[],
  dimension: string,
  attributes: object = {},
): ZarrArrayFile {
  return { data: Float64Array.from(data), shape: [data.length], dimensions: [dimension], attributes };
}

/** Writes a store of documents and chunks by key. */
export async function writeStore(
  folder: string,
  name: string,
  entries: Record<string, unknown>,
): Promise<string> {
  const store = join(folder, name);
  for (const [key, value] of Object.entries(entries)) {
    const path = join(store, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, value instanceof Uint8Array ? value : JSON.stringify(value));
  }
  return store;
}

/** `zarr.json` of an array of bytes. */
export function arrayV3(
  shape: number[],
  chunk: number[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    zarr_format: 3,
    node_type: 'array',
    shape,
    data_type: 'uint8',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunk } },
    chunk_key_encoding: { name: 'default' },
    fill_value: 0,
    codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
    ...more,
  };
}
