/** Well-known binary: geometries of OGC 06-103r4, ISO 13249-3 and PostGIS, whose heights and measures are left out. */
import { invalidInput, TerrachipError } from '../errors.js';
import type { Polygon, Position } from './features.js';
import type { GeometrySink } from './json-geometry.js';

/** Collections inside collections. */
const MAX_DEPTH = 8;

/** Bits of PostGIS above the type. */
const EWKB_Z = 0x8000_0000;
const EWKB_M = 0x4000_0000;
const EWKB_SRID = 0x2000_0000;

const POINT = 1;
const LINE = 2;
const POLYGON = 3;
const MULTI_POINT = 4;
const MULTI_POLYGON = 6;
const COLLECTION = 7;
/** Collections that may hold curves, and often hold none. */
const MULTI_CURVE = 11;
const MULTI_SURFACE = 12;

/**
 * Gives the parts of a geometry to a sink.
 * @throws {TerrachipError} INVALID_INPUT for damaged bytes, UNSUPPORTED for curves and surfaces, TOO_LARGE
 */
export function readWkb(bytes: Uint8Array, sink: GeometrySink): void {
  new WkbReader(bytes, sink).read(0);
}

class WkbReader {
  readonly #view: DataView;
  readonly #sink: GeometrySink;
  #offset = 0;
  #little = true;

  constructor(bytes: Uint8Array, sink: GeometrySink) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#sink = sink;
  }

  read(depth: number): void {
    this.#require(5);
    this.#little = this.#view.getUint8(this.#offset) === 1;
    this.#offset++;
    const code = this.#uint32();
    if ((code & EWKB_SRID) !== 0) this.#uint32();
    const plain = code & 0x0fff_ffff;
    const kind = plain % 1000;
    const dimensions = Math.floor(plain / 1000);
    const extra = [dimensions === 1 || dimensions === 3, dimensions === 2 || dimensions === 3];
    const hasZ = extra[0] || (code & EWKB_Z) !== 0;
    const hasM = extra[1] || (code & EWKB_M) !== 0;
    const size = 2 + Number(hasZ) + Number(hasM);
    const isCollection =
      (kind >= MULTI_POINT && kind <= COLLECTION) || kind === MULTI_CURVE || kind === MULTI_SURFACE;
    if (kind === POINT) {
      const [position] = this.#positions(1, size);
      // A point of two NaN is how an empty one is written.
      if (!Number.isNaN(position[0]) || !Number.isNaN(position[1])) this.#sink.addPoint(position);
    } else if (kind === LINE) {
      this.#sink.addLine(this.#positions(this.#uint32(), size));
    } else if (kind === POLYGON) {
      const rings = this.#count(4);
      const polygon = Array.from({ length: rings }, () => this.#positions(this.#uint32(), size));
      this.#sink.addPolygon(polygon);
    } else if (isCollection && depth < MAX_DEPTH) {
      const members = this.#count(5);
      for (let k = 0; k < members; k++) this.read(depth + 1);
    } else if (kind <= COLLECTION || isCollection || dimensions > 3) {
      throw invalidInput(this.#sink.name, 'has a damaged or too deeply nested geometry', 'correct it');
    } else {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${this.#sink.name} holds curves or surfaces (WKB type ${kind})`,
        'convert them to polygons and lines (ogr2ogr -nlt CONVERT_TO_LINEAR)',
        { feature: `WKB type ${kind}` },
      );
    }
  }

  /** A count of what takes at least `bytes` each. */
  #count(bytes: number): number {
    const count = this.#uint32();
    this.#require(count * bytes);
    return count;
  }

  #positions(count: number, size: number): Position[] {
    this.#require(count * size * 8);
    this.#sink.admitPositions(count);
    return Array.from({ length: count }, (): Position => {
      const x = this.#view.getFloat64(this.#offset, this.#little);
      const y = this.#view.getFloat64(this.#offset + 8, this.#little);
      this.#offset += size * 8;
      return [x, y];
    });
  }

  #uint32(): number {
    this.#require(4);
    const value = this.#view.getUint32(this.#offset, this.#little);
    this.#offset += 4;
    return value;
  }

  #require(bytes: number): void {
    if (this.#offset + bytes > this.#view.byteLength) {
      throw invalidInput(this.#sink.name, 'has a geometry that ends too early', 'get the file again');
    }
  }
}

/** One polygon as a Polygon, several as a MultiPolygon; little-endian, x first. */
export function encodeWkb(polygons: readonly Polygon[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(wkbSize(polygons));
  writeWkb(polygons, new DataView(bytes.buffer), 0);
  return bytes;
}

/** The bytes that `writeWkb` writes. */
export function wkbSize(polygons: readonly Polygon[]): number {
  let size = polygons.length === 1 ? 0 : 9;
  for (const polygon of polygons) {
    size += 9;
    for (const ring of polygon) size += 4 + 16 * ring.length;
  }
  return size;
}

/** As `encodeWkb`, into a buffer that is long enough. */
export function writeWkb(polygons: readonly Polygon[], view: DataView, start: number): void {
  let offset = start;
  const head = (type: number, count: number): void => {
    view.setUint8(offset, 1);
    view.setUint32(offset + 1, type, true);
    view.setUint32(offset + 5, count, true);
    offset += 9;
  };
  if (polygons.length !== 1) head(MULTI_POLYGON, polygons.length);
  for (const polygon of polygons) {
    head(POLYGON, polygon.length);
    for (const ring of polygon) {
      view.setUint32(offset, ring.length, true);
      offset += 4;
      for (const position of ring) {
        view.setFloat64(offset, position[0], true);
        view.setFloat64(offset + 8, position[1], true);
        offset += 16;
      }
    }
  }
}
