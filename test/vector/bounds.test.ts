/** Only features in the bounds are read of files with a spatial index. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { describe, expect, it } from 'vitest';
import { loadVector } from '../../src/catalog/node/index.js';
import { type Bounds, Crs, transformBounds } from '../../src/geo/node/index.js';
import { readFeatures } from '../../src/vector/node/index.js';
import { rasterizeFile } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { startRangeServer } from '../support/http-server.js';
import { gridAt } from '../support/raster-rows.js';

const FIXTURES = 'test/fixtures/vector';
const folder = await temporaryFolder();

/** GDAL's 300 points with its index; features are padded so that the file is larger than one read-ahead. */
async function paddedFlatGeobuf(featureBytes: number): Promise<Buffer> {
  const file = await readFile(join(FIXTURES, 'points.fgb'));
  const indexStart = 12 + file.readUInt32LE(8);
  const levels = [300, 19, 2, 1];
  const nodes = levels.reduce((sum, size) => sum + size, 0);
  const start = indexStart + nodes * 40;
  const features: Buffer[] = [];
  for (let k = 0; k < 300; k++) {
    const leaf = indexStart + (nodes - 300 + k) * 40 + 32;
    const at = start + Number(file.readBigUInt64LE(leaf));
    const feature = Buffer.alloc(featureBytes);
    file.copy(feature, 0, at, at + 4 + file.readUInt32LE(at));
    feature.writeUInt32LE(featureBytes - 4);
    file.writeBigUInt64LE(BigInt(k * featureBytes), leaf);
    features.push(feature);
  }
  return Buffer.concat([file.subarray(0, start), ...features]);
}

/** A GeoPackage of `side` × `side` squares of 10 m, 100 m apart, with the R-tree that SQLite would make. */
async function indexedGeoPackage(side: number): Promise<Buffer> {
  const path = join(folder, `squares-${side}.gpkg`);
  await rm(path, { force: true });
  const database = new sqlite.Database(path);
  database.exec(`CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
      organization_coordsys_id INTEGER, definition TEXT);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('x', 7, 'EPSG', 32631, '');
    INSERT INTO gpkg_geometry_columns VALUES ('squares', 'shape', 7);
    CREATE TABLE squares (fid INTEGER PRIMARY KEY, shape BLOB, note TEXT);
    CREATE TABLE "rtree_squares_shape_node" (nodeno INTEGER PRIMARY KEY, data);
    BEGIN;`);
  type Cell = { id: number; box: Bounds };
  const node = (cells: readonly Cell[], depth: number): Uint8Array => {
    const data = Buffer.alloc(4 + 24 * cells.length);
    data.writeUInt16BE(depth, 0);
    data.writeUInt16BE(cells.length, 2);
    for (const [k, { id, box }] of cells.entries()) {
      data.writeBigInt64BE(BigInt(id), 4 + 24 * k);
      // minX, maxX, minY, maxY.
      for (const [j, side] of [0, 2, 1, 3].entries()) data.writeFloatBE(box[side], 4 + 24 * k + 8 + 4 * j);
    }
    return data;
  };
  const insert = database.prepare('INSERT INTO squares VALUES (?, ?, ?)');
  const rows: Cell[] = [];
  for (let k = 0; k < side * side; k++) {
    const [x, y] = [500_000 + 100 * (k % side), 5_000_000 + 100 * Math.floor(k / side)];
    const ring = [x, y, x + 10, y, x + 10, y + 10, x, y + 10, x, y];
    const blob = Buffer.alloc(8 + 9 + 4 + 8 * ring.length);
    blob.write('GP');
    blob[3] = 1;
    blob[8] = 1;
    blob.writeUInt32LE(3, 9);
    blob.writeUInt32LE(1, 13);
    blob.writeUInt32LE(5, 17);
    for (const [j, value] of ring.entries()) blob.writeDoubleLE(value, 21 + 8 * j);
    // Ids with gaps, as after deleted rows.
    rows.push({ id: 3 * k + 5, box: [x, y, x + 10, y + 10] });
    insert.run([3 * k + 5, blob, 'n'.repeat(400)]);
  }
  insert.finalize();
  const write = database.prepare('INSERT INTO "rtree_squares_shape_node" VALUES (?, ?)');
  let level = rows;
  let depth = 0;
  let next = 2;
  for (; level.length > 30; depth++) {
    const parents: Cell[] = [];
    for (let k = 0; k < level.length; k += 30) {
      const cells = level.slice(k, k + 30);
      const boxes = cells.map(({ box }) => box);
      const hull: Bounds = [
        Math.min(...boxes.map((b) => b[0])),
        Math.min(...boxes.map((b) => b[1])),
        Math.max(...boxes.map((b) => b[2])),
        Math.max(...boxes.map((b) => b[3])),
      ];
      write.run([next, node(cells, 0)]);
      parents.push({ id: next++, box: hull });
    }
    level = parents;
  }
  write.run([1, node(level, depth)]);
  write.finalize();
  database.exec('COMMIT');
  database.close();
  return readFile(path);
}

