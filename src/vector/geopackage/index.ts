/** GeoPackage (OGC 12-128): layers of features in an SQLite database. */
import { invalidInput } from '../../errors.js';
import { type Bounds, Crs } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';
import {
  chooseLayer,
  crsOfCode,
  type ReadLayerOptions,
  requireCrs,
  type VectorFeatures,
} from '../features.js';
import { GeometryChecker } from '../geometry-checker.js';
import { readWkb } from '../wkb.js';
import { SqliteFile, type SqliteRow, type SqliteValue } from './sqlite.js';

/** Bytes of the envelope, by the three bits of its type. */
const ENVELOPE_BYTES = [0, 32, 48, 48, 64];
const GEOMETRY_HEADER = 8;

/** Limit on rows of a table of the database's metadata. */
const MAX_ROWS = 10_000;

/**
 * Reads a layer. The caller disposes of the source. A write-ahead log beside the file is not read.
 * @throws {TerrachipError} INVALID_INPUT, INVALID_OPTION for several layers without a choice, UNSUPPORTED
 * for curves, or TOO_LARGE
 */
export async function readGeoPackage(
  source: ByteSource,
  options: ReadLayerOptions = {},
): Promise<VectorFeatures> {
  const { name } = source;
  const database = await SqliteFile.open(source, options.signal);
  if (!database.has('gpkg_geometry_columns')) {
    throw invalidInput(name, 'is a database without layers of features', 'check that it is a GeoPackage');
  }
  const described = await collect(database, 'gpkg_geometry_columns');
  const layers = new Map(described.map((row) => [String(row.table_name), row]));
  const layer = chooseLayer(name, [...layers.keys()], options);
  const geometryColumn = String(layers.get(layer)?.column_name);
  const systems = await collect(database, 'gpkg_spatial_ref_sys');
  const srs = layers.get(layer)?.srs_id ?? null;
  const crs = requireCrs(name, () => crsOf(systems, srs, name), options);
  const checker = new GeometryChecker(name, crs, options);
  const bounds = options.bounds?.(crs);
  const { computed } = database.table(layer);
  if (computed.length > 0) {
    const message = `${name} computes ${computed.join(', ')} of ${layer} when they are read, which needs SQLite; they are left out`;
    options.onProgress?.({ type: 'warning', message });
  }
  let k = 0;
  for await (const row of wantedRows(database, layer, geometryColumn, bounds)) {
    const { [geometryColumn]: geometry, ...rest } = row;
    checker.admitFeature(bytesOf(rest));
    checker.read(labelOf(rest, k++), () => {
      if (geometry instanceof Uint8Array) addGeometry(geometry, checker);
      return propertiesOf(rest);
    });
  }
  return { name, layer, crs, features: checker.finish(bounds === undefined) };
}

async function* wantedRows(
  database: SqliteFile,
  layer: string,
  geometryColumn: string,
  bounds: Bounds | undefined,
): AsyncGenerator<SqliteRow> {
  const index = `rtree_${layer}_${geometryColumn}_node`;
  if (bounds === undefined || database.table(layer).byKey || !database.has(index)) {
    yield* database.rows(layer);
    return;
  }
  for (const id of await rowsWithin(database, index, bounds)) {
    const row = await database.row(layer, id);
    // A trigger of SQLite removes deleted rows from the index: a program without triggers leaves them there.
    if (row !== null) yield row;
  }
}

/** A 64-bit number and four float32, rounded outwards. */
const CELL_BYTES = 24;
const MAX_DEPTH = 40;

/**
 * Numbers of the rows whose boxes touch the bounds, in order, from the R-tree of a layer (GeoPackage 1.3, annex F.3).
 * SQLite stores its nodes in a table.
 * @throws {TerrachipError} INVALID_INPUT for a damaged index
 */
