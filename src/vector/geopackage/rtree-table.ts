/** The R-tree of a layer (GeoPackage 1.3, annex F.3), read from the table that SQLite keeps its nodes in. */
import { invalidInput } from '../../errors.js';
import type { Bounds } from '../../geo/index.js';
import type { SqliteFile } from './sqlite.js';

/** A 64-bit number and four float32, which are rounded outwards. */
const CELL_BYTES = 24;
const MAX_DEPTH = 40;

/** The table of the nodes; null for a layer without an index. */
export function indexTable(database: SqliteFile, layer: string, column: string): string | null {
  const table = `rtree_${layer}_${column}_node`;
  return database.has(table) ? table : null;
}

/**
 * Numbers of the rows whose boxes touch the bounds, in order.
 * @throws {TerrachipError} INVALID_INPUT for a damaged index
 */
export async function rowsWithin(
  database: SqliteFile,
  table: string,
  [x0, y0, x1, y1]: Bounds,
): Promise<number[]> {
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
      // Only the root says how many levels lie below it.
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
