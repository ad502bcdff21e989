/** Geometries and attributes of FlatGeobuf. */
import { invalidInput, TerrachipError } from '../../errors.js';
import type { Position } from '../features.js';
import { type GeometrySink, MAX_DEPTH } from '../json-geometry.js';
import type { FlatTable } from './flatbuffer.js';

const KIND = { point: 1, line: 2, polygon: 3, multiPoint: 4, multiLine: 5, multiPolygon: 6 };

/** A collection, and types that may contain curves but often do not. */
const COLLECTIONS = [7, 11, 12];

/** Fields of a geometry's table. */
const FIELD = { ends: 0, xy: 1, type: 6, parts: 7 };

/** @param layerType the type of all features, or 0 if each feature has its own */
export function addGeometry(table: FlatTable, layerType: number, sink: GeometrySink, depth = 0): void {
  const type = layerType === 0 ? table.number(FIELD.type, 'Uint8') : layerType;
  const paths = (): Position[][] => {
    const xy = table.float64s(FIELD.xy);
    const count = Math.floor(xy.length / 2);
    sink.admitPositions(count);
    const ends = table.uint32s(FIELD.ends);
    let start = 0;
    return (ends.length === 0 ? [count] : ends).map((end) => {
      if (end < start || end > count) {
        throw invalidInput(sink.name, 'has a geometry whose parts are not in order', 'get the file again');
      }
      const path = Array.from(
        { length: end - start },
        (_, k): Position => [xy.at(2 * (start + k)), xy.at(2 * (start + k) + 1)],
      );
      start = end;
      return path;
    });
  };
  if (type === KIND.point || type === KIND.multiPoint) {
    for (const point of paths().flat()) {
      if (!Number.isNaN(point[0]) || !Number.isNaN(point[1])) sink.addPoint(point);
    }
  } else if (type === KIND.line || type === KIND.multiLine) {
    for (const path of paths()) sink.addLine(path);
  } else if (type === KIND.polygon) {
    sink.addPolygon(paths());
  } else if (type === KIND.multiPolygon || COLLECTIONS.includes(type)) {
    if (depth >= MAX_DEPTH) throw invalidInput(sink.name, 'nests its geometries too deeply', 'correct it');
    for (const part of table.tables(FIELD.parts)) {
      sink.admitPositions(0);
      addGeometry(part, type === KIND.multiPolygon ? KIND.polygon : 0, sink, depth + 1);
    }
  } else {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${sink.name} holds geometries of type ${type}`,
      'convert them to polygons, lines or points (ogr2ogr -nlt CONVERT_TO_LINEAR)',
      { feature: `FlatGeobuf geometry type ${type}` },
    );
  }
}

export interface Column {
  readonly name: string;
  readonly type: number;
}

/** Types of a fixed size in bytes. */
const FIXED: readonly (readonly [size: number, read: (view: DataView, at: number) => unknown])[] = [
  [1, (view, at) => view.getInt8(at)],
  [1, (view, at) => view.getUint8(at)],
  [1, (view, at) => view.getUint8(at) !== 0],
  [2, (view, at) => view.getInt16(at, true)],
  [2, (view, at) => view.getUint16(at, true)],
  [4, (view, at) => view.getInt32(at, true)],
  [4, (view, at) => view.getUint32(at, true)],
  [8, (view, at) => exact(view.getBigInt64(at, true))],
  [8, (view, at) => exact(view.getBigUint64(at, true))],
  [4, (view, at) => view.getFloat32(at, true)],
  [8, (view, at) => view.getFloat64(at, true)],
];
const BINARY = 14;

/** Whole numbers that a float64 would round become texts. */
function exact(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** Attributes: the number of a column, then its value; text, JSON and dates are text, bytes are left out. */
export function readProperties(
  bytes: Uint8Array,
  columns: readonly Column[],
  name: string,
): Record<string, unknown> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const properties: [string, unknown][] = [];
  const require = (at: number, size: number): void => {
    if (at + size > view.byteLength) {
      throw invalidInput(name, 'has properties that end too early', 'get the file again');
    }
  };
  // A byte may be left over, as in FlatGeobuf's own alldatatypes.fgb.
  for (let at = 0; at + 2 <= view.byteLength; ) {
    const column = columns[view.getUint16(at, true)];
    if (column === undefined || column.type > BINARY) {
      throw invalidInput(name, 'has a property of no column', 'get the file again');
    }
    at += 2;
    if (column.type < FIXED.length) {
      const [size, read] = FIXED[column.type];
      require(at, size);
      properties.push([column.name, read(view, at)]);
      at += size;
      continue;
    }
    require(at, 4);
    const length = view.getUint32(at, true);
    require(at + 4, length);
    if (column.type !== BINARY) {
      properties.push([column.name, new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length))]);
    }
    at += 4 + length;
  }
  return Object.fromEntries(properties);
}
