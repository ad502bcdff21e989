/** The main file of a shapefile and its index (Esri white paper J-7855, 1998): records and their geometries. */
import { invalidInput, TerrachipError } from '../../errors.js';
import { boundsOfPaths, boxCovers } from '../../geo/bounds.js';
import type { Polygon, Position, Ring } from '../features.js';
import type { GeometrySink } from '../json-geometry.js';
import { ringContains, signedArea } from '../ring.js';

/** The file code at the start of all files of the format, and the position of the first record. */
const FILE_CODE = 9994;
const HEADER = 100;

/** Limit on rings of a shape, since each hole is compared with the exteriors. */
const MAX_RINGS = 65_536;

/** Fewest positions of a closed ring. */
const SHORTEST = 4;

/** Shape types; +10 with heights, +20 with measures. */
const NULL_SHAPE = 0;
const POINT = 1;
const LINE = 3;
const POLYGON = 5;
const MULTI_POINT = 8;
const MULTI_PATCH = 31;

/** A view of the file. @throws {TerrachipError} INVALID_INPUT for anything but a .shp file */
export function openShapes(bytes: Uint8Array, name: string): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < HEADER || view.getInt32(0) !== FILE_CODE) {
    throw invalidInput(name, 'is no shapefile', 'give the .shp file');
  }
  return view;
}

interface ShapeRecord {
  /** Its row in the table, from 0. */
  readonly row: number;
  /** Start and length of its content in the file, in bytes; 0 for a removed record. */
  readonly start: number;
  readonly length: number;
}

/** Limit on records, equal to that on features. */
const MAX_RECORDS = 1_000_001;

/**
 * The records of a shapefile in the order of its table. After edits, records may be in another order, with gaps: the index
 * gives their positions. An index that does not match the file is ignored; records are then assigned by their own numbers,
 * or by their order.
 * @param shx the index, or null without one
 * @param rows of the table, or null without one
 * @param warn receives the reason for ignoring an index
 * @throws {TerrachipError} INVALID_INPUT for a damaged file, or one with more records than its table
 */
export function listRecords(
  shp: DataView,
  shx: Uint8Array | null,
  rows: number | null,
  name: string,
  warn: (problem: string) => void,
): ShapeRecord[] {
  const indexed = shx === null ? null : recordsOfIndex(shp, shx);
  if (indexed !== null && (rows === null || indexed.length === rows)) return indexed;
  const walked = walkRecords(shp, rows);
  const isWalked = indexed === null || walked?.length === rows;
  const records = isWalked ? walked : indexed;
  if (records === null) {
    const remedy = shx === null ? 'get the file again, with its index (.shx)' : 'get the file again';
    throw invalidInput(name, 'has a record that reaches beyond its end', remedy);
  }
  if (isWalked && shx !== null) {
    warn('has an index (.shx) that does not fit it and is not used; write the file again');
  }
  if (rows !== null && records.length > rows) {
    throw invalidInput(name, `has more shapes than the ${rows} records of its table`, 'get it again');
  }
  return records;
}

/** Null if an entry does not point to a record of the given length. */
function recordsOfIndex(shp: DataView, shx: Uint8Array): ShapeRecord[] | null {
  const view = new DataView(shx.buffer, shx.byteOffset, shx.byteLength);
  if (view.byteLength < HEADER || view.getInt32(0) !== FILE_CODE) return null;
  const count = Math.floor((view.byteLength - HEADER) / 8);
  if (count > MAX_RECORDS) return null;
  const records: ShapeRecord[] = [];
  for (let row = 0; row < count; row++) {
    // Lengths and positions are in 16-bit words.
    const start = view.getUint32(HEADER + 8 * row) * 2 + 8;
    const length = view.getUint32(HEADER + 8 * row + 4) * 2;
    const isTaken = start === 8 && length === 0;
    if (!isTaken) {
      const isInside = start >= HEADER + 8 && start + length <= shp.byteLength;
      if (!isInside || shp.getInt32(start - 4) * 2 !== length) return null;
    }
    records.push({ row, start, length });
  }
  return records;
}

/** The records in sequence; null if one extends beyond the end. Some writers store a wrong file length. */
function walkRecords(shp: DataView, rows: number | null): ShapeRecord[] | null {
  const places: { number: number; start: number; length: number }[] = [];
  for (let offset = HEADER; offset + 8 <= shp.byteLength && places.length < MAX_RECORDS; ) {
    const length = shp.getInt32(offset + 4) * 2;
    const start = offset + 8;
    if (length < 4 || start + length > shp.byteLength) return null;
    places.push({ number: shp.getInt32(offset), start, length });
    offset = start + length;
  }
  const numbers = new Set(places.map(({ number }) => number));
  const areNumbered =
    rows !== null &&
    numbers.size === places.length &&
    places.every(({ number }) => number >= 1 && number <= rows);
  return places
    .map(({ number, start, length }, k) => ({ row: areNumbered ? number - 1 : k, start, length }))
    .sort((a, b) => a.row - b.row);
}

