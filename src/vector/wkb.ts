/** Well-known binary: geometries of OGC 06-103r4, ISO 13249-3 and PostGIS, without heights and measures. */
import { invalidInput, TerrachipError } from '../errors.js';
import type { Polygon, Position } from './features.js';
import { type GeometrySink, MAX_DEPTH } from './json-geometry.js';

/** PostGIS's flags above the type. */
const EWKB_Z = 0x8000_0000;
const EWKB_M = 0x4000_0000;
const EWKB_SRID = 0x2000_0000;

const POINT = 1;
const LINE = 2;
const POLYGON = 3;
const MULTI_POINT = 4;
const MULTI_POLYGON = 6;
const COLLECTION = 7;
/** Collections that may contain curves, but often do not. */
const MULTI_CURVE = 11;
const MULTI_SURFACE = 12;

/**
 * Passes the parts of a geometry to a sink.
 * @throws {TerrachipError} INVALID_INPUT for damaged bytes, UNSUPPORTED for curves and surfaces, TOO_LARGE
 */
export function readWkb(bytes: Uint8Array, sink: GeometrySink): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  let isLittle = true;

  const require = (size: number): void => {
    if (offset + size > view.byteLength) {
      throw invalidInput(sink.name, 'has a geometry that ends too early', 'get the file again');
    }
  };
  const uint32 = (): number => {
    require(4);
    offset += 4;
    return view.getUint32(offset - 4, isLittle);
  };
  /** A count of items of at least `size` bytes each. */
  const countOf = (size: number): number => {
    const count = uint32();
    require(count * size);
    return count;
  };
  /** @param numbers per position: 2 to 4 */
  const positions = (count: number, numbers: number): Position[] => {
    require(count * numbers * 8);
    sink.admitPositions(count);
    return Array.from({ length: count }, (): Position => {
      const [x, y] = [view.getFloat64(offset, isLittle), view.getFloat64(offset + 8, isLittle)];
      offset += numbers * 8;
      return [x, y];
    });
  };
  const readGeometry = (depth: number): void => {
    require(5);
    isLittle = view.getUint8(offset++) === 1;
    const code = uint32();
    if ((code & EWKB_SRID) !== 0) uint32();
    const plain = code & 0x0fff_ffff;
    const kind = plain % 1000;
    const dimensions = Math.floor(plain / 1000);
    const hasZ = dimensions === 1 || dimensions === 3 || (code & EWKB_Z) !== 0;
    const hasM = dimensions === 2 || dimensions === 3 || (code & EWKB_M) !== 0;
    const numbers = 2 + Number(hasZ) + Number(hasM);
    const isCollection =
      (kind >= MULTI_POINT && kind <= COLLECTION) || kind === MULTI_CURVE || kind === MULTI_SURFACE;
    if (kind === POINT) {
      const [position] = positions(1, numbers);
      // An empty point is written as two NaN.
      if (!position.every(Number.isNaN)) sink.addPoint(position);
    } else if (kind === LINE) {
      sink.addLine(positions(uint32(), numbers));
    } else if (kind === POLYGON) {
      sink.addPolygon(Array.from({ length: countOf(4) }, () => positions(uint32(), numbers)));
    } else if (isCollection && depth < MAX_DEPTH) {
      const members = countOf(5);
      for (let k = 0; k < members; k++) readGeometry(depth + 1);
    } else if (kind <= COLLECTION || isCollection || dimensions > 3) {
      throw invalidInput(sink.name, 'has a damaged or too deeply nested geometry', 'correct it');
    } else {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${sink.name} holds curves or surfaces (WKB type ${kind})`,
        'convert them to polygons and lines (ogr2ogr -nlt CONVERT_TO_LINEAR)',
        { feature: `WKB type ${kind}` },
      );
    }
  };
  readGeometry(0);
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

/** As `encodeWkb`, into a buffer of sufficient length. */
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