async function rowsWithin(database: SqliteFile, table: string, [x0, y0, x1, y1]: Bounds): Promise<number[]> {
  const damaged = (): Error => invalidInput(database.name, 'has a damaged spatial index', 'build it again');
  const found: number[] = [];
  const seen = new Set([1]);
  let level = [1];
  let depth = 0;
  for (let k = 0; level.length > 0; k++) {
    const next: number[] = [];
    for (const node of level) {
      const data = (await database.row(table, node))?.data;
      if (!(data instanceof Uint8Array) || data.length < 4) throw damaged();
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      // Only the root has the number of levels below it.
      if (k === 0) depth = view.getUint16(0);
      const count = view.getUint16(2);
      if (depth > MAX_DEPTH || 4 + count * CELL_BYTES > data.length) throw damaged();
      for (let at = 4; at < 4 + count * CELL_BYTES; at += CELL_BYTES) {
        const [minX, maxX, minY, maxY] = [8, 12, 16, 20].map((offset) => view.getFloat32(at + offset));
        if (minX > x1 || maxX < x0 || minY > y1 || maxY < y0) continue;
        const id = Number(view.getBigInt64(at));
        if (k === depth) found.push(id);
        else if (seen.has(id)) throw damaged();
        else {
          seen.add(id);
          next.push(id);
        }
      }
    }
    level = next;
  }
  return found.sort((a, b) => a - b);
}

/** Messages name a feature by its number in the table, else by its place in the order. */
function labelOf({ fid, id }: SqliteRow, place: number): string {
  if (fid !== undefined) return `the feature of fid ${fid}`;
  return id === undefined ? `feature ${place}` : `the feature of id ${id}`;
}

function addGeometry(blob: Uint8Array, checker: GeometryChecker): void {
  const isGeometry = blob.length >= GEOMETRY_HEADER && blob[0] === 0x47 && blob[1] === 0x50;
  const envelope = ENVELOPE_BYTES[((blob[3] ?? 0) >> 1) & 7];
  if (!isGeometry || envelope === undefined) {
    throw invalidInput(checker.name, 'has an invalid GeoPackage geometry', 'write it again');
  }
  const isEmpty = (blob[3] & 0x10) !== 0;
  if (!isEmpty) readWkb(blob.subarray(GEOMETRY_HEADER + envelope), checker);
}

/** Null for the two numbers of an unknown CRS. */
function crsOf(systems: readonly SqliteRow[], id: SqliteValue, name: string): Crs | null {
  if (typeof id !== 'number' || id <= 0) return null;
  const found = systems.find(({ srs_id }) => srs_id === id);
  if (found === undefined) {
    throw invalidInput(name, `names the reference system ${id} and does not define it`, 'correct it');
  }
  const { organization, organization_coordsys_id: code, definition } = found;
  // The extension for WKT 2 has a column for definitions that WKT 1 cannot express.
  const text = [definition, found.definition_12_063].find(
    (each) => typeof each === 'string' && each !== '' && each !== 'undefined',
  );
  if (/^epsg$/i.test(String(organization)) && typeof code === 'number') {
    return crsOfCode(code, text === undefined ? null : String(text));
  }
  return Crs.parse(String(text));
}

async function collect(database: SqliteFile, table: string): Promise<SqliteRow[]> {
  const rows: SqliteRow[] = [];
  for await (const row of database.rows(table)) {
    if (rows.push(row) > MAX_ROWS) {
      throw invalidInput(database.name, `has more than ${MAX_ROWS} rows in ${table}`, 'check the file');
    }
  }
  return rows;
}

function bytesOf(row: SqliteRow): number {
  return Object.values(row).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' || value instanceof Uint8Array ? value.length : 8),
    0,
  );
}

/** Bytes are left out; integers above 2^53 become text, for JSON. */
function propertiesOf(row: SqliteRow): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, unknown][] =>
      value instanceof Uint8Array ? [] : [[name, typeof value === 'bigint' ? String(value) : value]],
    ),
  );
}
