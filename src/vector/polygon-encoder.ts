/** Encoders of polygons in longitude and latitude, for each file format, piece by piece. */
import { csvLine } from '../text.js';
import type { Polygon } from './features.js';

/** Types of properties: whole numbers below 2^53, numbers, and texts. */
export type PropertyType = 'integer' | 'number' | 'text';

/** Types of properties by name. */
export type PropertyTypes = Readonly<Record<string, PropertyType>>;

/** Receives the next bytes of a file. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** Encodes features of one file. */
export interface PolygonEncoder {
  /** Adds a feature; it is kept in memory until `flush`. Undefined properties are left out. */
  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void;
  /** Writes the full pieces so far. */
  flush(write: WriteBytes): Promise<void>;
  /** Writes the rest. @returns bytes that replace those at the start of the file, or null */
  finish(write: WriteBytes): Promise<Uint8Array | null>;
}

/** Characters of a piece of text. */
const PIECE = 1 << 20;

/** Text, written in pieces. */
class Pieces {
  readonly #full: string[] = [];
  #last: string;

  constructor(start: string) {
    this.#last = start;
  }

  add(text: string): void {
    this.#last += text;
    if (this.#last.length < PIECE) return;
    this.#full.push(this.#last);
    this.#last = '';
  }

  async flush(write: WriteBytes): Promise<void> {
    for (const text of this.#full.splice(0)) await write(new TextEncoder().encode(text));
  }

  async finish(write: WriteBytes): Promise<void> {
    this.#full.push(this.#last);
    this.#last = '';
    await this.flush(write);
  }
}

/** A GeoJSON FeatureCollection (RFC 7946), one feature per line. */
export class GeoJsonEncoder implements PolygonEncoder {
  readonly #pieces = new Pieces('{"type":"FeatureCollection","features":[');
  #isFirst = true;

  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void {
    const [type, coordinates] = polygons.length === 1 ? ['Polygon', polygons[0]] : ['MultiPolygon', polygons];
    const feature = JSON.stringify({ type: 'Feature', properties, geometry: { type, coordinates } });
    this.#pieces.add(`${this.#isFirst ? '\n' : ',\n'}${feature}`);
    this.#isFirst = false;
  }

  flush(write: WriteBytes): Promise<void> {
    return this.#pieces.flush(write);
  }

  async finish(write: WriteBytes): Promise<null> {
    this.#pieces.add('\n]}\n');
    await this.#pieces.finish(write);
    return null;
  }
}

/** The properties of features as CSV (RFC 4180), one feature per line, without geometries. */
export class CsvEncoder implements PolygonEncoder {
  readonly #columns: readonly string[];
  readonly #pieces: Pieces;

  constructor(types: PropertyTypes) {
    this.#columns = Object.keys(types);
    this.#pieces = new Pieces(csvLine(this.#columns));
  }

  add(_: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void {
    this.#pieces.add(
      csvLine(
        this.#columns.map((name) => {
          const value = properties[name] ?? null;
          return value === null || typeof value === 'number' ? value : String(value);
        }),
      ),
    );
  }

  flush(write: WriteBytes): Promise<void> {
    return this.#pieces.flush(write);
  }

  async finish(write: WriteBytes): Promise<null> {
    await this.#pieces.finish(write);
    return null;
  }
}
