/** Well-known binary: geometries of OGC 06-103r4, ISO 13249-3 and PostGIS, whose heights and measures are left out. */
import { invalidInput, TerrachipError } from '../errors.js';
import type { Position } from './features.js';
import type { FeatureParts, GeometryChecker } from './geometry-checker.js';

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
const COLLECTION = 7;
/** Collections that may hold curves, and often hold none. */
const MULTI_CURVE = 11;
const MULTI_SURFACE = 12;

/**
 * Adds the parts of a geometry.
 * @throws {TerrachipError} INVALID_INPUT for damaged bytes, UNSUPPORTED for curves and surfaces, TOO_LARGE
 */
export function addWkb(parts: FeatureParts, bytes: Uint8Array, checker: GeometryChecker): void {
  new WkbReader(bytes, checker).read(parts, 0);
}

class WkbReader {
  readonly #view: DataView;
  readonly #checker: GeometryChecker;
  #offset = 0;
  #little = true;

  constructor(bytes: Uint8Array, checker: GeometryChecker) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#checker = checker;
  }

  read(parts: FeatureParts, depth: number): void {
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
      if (!Number.isNaN(position[0]) || !Number.isNaN(position[1])) this.#checker.addPoint(parts, position);
    } else if (kind === LINE) {
      this.#checker.addLine(parts, this.#positions(this.#uint32(), size));
    } else if (kind === POLYGON) {
      const rings = this.#count(4);
      const polygon = Array.from({ length: rings }, () => this.#positions(this.#uint32(), size));
      this.#checker.addPolygon(parts, polygon);
    } else if (isCollection && depth < MAX_DEPTH) {
      const members = this.#count(5);
      for (let k = 0; k < members; k++) this.read(parts, depth + 1);
    } else if (kind <= COLLECTION || isCollection) {
      throw invalidInput(this.#checker.name, 'has a damaged or too deeply nested geometry', 'correct it');
    } else {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${this.#checker.name} holds curves or surfaces (WKB type ${kind})`,
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
    this.#checker.admitPositions(count);
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
      throw invalidInput(this.#checker.name, 'has a geometry that ends too early', 'get the file again');
    }
  }
}
