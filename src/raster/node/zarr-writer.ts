import { join } from 'node:path';
import { internalError, invalidInput } from '../../errors.js';
import { bytesPerElement, sizeOf } from '../../geo/dtype.js';
import { allocateArray, type GeoBox, type TimeInterval, type TypedArray } from '../../geo/index.js';
import { viewOf } from '../../io/bytes.js';
import { readJson } from '../../io/node/json.js';
import { makeFolder, writeFileAtomically, writeJson } from '../../io/node/output.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { copyBox, indexAt, stridesOf } from '../arrays/index.js';
import { requireNodata } from '../stored-values.js';
import {
  coordinateAttributes,
  GRID_MAPPING,
  gridMappingMetadata,
  type ZarrArrayOptions,
  zarrArrayMetadata,
  zarrGroupMetadata,
  zarrTextMetadata,
} from '../zarr/metadata.js';
import { encodeShard } from '../zarr/shard.js';
import { createCompressor, type ZarrCompressor } from './zarr-codecs.js';
import { folderStore } from './zarr-stores.js';

/** Concurrent compressions of chunks. */
const CHUNKS = 4;

/** Writes a group's metadata. */
export async function createZarrGroup(
  folder: string,
  attributes: Readonly<Record<string, unknown>>,
): Promise<void> {
  await makeFolder(folder);
  await writeJson(join(folder, 'zarr.json'), zarrGroupMetadata(attributes));
}

/**
 * Writes a grid into a group: CRS and transform as the variable `spatial_ref`, and the coordinates of pixel centres as `x`
 * and `y`, for xarray and rioxarray. Arrays refer to them by `cfAttributes`. A rotated grid has only the transform.
 */
export async function writeZarrGrid(folder: string, geobox: GeoBox): Promise<void> {
  await makeFolder(join(folder, GRID_MAPPING));
  await writeJson(join(folder, GRID_MAPPING, 'zarr.json'), gridMappingMetadata(geobox));
  const { transform, width, height } = geobox;
  if (!transform.isRectilinear) return;
  for (const axis of ['x', 'y'] as const) {
    const length = axis === 'x' ? width : height;
    const centre = (i: number): number => transform.apply(i + 0.5, i + 0.5)[axis === 'x' ? 0 : 1];
    const centres = Float64Array.from({ length }, (_, i) => centre(i));
    await writeWhole(join(folder, axis), [length], [axis], centres, coordinateAttributes(geobox, axis));
  }
}

/**
 * Writes the CF variable `time` of a group's arrays; for intervals their starts, and both ends as its bounds.
 * @param times milliseconds since 1970 (UTC) or intervals, one per step
 * @throws {TerrachipError} INVALID_INPUT for no times, or a time that is not finite
 */
export async function writeZarrTimes(
  folder: string,
  times: readonly (number | TimeInterval)[],
): Promise<void> {
  const intervals = times.map((time) => (typeof time === 'number' ? { start: time, end: time } : time));
  const areFinite = intervals.every(({ start, end }) => Number.isFinite(start) && Number.isFinite(end));
  if (times.length === 0 || !areFinite)
    throw invalidInput(`the times of ${folder}`, 'are missing or not all finite', 'give a number per step');
  const hasBounds = intervals.some(({ start, end }) => end > start);
  const units = { units: 'seconds since 1970-01-01', calendar: 'proleptic_gregorian' };
  const starts = Float64Array.from(intervals, ({ start }) => start / 1000);
  await writeWhole(join(folder, 'time'), [times.length], ['time'], starts, {
    standard_name: 'time',
    ...units,
    ...(hasBounds ? { bounds: 'time_bnds' } : {}),
  });
  if (!hasBounds) return;
  // A CF cell excludes its end: one millisecond after the interval's last.
  const bounds = Float64Array.from(intervals.flatMap(({ start, end }) => [start / 1000, (end + 1) / 1000]));
  await writeWhole(join(folder, 'time_bnds'), [times.length, 2], ['time', 'bnds'], bounds, units);
}

/** An array of one chunk. */
async function writeWhole(
  folder: string,
  shape: readonly number[],
  dimensions: readonly string[],
  values: Float64Array,
  attributes: Readonly<Record<string, unknown>>,
): Promise<void> {
  const layout = { shape, shardShape: shape, chunkShape: shape };
  const type = { dtype: 'float64', fillValue: Number.NaN } as const;
  const writer = new ZarrShardWriter(folder, { ...layout, ...type, dimensions, attributes });
  await writer.create();
  const first = shape.map(() => 0);
  await writer.writeShard(first, values);
}

/**
 * Consolidates the metadata of a store into its root document, so that readers on the web need one request. Call it after
 * all arrays are created.
 */
export async function consolidateZarr(folder: string): Promise<void> {
  const keys = (await folderStore(folder).keys()) ?? [];
  const below = keys.filter((key) => key.endsWith('/zarr.json')).sort();
  const entries = await mapConcurrently(below, CHUNKS, async (key) => [
    key.slice(0, -'/zarr.json'.length),
    await readJson(join(folder, key)),
  ]);
  const root = await readJson(join(folder, 'zarr.json'));
  const consolidated = { kind: 'inline', must_understand: false, metadata: Object.fromEntries(entries) };
  await writeJson(join(folder, 'zarr.json'), { ...Object(root), consolidated_metadata: consolidated });
}

/** A file of an array, as it was written. */
export interface WrittenFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/**
 * A Zarr v3 array, written atomically shard by shard: workers with different shards need no coordination.
 */
