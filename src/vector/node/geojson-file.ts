import { type FileHandle, open } from 'node:fs/promises';
import { moveTo, requireEnding, requireWritable, writeError } from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import type { Polygon } from '../features.js';

/** Text is written in pieces of this many characters. */
const PIECE = 1 << 20;

/**
 * A GeoJSON FeatureCollection (RFC 7946) that is written while its features are being found, one a line: whole or
 * absent, as all files.
 */
export class GeoJsonFile {
  readonly path: string;
  readonly #temporary: string;
  #file: FileHandle | null;
  /** Full pieces of text, and the piece to which features are added. */
  #pieces: string[] = [];
  #last = '{"type":"FeatureCollection","features":[';
  #features = 0;

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  /** @throws {TerrachipError} INVALID_INPUT for another format's ending; DISK where the file cannot be written */
  static async create(path: string): Promise<GeoJsonFile> {
    requireEnding(path, 'GeoJSON');
    await requireWritable(path);
    const temporary = temporaryPath(path);
    try {
      return new GeoJsonFile(path, temporary, await open(temporary, 'wx'));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Features so far. */
  get count(): number {
    return this.#features;
  }

  /** Takes a feature: a Polygon, or a MultiPolygon of several. It is held until `flush`. */
  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void {
    const [type, coordinates] = polygons.length === 1 ? ['Polygon', polygons[0]] : ['MultiPolygon', polygons];
    const feature = JSON.stringify({ type: 'Feature', properties, geometry: { type, coordinates } });
    this.#last += `${this.#features++ === 0 ? '\n' : ',\n'}${feature}`;
    if (this.#last.length < PIECE) return;
    this.#pieces.push(this.#last);
    this.#last = '';
  }

  /** Writes what was added. @throws {TerrachipError} DISK */
  async flush(): Promise<void> {
    if (this.#pieces.length > 0) await this.#write();
  }

  /** Ends the document and gives the file its name. @throws {TerrachipError} DISK */
  async finish(): Promise<void> {
    this.#last += '\n]}\n';
    await this.#write();
    try {
      await this.#file?.sync();
      await this.#file?.close();
      this.#file = null;
      await moveTo(this.#temporary, this.path);
    } catch (cause) {
      throw writeError(this.path, cause);
    } finally {
      await this.abort();
    }
  }

  /** Removes what was written so far; after `finish` it does nothing. */
  async abort(): Promise<void> {
    [this.#pieces, this.#last] = [[], ''];
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
    await removeTemporary(this.#temporary);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  async #write(): Promise<void> {
    const pieces = [...this.#pieces, this.#last];
    [this.#pieces, this.#last] = [[], ''];
    try {
      for (const text of pieces) await this.#file?.appendFile(text);
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }
}
