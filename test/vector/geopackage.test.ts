import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { describe, expect, it } from 'vitest';
import { Crs, createTransform } from '../../src/geo/index.js';
import { readFeatures, type VectorFeature } from '../../src/vector/node/index.js';
import { temporaryFolder } from '../support/files.js';

const FIXTURES = 'test/fixtures/vector';
const folder = await temporaryFolder();

/** A GeoPackage with the layer `things` and its geometry column `shape`. */
const make = (name: string, fill: (database: InstanceType<typeof sqlite.Database>) => void): string => {
  const path = join(folder, name);
  const database = new sqlite.Database(path);
  database.exec(`CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
      organization_coordsys_id INTEGER, definition TEXT);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('x', 7, 'EPSG', 32632, '');
    INSERT INTO gpkg_geometry_columns VALUES ('things', 'shape', 7);`);
  fill(database);
  database.close();
  return path;
};
const point = (x: number, y: number): Uint8Array => {
  const blob = Buffer.alloc(8 + 21);
  blob.write('GP');
  blob[3] = 1;
  blob[8] = 1;
  blob.writeUInt32LE(1, 9);
  blob.writeDoubleLE(x, 13);
  blob.writeDoubleLE(y, 21);
  return blob;
};

/** WKB in the blob of a GeoPackage, without an envelope. */
const blobOf = (wkb: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from([0x47, 0x50, 0, 1, 7, 0, 0, 0]), wkb]);

/** The features of a layer of geometries, with ids from 1 on, and the warnings. */
async function readWkb(
  name: string,
  geometries: readonly Uint8Array[],
): Promise<{ features: readonly VectorFeature[]; warnings: string[] }> {
  const path = make(name, (database) => {
    database.exec('CREATE TABLE things (fid INTEGER PRIMARY KEY, shape BLOB)');
    for (const wkb of geometries) database.run('INSERT INTO things (shape) VALUES (?)', [blobOf(wkb)]);
  });
  const warnings: string[] = [];
  const { features } = await readFeatures(path, {
    onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
  });
  return { features, warnings };
}

