import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  moveTo,
  type OutputFormat,
  requireEnding,
  requireWritable,
  writeError,
  writeFully,
} from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import type { Polygon } from '../features.js';
import { CsvEncoder, GeoJsonEncoder, type PolygonEncoder, type PropertyTypes } from '../polygon-encoder.js';

/** Formats of polygons. */
export const POLYGON_FORMATS = [
  'GeoJSON',
  'FlatGeobuf',
  'GeoParquet',
] as const satisfies readonly OutputFormat[];

/** Formats of tables, with or without polygons. */
export const TABLE_FORMATS = [
  'CSV',
  'GeoParquet',
  'GeoJSON',
  'FlatGeobuf',
] as const satisfies readonly OutputFormat[];

/**
 * Writes polygons in longitude and latitude one by one: GeoJSON (RFC 7946), FlatGeobuf or GeoParquet 1.1, by the extension
 * of the path. The file is complete or absent.
 */
export class PolygonFile {
  readonly path: string;
  readonly #temporary: string;
  readonly #encoder: PolygonEncoder;
  #file: FileHandle | null;
  #position = 0;
  #count = 0;

  private constructor(path: string, temporary: string, file: FileHandle, encoder: PolygonEncoder) {
    this.path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.#encoder = encoder;
  }

  /**
   * @param types of the properties: the columns of FlatGeobuf and GeoParquet; not needed for GeoJSON
   * @throws {TerrachipError} INVALID_INPUT for the extension of another format; DISK if the file cannot be written
   */
  static async create(path: string, types: PropertyTypes = {}): Promise<PolygonFile> {
    return PolygonFile.#open(path, await encoderFor(path, types));
  }

  /**
   * A table of properties without polygons, which `add` ignores: CSV or Parquet by the extension of the path.
   * @param types the columns
   * @throws {TerrachipError} INVALID_INPUT for the extension of another format; DISK if the file cannot be written
   */
  static async createTable(path: string, types: PropertyTypes): Promise<PolygonFile> {
    const format = requireEnding(path, 'CSV', 'GeoParquet');
    if (format === 'CSV') return PolygonFile.#open(path, new CsvEncoder(types));
    const { GeoParquetEncoder } = await import('../geoparquet-encoder.js');
    return PolygonFile.#open(path, new GeoParquetEncoder(types, { geometry: false }));
  }

  static async #open(path: string, encoder: PolygonEncoder): Promise<PolygonFile> {
    await requireWritable(path);
    const temporary = temporaryPath(path);
    try {
      return new PolygonFile(path, temporary, await open(temporary, 'wx'), encoder);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Number of features so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds a feature of one or several polygons. It is kept in memory until `flush`. */
  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void {
    this.#encoder.add(polygons, properties);
    this.#count++;
  }

  /** Writes the added features. @throws {TerrachipError} DISK */
  flush(): Promise<void> {
    return this.#try(() => this.#encoder.flush((bytes) => this.#append(bytes)));
  }

  /** Ends the document and renames the file to its final name. @throws {TerrachipError} DISK */
  async finish(): Promise<void> {
    try {
      await this.#try(async () => {
        const head = await this.#encoder.finish((bytes) => this.#append(bytes));
        if (this.#file === null) return;
        if (head !== null) await writeFully(this.#file, head, 0);
        await this.#file.sync();
        await this.#file.close();
        this.#file = null;
        await moveTo(this.#temporary, this.path);
      });
    } finally {
      await this.abort();
    }
  }

  /** Removes the unfinished file; does nothing after `finish`. */
  async abort(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
    await removeTemporary(this.#temporary);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#file === null) return;
    await writeFully(this.#file, bytes, this.#position);
    this.#position += bytes.length;
  }

  async #try(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }
}

/** The package of a format is loaded with its first file. */
async function encoderFor(path: string, types: PropertyTypes): Promise<PolygonEncoder> {
  const format = requireEnding(path, ...POLYGON_FORMATS);
  if (format === 'GeoJSON') return new GeoJsonEncoder();
  if (format === 'GeoParquet') {
    const { GeoParquetEncoder } = await import('../geoparquet-encoder.js');
    return new GeoParquetEncoder(types);
  }
  const { FlatGeobufEncoder } = await import('../flatgeobuf/encoder.js');
  return new FlatGeobufEncoder(basename(path).replace(/\.\w+$/, ''), types);
}
