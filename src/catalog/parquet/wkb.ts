/** Polygons as Well-Known Binary, which GeoParquet stores geometries in. */
import type { Polygon, Position, Ring } from '../../vector/index.js';

const POINT = 1;
const LINE = 2;
const POLYGON = 3;
const MULTI_POINT = 4;
const MULTI_POLYGON = 6;
const COLLECTION = 7;

/** Collections inside collections. */
const MAX_DEPTH = 8;

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

/**
 * The polygons of any geometry, in ISO or extended WKB; what has no area becomes rings without area. Heights and
 * measures are left out.
 * @throws {Error} for damaged bytes
 */
export function decodeWkb(bytes: Uint8Array): Polygon[] {
  const reader = new WkbReader(bytes);
  return reader.read(0);
}

class WkbReader {
  readonly #view: DataView;
  #offset = 0;
  #little = true;
  /** Numbers in a position. */
  #dimensions = 2;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(depth: number): Polygon[] {
    if (depth > MAX_DEPTH) throw new Error('a geometry nests too deep');
    const type = this.#head();
    if (type === POINT) return pointAsPolygon(this.#position());
    if (type === LINE) return lineAsPolygon(this.#positions());
    if (type === POLYGON) {
      const rings = Array.from({ length: this.#count(4) }, (): Ring => this.#positions());
      return rings.length === 0 ? [] : [rings];
    }
    if (type >= MULTI_POINT && type <= COLLECTION) {
      const count = this.#count(5);
      const parts: Polygon[] = [];
      for (let k = 0; k < count; k++) parts.push(...this.read(depth + 1));
      return parts;
    }
    throw new Error(`a geometry is of the unknown type ${type}`);
  }

  #head(): number {
    this.#need(5);
    this.#little = this.#view.getUint8(this.#offset) === 1;
    const code = this.#view.getUint32(this.#offset + 1, this.#little);
    this.#offset += 5;
    // Extended WKB marks heights, measures and a reference system by its highest bits; ISO WKB by thousands.
    const plain = code & 0x1fffffff;
    const thousands = Math.floor(plain / 1000);
    if (thousands > 3) throw new Error(`a geometry is of the unknown type ${plain}`);
    const extra = [0, 1, 1, 2][thousands];
    this.#dimensions = 2 + extra + (code >>> 31) + ((code >>> 30) & 1);
    if ((code >>> 29) & 1) {
      this.#need(4);
      this.#offset += 4;
    }
    return plain % 1000;
  }

  /** A count of parts that take some bytes each at least. */
  #count(size: number): number {
    this.#need(4);
    const count = this.#view.getUint32(this.#offset, this.#little);
    this.#offset += 4;
    this.#need(count * size);
    return count;
  }

  #positions(): Position[] {
    return Array.from({ length: this.#count(8 * this.#dimensions) }, () => this.#position());
  }

  #position(): Position {
    this.#need(8 * this.#dimensions);
    const x = this.#view.getFloat64(this.#offset, this.#little);
    const y = this.#view.getFloat64(this.#offset + 8, this.#little);
    this.#offset += 8 * this.#dimensions;
    return [x, y];
  }

  #need(bytes: number): void {
    if (bytes > this.#view.byteLength - this.#offset) throw new Error('a geometry is cut off');
  }
}

/** An empty point is one of NaN. */
function pointAsPolygon(point: Position): Polygon[] {
  return Number.isNaN(point[0]) ? [] : [[[point, point, point, point]]];
}

/** There and back again. */
function lineAsPolygon(line: readonly Position[]): Polygon[] {
  return line.length === 0 ? [] : [[[...line, ...line.toReversed()]]];
}