async function served(
  content: Uint8Array,
  name: string,
): Promise<{ url: string; bytes: () => number; requests: () => number }> {
  const server = await startRangeServer(content);
  return {
    url: server.url.replace('file.tif', name),
    requests: () => server.ranges.length,
    bytes: () =>
      server.ranges.reduce((sum, range) => {
        const [from, to] = (range ?? '').replace('bytes=', '').split('-').map(Number);
        return sum + to + 1 - from;
      }, 0),
  };
}

describe('bounds', () => {
  it('fetch only the touched features of an indexed FlatGeobuf file', async () => {
    const file = await paddedFlatGeobuf(8192);
    const { features } = await readFeatures(join(FIXTURES, 'points.fgb'));
    const [[x, y]] = features[123].points;
    const server = await served(file, 'points.fgb');
    const found = await readFeatures(server.url, { bounds: [x - 1, y - 1, x + 1, y + 1] });
    expect(found.features).toEqual([features[123]]);
    expect(server.requests()).toBeLessThan(5);
    expect(server.bytes()).toBeLessThan(file.length / 3);
  });

  it('read only the touched features of an indexed GeoPackage', async () => {
    const file = await indexedGeoPackage(100);
    expect(file.length).toBeGreaterThan(5_000_000);
    const server = await served(file, 'squares.gpkg');
    const found = await readFeatures(server.url, { bounds: [503_000, 5_004_000, 503_120, 5_004_110] });
    expect(found.features.map(({ properties }) => properties.fid)).toEqual(
      [4030, 4031, 4130, 4131].map((k) => 3 * k + 5),
    );
    expect(server.requests()).toBeLessThan(12);
    expect(server.bytes()).toBeLessThan(file.length / 4);
    const all = await readFeatures(join(folder, 'squares-100.gpkg'), {
      bounds: [-1e7, -1e7, 1e7, 1e7],
    });
    expect(all.features).toHaveLength(10_000);
  });

  it('select the same features with and without an index, in any CRS', async () => {
    for (const name of ['parks.gpkg', 'parks.fgb', 'parks.shp', 'points.fgb']) {
      const whole = await readFeatures(join(FIXTURES, name));
      const [feature] = whole.features;
      const positions = [...feature.polygons.flat(2), ...feature.lines.flat(), ...feature.points];
      const [x, y] = positions[0];
      const bounds: Bounds = [x - 5, y - 5, x + 5, y + 5];
      const near = await readFeatures(join(FIXTURES, name), { bounds });
      expect(near.features).toContainEqual(feature);
      expect(near.features.length).toBeLessThan(whole.features.length);
      const degrees = transformBounds(bounds, Crs.fromEpsg(32632), Crs.wgs84);
      const same = await readFeatures(join(FIXTURES, name), { bounds: degrees, boundsCrs: 4326 });
      expect(same.features).toEqual(near.features);
    }
  });

  it('are taken from the grid of labels', async () => {
    const file = await indexedGeoPackage(100);
    const server = await served(file, 'squares.gpkg');
    // Four pixels of 10 m to the right of and above a square's lower left corner.
    const grid = gridAt(503_000, 5_004_020, 2, 2);
    const { classes } = await loadVector(server.url, grid);
    expect([...classes.data]).toEqual([0, 0, 1, 0]);
    expect(server.bytes()).toBeLessThan(file.length / 4);
    const before = server.bytes();
    const destination = join(folder, 'label.tif');
    const { features } = await rasterizeFile({
      source: server.url,
      destination,
      grid: { crs: grid.crs, bounds: grid.bounds, size: [2, 2] },
    });
    expect(features).toBe(1);
    expect(server.bytes() - before).toBeLessThan(file.length / 4);
    // Shared by several calls, it is read whole.
    const files = new Map();
    await loadVector(server.url, grid, { files });
    expect((await files.get(server.url)).features).toHaveLength(10_000);
  });

  it('are refused for a damaged index', async () => {
    const file = await indexedGeoPackage(10);
    const path = join(folder, 'squares-10.gpkg');
    const database = new sqlite.Database(path);
    // A node that points to the root.
    database.exec(
      'UPDATE "rtree_squares_shape_node" SET data = (SELECT data FROM "rtree_squares_shape_node" WHERE nodeno = 1)',
    );
    database.exec('DELETE FROM "rtree_squares_shape_node" WHERE nodeno = 3');
    database.close();
    expect(file.length).toBeGreaterThan(0);
    await expect(readFeatures(path, { bounds: [0, 0, 1e6, 1e7] })).rejects.toThrow(/damaged spatial index/);
  });
});