/**
 * Adds the parts of a record.
 * @param view its content
 * @throws {TerrachipError} INVALID_INPUT for damaged content, UNSUPPORTED for multi-patches, or TOO_LARGE
 */
export function addShape(view: DataView, sink: GeometrySink): void {
  if (view.byteLength < 4) return;
  const kind = view.getInt32(0, true);
  if (kind === NULL_SHAPE) return;
  const plain = kind % 10;
  if (kind === MULTI_PATCH || kind < 0 || kind > 28) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${sink.name} holds shapes of type ${kind}`,
      'convert them to polygons, lines or points',
      { feature: `shape type ${kind}` },
    );
  }
  const require = (size: number): void => {
    if (size > view.byteLength) {
      throw invalidInput(sink.name, 'has a shape that ends too early', 'get the file again');
    }
  };
  const positions = (offset: number, count: number): Position[] => {
    require(offset + 16 * count);
    sink.admitPositions(count);
    return Array.from(
      { length: count },
      (_, k): Position => [
        view.getFloat64(offset + 16 * k, true),
        view.getFloat64(offset + 16 * k + 8, true),
      ],
    );
  };
  if (plain === POINT) {
    for (const point of positions(4, 1)) sink.addPoint(point);
  } else if (plain === MULTI_POINT) {
    require(40);
    for (const point of positions(40, view.getUint32(36, true))) sink.addPoint(point);
  } else if (plain === LINE || plain === POLYGON) {
    require(44);
    const [partCount, total] = [view.getUint32(36, true), view.getUint32(40, true)];
    const first = 44 + 4 * partCount;
    require(first + 16 * total);
    const starts = Array.from({ length: partCount }, (_, k) => view.getUint32(44 + 4 * k, true));
    const paths = starts.map((start, k) => {
      const end = starts[k + 1] ?? total;
      if (start > end || end > total) {
        throw invalidInput(sink.name, 'has a shape whose parts are not in order', 'get the file again');
      }
      return positions(first + 16 * start, end - start);
    });
    if (plain === LINE) for (const path of paths) sink.addLine(path);
    else for (const polygon of polygonsOf(paths, sink.name)) sink.addPolygon(polygon);
  } else {
    throw invalidInput(sink.name, `has a shape of the unknown type ${kind}`, 'get the file again');
  }
}

/** Exteriors run clockwise, holes counter-clockwise; a hole belongs to the smallest exterior around it. */
function polygonsOf(rings: readonly Ring[], name: string): Polygon[] {
  if (rings.length <= 1) return rings.map((ring) => [ring]);
  if (rings.length > MAX_RINGS) {
    throw new TerrachipError(
      'TOO_LARGE',
      `${name} has a shape of ${rings.length} rings, more than ${MAX_RINGS}`,
      'split it into several (ogr2ogr -explodecollections)',
      { size: rings.length, limit: MAX_RINGS },
    );
  }
  const described = rings
    .filter(({ length }) => length >= SHORTEST)
    .map((ring) => ({ ring, area: signedArea(ring), bounds: boundsOfPaths([ring]) }));
  const exteriors = described
    .filter(({ area }) => area <= 0)
    .map((exterior) => ({ ...exterior, polygon: [exterior.ring] }));
  // In ascending size, the first exterior that contains the hole is the smallest around it.
  const bySize = [...exteriors].sort((a, b) => b.area - a.area);
  // Rings that are too short are reported by the check of rings.
  const strays = rings.filter(({ length }) => length < SHORTEST).map((ring): Polygon => [ring]);
  for (const { ring, bounds } of described.filter(({ area }) => area > 0)) {
    const around = bySize.find((outer) => boxCovers(outer.bounds, bounds) && isAround(outer.ring, ring));
    // A hole outside all exteriors is an exterior with the wrong orientation.
    if (around === undefined) strays.push([ring]);
    else around.polygon.push(ring);
  }
  return [...exteriors.map(({ polygon }) => polygon), ...strays];
}

/** Whether a ring is inside another, by the middle of its first edge: corners may touch the outer one. */
function isAround(outer: Ring, [[xa, ya], [xb, yb]]: Ring): boolean {
  return ringContains(outer, [(xa + xb) / 2, (ya + yb) / 2]);
}