export class ZarrShardWriter {
  readonly folder: string;
  readonly #options: ZarrArrayOptions;
  readonly #compressor: ZarrCompressor | null;

  constructor(folder: string, options: ZarrArrayOptions) {
    const { shape, shardShape, chunkShape } = options;
    requireNodata(options.dtype, options.fillValue, 'fillValue');
    const fits = shape.every((_, axis) => shardShape[axis] % chunkShape[axis] === 0);
    if (!fits || shardShape.length !== shape.length || chunkShape.length !== shape.length) {
      throw internalError(
        'ZarrShardWriter',
        `shards of ${shardShape} are not made of chunks of ${chunkShape}`,
      );
    }
    this.folder = folder;
    this.#options = options;
    this.#compressor = createCompressor(options.compression ?? 'none', bytesPerElement(options.dtype));
  }

  /** Writes the array's metadata, once, before any worker starts. */
  async create(): Promise<void> {
    await makeFolder(this.folder);
    await writeJson(
      join(this.folder, 'zarr.json'),
      zarrArrayMetadata(this.#options, this.#compressor?.codec ?? null),
    );
  }

  /** The path of a shard, by its index along each axis. */
  shardPath(index: readonly number[]): string {
    return join(this.folder, 'c', ...index.map(String));
  }

  /**
   * Writes one shard.
   * @param data its values in C order, clipped to the array
   * @returns the file as it was written
   */
  async writeShard(index: readonly number[], data: TypedArray): Promise<WrittenFile> {
    const { shape, shardShape } = this.#options;
    const extent = shardShape.map((size, axis) => Math.min(size, shape[axis] - index[axis] * size));
    if (extent.some((n) => n < 1) || data.length !== sizeOf(extent)) {
      throw internalError('ZarrShardWriter', `shard ${index} has ${extent} values, not ${data.length}`);
    }
    const compressor = this.#compressor;
    const chunks = await mapConcurrently(this.#origins(), CHUNKS, async (origin) => {
      const chunk = this.#chunk(data, extent, origin);
      return chunk === null || compressor === null ? chunk : compressor.encode(chunk);
    });
    const shard = encodeShard(chunks);
    const path = this.shardPath(index);
    await makeFolder(join(path, '..'));
    await writeFileAtomically(path, shard);
    return { path, content: shard };
  }

  /** The origin of each inner chunk of a shard, in C order. */
  #origins(): number[][] {
    const { shardShape, chunkShape } = this.#options;
    const counts = shardShape.map((size, axis) => size / chunkShape[axis]);
    return Array.from({ length: sizeOf(counts) }, (_, k) =>
      indexAt(k, counts).map((n, axis) => n * chunkShape[axis]),
    );
  }

  /** The bytes of one inner chunk, padded with the fill value; null for only the fill value. */
  #chunk(data: TypedArray, extent: readonly number[], origin: readonly number[]): Uint8Array | null {
    const { chunkShape, dtype, fillValue } = this.#options;
    const chunk: TypedArray = allocateArray(dtype, sizeOf(chunkShape));
    chunk.fill(fillValue);
    const box = chunkShape.map((size, axis) => Math.min(size, extent[axis] - origin[axis]));
    const strides = stridesOf(extent);
    const offset = origin.reduce((sum, start, axis) => sum + start * strides[axis], 0);
    copyBox(box, { data, offset, strides }, { data: chunk, offset: 0, strides: stridesOf(chunkShape) });
    const isEmpty = chunk.every((value: number) => Object.is(value, fillValue) || value === fillValue);
    return isEmpty ? null : new Uint8Array(chunk.buffer as ArrayBuffer);
  }
}

/** Length and layout of an array of texts. */
export interface ZarrTextOptions {
  readonly length: number;
  readonly chunkLength: number;
  readonly dimension: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** A Zarr v3 list of texts (type `string`, codec `vlen-utf8`), written atomically chunk by chunk. */
export class ZarrTextWriter {
  readonly folder: string;
  readonly #options: ZarrTextOptions;

  constructor(folder: string, options: ZarrTextOptions) {
    this.folder = folder;
    this.#options = options;
  }

  /** Writes the list's metadata. */
  async create(): Promise<void> {
    const { length, chunkLength, dimension, attributes = {} } = this.#options;
    await makeFolder(this.folder);
    await writeJson(
      join(this.folder, 'zarr.json'),
      zarrTextMetadata(length, chunkLength, dimension, attributes),
    );
  }

  /** Writes a chunk; the last one is padded with empty texts. @returns the file as it was written */
  async writeChunk(index: number, texts: readonly string[]): Promise<WrittenFile> {
    const { chunkLength } = this.#options;
    const content = encodeTexts(Array.from({ length: chunkLength }, (_, k) => texts[k] ?? ''));
    const path = join(this.folder, 'c', String(index));
    await makeFolder(join(this.folder, 'c'));
    await writeFileAtomically(path, content);
    return { path, content };
  }
}

/** The number of texts, then each after its length in bytes; numbers are little-endian uint32. */
function encodeTexts(texts: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => encoder.encode(text));
  const result = new Uint8Array(encoded.reduce((sum, bytes) => sum + 4 + bytes.length, 4));
  const view = viewOf(result);
  view.setUint32(0, texts.length, true);
  let offset = 4;
  for (const bytes of encoded) {
    view.setUint32(offset, bytes.length, true);
    result.set(bytes, offset + 4);
    offset += 4 + bytes.length;
  }
  return result;
}
