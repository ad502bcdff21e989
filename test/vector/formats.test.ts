import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { feature as topojsonFeature } from 'topojson-client';
import { describe, expect, it } from 'vitest';
import { Crs } from '../../src/geo/index.js';
import { readProperties } from '../../src/vector/flatgeobuf/geometry.js';
import {
  boundsOfFeature,
  isVectorPath,
  readAreas,
  readFeatures,
  type VectorFeature,
} from '../../src/vector/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { startRangeServer } from '../support/http-server.js';

const FIXTURES = 'test/fixtures/vector';
const folder = await temporaryFolder();

interface Truth {
  epsg: number;
  features: { geometry: Geometry; properties: Record<string, unknown> }[];
}
interface Geometry {
  type: string;
  coordinates?: unknown;
  geometries?: Geometry[];
}
const truth: Record<string, Truth> = JSON.parse(await readFile(join(FIXTURES, 'truth.json'), 'utf8'));

/** What GDAL's GeoJSON of a feature holds, as ours is laid out. Heights are left out. */
function partsOf(geometry: Geometry): Pick<VectorFeature, 'polygons' | 'lines' | 'points'> {
  const flat = (value: unknown): unknown =>
    Array.isArray(value) && typeof value[0] === 'number' ? value.slice(0, 2) : (value as unknown[]).map(flat);
  const found: Record<'polygons' | 'lines' | 'points', unknown[]> = { polygons: [], lines: [], points: [] };
  const add = ({ type, coordinates, geometries }: Geometry): void => {
    const key = type.endsWith('Polygon') ? 'polygons' : type.endsWith('LineString') ? 'lines' : 'points';
    if (geometries !== undefined) for (const member of geometries) add(member);
    else if (type.startsWith('Multi')) found[key].push(...(flat(coordinates) as unknown[]));
    else found[key].push(flat(coordinates));
  };
  add(geometry);
  return found as unknown as VectorFeature;
}

/** Rings as sets of positions: GDAL orders and turns them as it likes. */
function canonical(feature: Pick<VectorFeature, 'polygons' | 'lines' | 'points'>): unknown {
  const ring = (positions: readonly (readonly number[])[]): string =>
    positions.slice(1).map(String).sort().join(' ');
  return {
    polygons: feature.polygons
      .map(([exterior, ...holes]) => [ring(exterior), ...holes.map(ring).sort()].join('|'))
      .sort(),
    lines: feature.lines,
    points: feature.points,
  };
}

