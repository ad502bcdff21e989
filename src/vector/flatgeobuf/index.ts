/** FlatGeobuf: read as a stream, or by its index, so that only features in some bounds are fetched over HTTP. */
import { invalidInput, TerrachipError } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';
import { crsOfCode, type ReadLayerOptions, requireCrs, type VectorFeatures } from '../features.js';
import { GeometryChecker } from '../geometry-checker.js';
import { FlatTable } from './flatbuffer.js';
import { addGeometry, type Column, readProperties } from './geometry.js';
import { MAGIC } from './magic.js';
import { featuresWithin, indexBytes, type ReadBytes } from './packed-tree.js';

const MAX_HEADER = 10 * 2 ** 20;
const MAX_COLUMNS = 4096;

/** Fields of the header's table, of a column's and of a feature's. */
const HEADER = { geometryType: 2, columns: 7, featuresCount: 8, nodeSize: 9, crs: 10 };
const CRS = { organisation: 0, code: 1, wkt: 4 };
const COLUMN = { name: 0, type: 1 };
const FEATURE = { geometry: 0, properties: 1, columns: 2 };

/**
 * Reads features. The caller disposes of the source.
 * @throws {TerrachipError} INVALID_INPUT, UNSUPPORTED for other versions and for curves, or TOO_LARGE
 */
export async function readFlatGeobuf(
  source: ByteSource,
  options: ReadLayerOptions = {},
): Promise<VectorFeatures> {
  const { name } = source;
  const readBytes = bytesAhead(source, options.signal);
  const head = await readBytes(0, Math.min(12, source.size));
  if (head.length < 12 || MAGIC.some((byte, k) => head[k] !== byte)) {
    throw invalidInput(name, 'is no FlatGeobuf file of version 3', 'write it again with a current program');
  }
  const headerSize = uint32(head, 8);
  if (headerSize > MAX_HEADER) throw tooLarge(name, 'a header', headerSize, MAX_HEADER);
  const header = FlatTable.root(await readBytes(12, headerSize), name);
  const crs = requireCrs(name, () => crsOf(header.table(HEADER.crs)), options);
  const checker = new GeometryChecker(name, crs, options);
  const columns = columnsOf(header, HEADER.columns, name);
  const layerType = header.number(HEADER.geometryType, 'Uint8');
  const count = Number(header.uint64(HEADER.featuresCount));
  const nodeSize = header.number(HEADER.nodeSize, 'Uint16', 16);
  const indexStart = 12 + headerSize;
  const indexSize = count === 0 ? 0 : indexBytes(count, nodeSize, source);
  const start = indexStart + indexSize;
  /** Reads the feature at an offset, and returns where it ends. */
  const read = async (offset: number, label: string): Promise<number> => {
    const size = uint32(await readBytes(offset, 4), 0);
    const stored = await readBytes(offset + 4, size);
    checker.read(label, () => {
      const table = FlatTable.root(stored, checker.name);
      const geometry = table.table(FEATURE.geometry);
      const properties = table.bytes(FEATURE.properties);
      checker.admitFeature(properties?.length ?? 0);
      if (geometry !== null) addGeometry(geometry, layerType, checker);
      if (properties === null) return {};
      const own = columnsOf(table, FEATURE.columns, checker.name);
      return readProperties(properties, own.length > 0 ? own : columns, checker.name);
    });
    return offset + 4 + size;
  };
  if (options.bounds !== undefined && indexSize > 0) {
    const tree = { start: indexStart, count, nodeSize };
    const found = await featuresWithin(readBytes, tree, options.bounds(crs), name);
    for (const offset of found) await read(start + offset, `the feature at byte ${start + offset}`);
    return { name, layer: null, crs, features: checker.finish(false) };
  }
  for (let offset = start, k = 0; offset < source.size; k++) offset = await read(offset, `feature ${k}`);
  return { name, layer: null, crs, features: checker.finish() };
}

/** Bytes to read ahead: one request to a server then serves many small reads. */
const AHEAD = 256 * 1024;

/** Mostly sequential reads, from a window of the file. Results are views, which later reads do not change. */
function bytesAhead(source: ByteSource, signal?: AbortSignal): ReadBytes {
  let start = 0;
  let bytes = new Uint8Array();
  return async (offset, length) => {
    const at = offset - start;
    if (at >= 0 && at + length <= bytes.length) return bytes.subarray(at, at + length);
    const wanted = Math.max(length, Math.min(AHEAD, source.size - offset));
    bytes = await source.read(offset, wanted, { signal });
    start = offset;
    return bytes.subarray(0, length);
  };
}

function crsOf(table: FlatTable | null): Crs | null {
  if (table === null) return null;
  const code = table.number(CRS.code, 'Int32');
  const organisation = table.text(CRS.organisation);
  const wkt = table.text(CRS.wkt);
  if (code !== 0 && (organisation === null || /^epsg$/i.test(organisation))) return crsOfCode(code, wkt);
  return wkt === null || wkt === '' ? null : Crs.parse(wkt);
}

function columnsOf(table: FlatTable, field: number, name: string): Column[] {
  const columns: Column[] = [];
  for (const column of table.tables(field)) {
    if (columns.length === MAX_COLUMNS) throw tooLarge(name, 'columns', columns.length + 1, MAX_COLUMNS);
    columns.push({ name: column.text(COLUMN.name) ?? '', type: column.number(COLUMN.type, 'Uint8') });
  }
  return columns;
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function tooLarge(name: string, what: string, size: number, limit: number): Error {
  return new TerrachipError(
    'TOO_LARGE',
    `${name} has ${what} of ${size}, more than ${limit}`,
    'check the file',
    { size, limit },
  );
}