describe('GeoPackages', () => {
  it('are read row by row: deep trees, long rows, numbers of every size, names that need quotes', async () => {
    const numbers = [
      0,
      1,
      -1,
      127,
      -129,
      40_000,
      -8_388_608,
      2 ** 31,
      -(2 ** 40),
      2 ** 52,
      9007199254740993n,
      0.1,
    ];
    const path = make('rows.gpkg', (database) => {
      database.exec(`CREATE TABLE "things" (id INTEGER NOT NULL PRIMARY KEY, [a, (b] TEXT DEFAULT 'x, (y' -- CHECK,
        , shape BLOB, n, /* a comment, */ "quo""ted" TEXT CHECK (max("quo""ted", 1) > 0), CONSTRAINT c UNIQUE (id))`);
      database.exec('BEGIN');
      const insert = database.prepare('INSERT INTO things VALUES (?, ?, ?, ?, ?)');
      for (let k = 0; k < 3000; k++) {
        insert.run([k * 3, 'ü'.repeat(k % 7 === 0 ? 3 * k : 3), point(k, -k), numbers[k % 12], String(k)]);
      }
      insert.finalize();
      database.exec('COMMIT');
      database.exec("ALTER TABLE things ADD COLUMN later TEXT DEFAULT 'given'");
    });
    const { features, layer } = await readFeatures(path);
    expect(layer).toBe('things');
    expect(features).toHaveLength(3000);
    for (const [k, { points, properties }] of features.entries()) {
      const n = numbers[k % 12];
      expect(points).toEqual([[k, -k]]);
      expect(properties).toEqual({
        id: 3 * k,
        'a, (b': 'ü'.repeat(k % 7 === 0 ? 3 * k : 3),
        n: typeof n === 'bigint' ? String(n) : n,
        'quo"ted': String(k),
        later: 'given',
      });
    }
  });

  it('are refused with a list of layers when there are several', async () => {
    const path = make('layers.gpkg', (database) => {
      database.exec(`CREATE TABLE things (shape BLOB); CREATE TABLE others (shape BLOB);
        INSERT INTO gpkg_geometry_columns VALUES ('others', 'shape', 0);`);
      database.run('INSERT INTO others VALUES (?)', [point(1, 2)]);
    });
    await expect(readFeatures(path)).rejects.toThrow(/holds 2 layers; name one of things, others/);
    await expect(readFeatures(path, { layer: 'no' })).rejects.toThrow(/has no layer "no"; choose one of/);
    await expect(readFeatures(path, { layer: 'others' })).rejects.toThrow(/does not say its coordinate/);
    const { crs, features } = await readFeatures(path, { layer: 'others', crs: 4326 });
    expect([crs.epsg, features.length]).toEqual([4326, 1]);
    expect((await readFeatures(path, { layer: 'things' })).features).toEqual([]);
  });

  it('have their CRS from WKT when its code is unknown, also WKT 2', async () => {
    const wkt =
      'PROJCRS["mine",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["c",METHOD["Lambert Azimuthal Equal Area"],PARAMETER["Latitude of natural origin",52],PARAMETER["Longitude of natural origin",10],PARAMETER["False easting",4321000],PARAMETER["False northing",3210000]],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]';
    for (const [name, organisation, columns] of [
      ['code.gpkg', 'EPSG', [wkt, null]],
      ['wkt2.gpkg', 'NONE', ['undefined', wkt]],
    ] as const) {
      const path = make(name, (database) => {
        database.exec(`CREATE TABLE things (shape BLOB);
          ALTER TABLE gpkg_spatial_ref_sys ADD COLUMN definition_12_063 TEXT;
          UPDATE gpkg_spatial_ref_sys SET organization = '${organisation}', organization_coordsys_id = 99999;`);
        const sql = 'UPDATE gpkg_spatial_ref_sys SET definition = ?, definition_12_063 = ?';
        database.run(sql, [...columns]);
        database.run('INSERT INTO things VALUES (?)', [point(4_321_000, 3_210_000)]);
      });
      const { crs } = await readFeatures(path);
      expect(crs.name).toBe('mine');
      // The centre of the projection by its parameters.
      const [lon, lat] = createTransform(crs, Crs.wgs84).forward(4_321_000, 3_210_000);
      expect([lon, lat]).toEqual([expect.closeTo(10, 9), expect.closeTo(52, 9)]);
    }
  });

  it('are read without a lock or log file', async () => {
    const path = make('waiting.gpkg', (database) => database.exec('CREATE TABLE things (shape BLOB)'));
    await writeFile(`${path}-wal`, 'rows');
    await expect(readFeatures(path)).rejects.toThrow(/has a write-ahead log beside it/);
  });

  it('are refused in bounded time when damaged', async () => {
    const whole = await readFile(join(FIXTURES, 'mixed.gpkg'));
    await writeFile(join(folder, 'text.gpkg'), 'no database');
    await expect(readFeatures(join(folder, 'text.gpkg'))).rejects.toThrow(/is no SQLite database/);
    let refused = 0;
    for (let k = 0; k < 300; k++) {
      const bytes = Buffer.from(whole);
      for (let n = 0; n < 4; n++) bytes[(k * 7919 + n * 104_729) % bytes.length] ^= 1 << ((k + n) % 8);
      const path = join(folder, 'flipped.gpkg');
      await writeFile(path, bytes);
      try {
        await readFeatures(path);
      } catch (error) {
        refused++;
        expect(error).toMatchObject({ name: 'TerrachipError' });
      }
    }
    expect(refused).toBeGreaterThan(10);
  });

  // The rows by SQLite (node-sqlite3-wasm, SELECT *).
  it('may have virtual columns, and columns added after their rows', async () => {
    const path = make('columns.gpkg', (database) => {
      database.exec(`CREATE TABLE things (fid INTEGER PRIMARY KEY, ha REAL GENERATED ALWAYS AS (m2 / 10000.0),
        m2 REAL, twice INT AS (m2 * 2) STORED, shape BLOB, "AS" TEXT DEFAULT 'as (', cls INTEGER)`);
      database.run('INSERT INTO things (m2, shape, cls) VALUES (?, ?, ?)', [25_000, point(1, 2), 7]);
      for (const column of [
        "kind TEXT DEFAULT 'it''s'",
        'code TEXT DEFAULT 5',
        "n INTEGER NOT NULL DEFAULT '12'",
        'low REAL DEFAULT -1.5',
        'yes BOOLEAN DEFAULT TRUE',
        'none TEXT',
        'late INT AS (n + 1)',
        'last INTEGER DEFAULT 3',
      ]) {
        database.exec(`ALTER TABLE things ADD COLUMN ${column}`);
      }
      database.run('INSERT INTO things (m2, shape, cls, last) VALUES (?, ?, ?, ?)', [
        1,
        point(3, 4),
        8,
        null,
      ]);
    });
    const database = new sqlite.Database(path);
    const wanted = database.all('SELECT * FROM things').map(({ shape, ha, late, ...rest }) => rest);
    database.close();
    const warnings: string[] = [];
    const { features } = await readFeatures(path, {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(features.map(({ properties }) => properties)).toEqual(wanted);
    expect(features[0].properties).toMatchObject({
      cls: 7,
      twice: 50_000,
      kind: "it's",
      code: '5',
      n: 12,
      last: 3,
    });
    expect(warnings).toEqual([expect.stringMatching(/computes ha, late of things when they are read/)]);
  });

  it('may be WITHOUT ROWID tables', async () => {
    const path = make('keyed.gpkg', (database) => {
      database.exec(`CREATE TABLE things (note TEXT, shape BLOB, a TEXT, b INTEGER, cls INTEGER DEFAULT 4,
        PRIMARY KEY (b, a)) WITHOUT ROWID`);
      for (let k = 0; k < 500; k++) {
        const note = 'n'.repeat(k % 50 === 0 ? 3000 : k % 90);
        database.run('INSERT INTO things VALUES (?, ?, ?, ?, ?)', [note, point(k, k), `a${k}`, k % 7, k]);
      }
    });
    const database = new sqlite.Database(path);
    const wanted = database.all('SELECT * FROM things').map(({ shape, ...rest }) => rest);
    database.close();
    for (const bounds of [undefined, [-1, -1, 1e4, 1e4] as const]) {
      const { features } = await readFeatures(path, bounds === undefined ? {} : { bounds });
      expect(features.map(({ properties }) => properties)).toEqual(wanted);
    }
  });
});

/** WKB from numbers: bytes, 32-bit counts and codes, and float64. */
function wkb(code: number, ...numbers: (number | 'd')[]): Buffer {
  const parts: Buffer[] = [Buffer.from([1])];
  let isDouble = false;
  for (const number of [code, ...numbers]) {
    if (number === 'd') {
      isDouble = true;
      continue;
    }
    const part = Buffer.alloc(isDouble ? 8 : 4);
    if (isDouble) part.writeDoubleLE(number);
    else part.writeUInt32LE(number);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

describe('geometries in well-known binary', () => {
  const square = [
    [0, 0],
    [4, 0],
    [4, 4],
    [0, 4],
    [0, 0],
  ] as const;
  /** A polygon of one ring with additional ordinates per position. */
  const polygon = (ring: readonly (readonly number[])[], code = 3, more: readonly number[] = []): Buffer =>
    wkb(code, 1, ring.length, 'd', ...ring.flatMap(([x, y]) => [x, y, ...more]));

  it('are read without Z and M, in ISO and extended WKB', async () => {
    const srid = Buffer.concat([wkb(0x2000_0003, 32632), polygon(square).subarray(5)]);
    const { features } = await readWkb('dimensions.gpkg', [
      polygon(square),
      polygon(square, 1003, [9]),
      polygon(square, 2003, [9]),
      polygon(square, 3003, [9, Number.NaN]),
      polygon(square, 0x8000_0003, [9]),
      polygon(square, 0xc000_0003, [9, 9]),
      srid,
      Buffer.concat([wkb(12, 1), polygon(square)]),
    ]);
    expect(features.map(({ polygons }) => polygons)).toEqual(Array.from({ length: 8 }, () => [[square]]));
  });

  it('are skipped when unusable, with a warning that names the feature', async () => {
    const nan = square.map(([x, y], k) => [x, k === 2 ? Number.NaN : y]);
    const hole = [
      [1, 1],
      [2, 2],
      [3, 3],
      [1, 1],
    ];
    const withHole = Buffer.concat([wkb(3, 2), polygon(square).subarray(9), polygon(hole).subarray(9)]);
    const { features, warnings } = await readWkb('bad.gpkg', [
      polygon(square),
      polygon(nan),
      polygon(square.slice(0, 2)),
      polygon(hole),
      withHole,
      wkb(3, 0),
      polygon(square).subarray(0, 40),
      wkb(15, 0),
      polygon(square.slice(0, 4)),
    ]);
    expect(features.map(({ properties }) => properties.fid)).toEqual([1, 5, 9]);
    expect(features.map(({ polygons }) => polygons)).toEqual([[[square]], [[square]], [[square]]]);
    expect(warnings.map((warning) => warning.replace(/^.*bad\.gpkg: /, '').replace(/ \(.*/, ''))).toEqual([
      'the feature of fid 2 has a position that is not two numbers; the polygon was left out',
      'the feature of fid 3 has a ring that is not closed and too short; the polygon was left out',
      'the feature of fid 4 has a ring that encloses no area; the polygon was left out',
      'the feature of fid 5 has a ring that encloses no area; the hole was left out',
      'the feature of fid 7 has a geometry that ends too early; the feature was left out',
      'the feature of fid 8 holds curves or surfaces',
      'the feature of fid 9 has a ring that is not closed; its ends were joined',
    ]);
  });

  it('are an error when none of a file is usable', async () => {
    await expect(readWkb('none.gpkg', [polygon(square.slice(0, 2))])).rejects.toThrow(
      /the feature of fid 1 has a ring that is not closed and too short; correct it/,
    );
  });
});