describe('readFeatures', () => {
  it.each(Object.keys(truth))('reads %s as GDAL does', async (name) => {
    const found = await readFeatures(join(FIXTURES, name));
    const { epsg, features } = truth[name];
    expect(found.crs.equals(Crs.fromEpsg(epsg === 0 ? 32632 : epsg))).toBe(true);
    expect(found.features.map(canonical)).toEqual(
      features.map(({ geometry }) => canonical(partsOf(geometry))),
    );
    for (const [k, { properties }] of found.features.entries()) {
      const { fid, ...rest } = properties;
      // FlatGeobuf leaves out what is null.
      const given: Record<string, unknown> = { label: null, count: null, share: null, seen: null, ...rest };
      const theirs = { ...features[k].properties };
      if (typeof theirs.seen === 'string') theirs.seen = theirs.seen.replaceAll('/', '-').slice(0, 10);
      if (typeof given.seen === 'string') given.seen = String(given.seen).slice(0, 10);
      // A blank text of dBase is a missing one to GDAL.
      if (name.endsWith('.shp') || name.endsWith('.zip')) theirs.label ??= '';
      expect(given).toEqual(theirs);
    }
  });

  it('tells holes of one exterior from those of another, and islands from holes', async () => {
    const { features } = await readAreas(join(FIXTURES, 'parks.shp'));
    expect(features[1].polygons.map(({ length }) => length)).toEqual([3, 2]);
  });

  it('refuses lines and points where areas are asked for', async () => {
    await expect(readAreas(join(FIXTURES, 'mixed.gpkg'))).rejects.toThrow(
      /mixed\.gpkg holds a Point, which has no area; give polygons/,
    );
  });

  it.each(['points.fgb', 'parks.gpkg'])('reads what touches some bounds of %s', async (name) => {
    const { features: all } = await readFeatures(join(FIXTURES, name));
    for (const bounds of [
      [300000, 5500000, 300050, 5500100],
      [300037, 5500061, 300037, 5500061],
      [0, 0, 1, 1],
    ] as const) {
      const { features } = await readFeatures(join(FIXTURES, name), { bounds });
      const wanted = all.filter((each) => {
        const [x0, y0, x1, y1] = boundsOfFeature(each);
        return x0 <= bounds[2] && x1 >= bounds[0] && y0 <= bounds[3] && y1 >= bounds[1];
      });
      expect(features).toEqual(wanted);
    }
  });

  it.each(['parks.fgb', 'parks.gpkg', 'parks.zip', 'parks.shp'])('reads %s from a server', async (name) => {
    const server = await startRangeServer(await readFile(join(FIXTURES, name)));
    // The server answers every address with the same file: those beside it are none.
    server.fault = (request, response) => {
      if (request.url?.endsWith(name)) return false;
      response.writeHead(404).end();
      return true;
    };
    const url = server.url.replace('file.tif', name);
    const options = name.endsWith('.shp') ? { crs: 'EPSG:32632' } : {};
    const found = await readFeatures(url, options);
    expect(found.features.map(canonical)).toEqual(
      truth[name].features.map(({ geometry }) => canonical(partsOf(geometry))),
    );
  });

  it('knows vector files by their endings', () => {
    for (const path of ['a.geojson', 'b.SHP', 'c.gdb/', 'd.shp.zip', 'e.gpkg', 'https://x/f.fgb?key=1']) {
      expect(isVectorPath(path), path).toBe(true);
    }
    for (const path of ['a.tif', 'b.zip', 'c.zarr', 'gpkg']) expect(isVectorPath(path), path).toBe(false);
  });

  it('says what a file geodatabase needs', async () => {
    await symlink('.', join(folder, 'some.gdb'));
    await expect(readFeatures(join(folder, 'some.gdb'))).rejects.toThrow(
      /optional package gdal3\.js, which is not installed; run npm install gdal3\.js/,
    );
  });
});

