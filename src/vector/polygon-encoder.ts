/** Encoders of polygons in longitude and latitude: what a file of each format is made of, a piece at a time. */
import type { Polygon } from './features.js';

/** Types of properties: whole numbers below 2^53, numbers, and texts. */
export type PropertyType = 'integer' | 'number' | 'text';

/** Types of properties by name. */
export type PropertyTypes = Readonly<Record<string, PropertyType>>;

/** Takes the next bytes of a file. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** Encodes features of one file. */
export interface PolygonEncoder {
  /** Takes a feature; it is held until `flush`. Properties that are undefined are left out. */
  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void;
  /** Writes full pieces of what was added. */
  flush(write: WriteBytes): Promise<void>;
  /** Writes the rest. @returns bytes that replace those at the start of the file, or null */
  finish(write: WriteBytes): Promise<Uint8Array | null>;
}

/** Text is written in pieces of this many characters. */
const PIECE = 1 << 20;

/** A GeoJSON FeatureCollection (RFC 7946), a feature a line. */
export class GeoJsonEncoder implements PolygonEncoder {
  /** Full pieces of text, and the piece to which features are added. */
  #pieces: string[] = [];
  #last = '{"type":"FeatureCollection","features":[';
  #isFirst = true;

  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void {
    const [type, coordinates] = polygons.length === 1 ? ['Polygon', polygons[0]] : ['MultiPolygon', polygons];
    const feature = JSON.stringify({ type: 'Feature', properties, geometry: { type, coordinates } });
    this.#last += `${this.#isFirst ? '\n' : ',\n'}${feature}`;
    this.#isFirst = false;
    if (this.#last.length < PIECE) return;
    this.#pieces.push(this.#last);
    this.#last = '';
  }

  async flush(write: WriteBytes): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = [];
    for (const text of pieces) await write(new TextEncoder().encode(text));
  }

  async finish(write: WriteBytes): Promise<null> {
    this.#pieces.push(`${this.#last}\n]}\n`);
    await this.flush(write);
    return null;
  }
}