describe('GeoPackages', () => {
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

  it('ask which of several layers is meant', async () => {
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

  it('are left alone: no lock and no log beside them', async () => {
    const path = make('waiting.gpkg', (database) => database.exec('CREATE TABLE things (shape BLOB)'));
    await writeFile(`${path}-wal`, 'rows');
    await expect(readFeatures(path)).rejects.toThrow(/has a write-ahead log beside it/);
  });

  it('refuse what is damaged, in bounded time', async () => {
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
});

describe('FlatGeobuf', () => {
  it('has properties of which a byte may be left over, and no more', () => {
    const columns = [
      { name: 'count', type: 3 },
      { name: 'bytes', type: 14 },
    ];
    const bytes = Uint8Array.of(0, 0, 5, 0, 1, 0, 1, 0, 0, 0, 88, 0);
    for (const end of [11, 12]) {
      expect(readProperties(bytes.subarray(0, end), columns, 'left-over.fgb')).toEqual({ count: 5 });
    }
    for (const end of [3, 6, 9, 10]) {
      expect(() => readProperties(bytes.subarray(0, end), columns, 'short.fgb')).toThrow(/end too early/);
    }
  });

  it('refuses what is damaged, in bounded time', async () => {
    for (const name of ['mixed.fgb', 'points.fgb', 'parks.fgb']) {
      const whole = await readFile(join(FIXTURES, name));
      let refused = 0;
      for (let k = 0; k < 300; k++) {
        const bytes = Buffer.from(whole);
        for (let n = 0; n < 4; n++) bytes[(k * 7919 + n * 104_729) % bytes.length] ^= 1 << ((k + n) % 8);
        const path = join(folder, 'flipped.fgb');
        await writeFile(path, bytes);
        try {
          await readFeatures(path, { bounds: [300000, 5500000, 300100, 5500100] });
        } catch (error) {
          refused++;
          expect(error).toMatchObject({ name: 'TerrachipError' });
        }
      }
      expect(refused).toBeGreaterThan(10);
    }
    await writeFile(join(folder, 'old.fgb'), Buffer.from('fgb\x02fgb\x00aaaaaaaaaaaaa', 'latin1'));
    await expect(readFeatures(join(folder, 'old.fgb'))).rejects.toThrow(/no FlatGeobuf file of version 3/);
  });
});

describe('TopoJSON', () => {
  // Two squares that share an edge, quantised, and one with a hole.
  const topology = {
    type: 'Topology',
    transform: { scale: [0.5, 0.25], translate: [10, 50] },
    arcs: [
      [
        [2, 0],
        [0, 4],
      ],
      [
        [2, 4],
        [-2, 0],
        [0, -4],
        [2, 0],
      ],
      [
        [2, 0],
        [2, 0],
        [0, 4],
        [-2, 0],
      ],
      [
        [3, 1],
        [0, 1],
        [1, 0],
        [0, -1],
        [-1, 0],
      ],
    ],
    objects: {
      places: {
        type: 'GeometryCollection',
        geometries: [
          { type: 'Polygon', arcs: [[0, 1]], properties: { name: 'left' } },
          { type: 'Polygon', arcs: [[2, -1], [3]], properties: { name: 'right' } },
          { type: null },
          { type: 'MultiPolygon', arcs: [[[0, 1]], [[2, ~0]]] },
          { type: 'LineString', arcs: [~2] },
          { type: 'MultiLineString', arcs: [[0], [3]] },
          { type: 'Point', coordinates: [1, 1] },
          {
            type: 'MultiPoint',
            coordinates: [
              [1, 1],
              [2, 3],
            ],
          },
        ],
      },
    },
  } as const;
  const write = async (document: unknown): Promise<string> => {
    const path = join(folder, `topology-${Math.random()}.topojson`);
    await writeFile(path, JSON.stringify(document));
    return path;
  };

  it('is what topojson-client makes of it', async () => {
    const { features, crs, layer } = await readFeatures(await write(topology));
    expect([crs.epsg, layer]).toEqual([4326, 'places']);
    const theirs = topojsonFeature(
      topology as unknown as Parameters<typeof topojsonFeature>[0],
      topology.objects.places as unknown as Parameters<typeof topojsonFeature>[1],
    ) as unknown as { features: { geometry: Geometry | null; properties: Record<string, unknown> | null }[] };
    const wanted = theirs.features.filter(({ geometry }) => geometry !== null);
    expect(features).toEqual(
      wanted.map(({ geometry, properties }) => ({
        ...partsOf(geometry ?? { type: '' }),
        properties: properties ?? {},
      })),
    );
  });

  it('bounds what arcs used again and again come to', async () => {
    const arcs = [
      Array.from({ length: 1000 }, (_, k) => [k % 2, k % 2]),
      [
        [0, 0],
        [1, 1],
      ],
    ];
    const object = { type: 'LineString', arcs: Array.from({ length: 5000 }, () => 0) };
    const path = await write({ type: 'Topology', arcs, objects: { a: object } });
    await expect(readFeatures(path)).rejects.toThrow(/more than 4000000 positions/);
  });

  it.each<[string, object, RegExp]>([
    ['an arc that is not there', { type: 'LineString', arcs: [9] }, /has no arc 9/],
    ['a word for an arc', { type: 'LineString', arcs: ['a'] }, /names no arc/],
    ['an open ring', { type: 'Polygon', arcs: [[0, 2]] }, /not closed by its arcs/],
    ['another type', { type: 'Blob', arcs: [] }, /"Blob", which is no geometry of TopoJSON/],
    ['no numbers', { type: 'Point', coordinates: ['a', 1] }, /not two numbers/],
  ])('refuses %s', async (_, object, message) => {
    await expect(readFeatures(await write({ ...topology, objects: { object } }))).rejects.toThrow(message);
  });
});
