import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { feature as topojsonFeature } from 'topojson-client';
import { describe, expect, it } from 'vitest';
import { Crs } from '../../src/geo/index.js';
import { boundsOfFeature } from '../../src/vector/features.js';
import { readProperties } from '../../src/vector/flatgeobuf/geometry.js';
import { isVectorPath, readAreas, readFeatures, type VectorFeature } from '../../src/vector/node/index.js';
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

/** A feature of GDAL's GeoJSON in our layout, without heights. */
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

/** Rings as sets of positions, since GDAL's order and direction differ. */
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
  it.each(Object.keys(truth))("gives GDAL's features for %s", async (name) => {
    const found = await readFeatures(join(FIXTURES, name));
    const { epsg, features } = truth[name];
    expect(found.crs.equals(Crs.fromEpsg(epsg === 0 ? 32632 : epsg))).toBe(true);
    expect(found.features.map(canonical)).toEqual(
      features.map(({ geometry }) => canonical(partsOf(geometry))),
    );
    for (const [k, { properties }] of found.features.entries()) {
      const { fid, ...rest } = properties;
      // FlatGeobuf leaves out null properties.
      const given: Record<string, unknown> = { label: null, count: null, share: null, seen: null, ...rest };
      const theirs = { ...features[k].properties };
      if (typeof theirs.seen === 'string') theirs.seen = theirs.seen.replaceAll('/', '-').slice(0, 10);
      if (typeof given.seen === 'string') given.seen = String(given.seen).slice(0, 10);
      // GDAL reads a blank dBase text as missing.
      if (name.endsWith('.shp') || name.endsWith('.zip')) theirs.label ??= '';
      expect(given).toEqual(theirs);
    }
  });

  it('assigns holes to their exteriors, and distinguishes islands from holes', async () => {
    const { features } = await readAreas(join(FIXTURES, 'parks.shp'));
    expect(features[1].polygons.map(({ length }) => length)).toEqual([3, 2]);
  });

  it('refuses lines and points when areas are required', async () => {
    await expect(readAreas(join(FIXTURES, 'mixed.gpkg'))).rejects.toThrow(
      /mixed\.gpkg holds a Point, which has no area; give polygons/,
    );
  });

  it.each(['points.fgb', 'parks.gpkg'])('reads the features of %s that touch given bounds', async (name) => {
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
    // The server answers every address with the same file, so sidecars are invalid.
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

  it('recognises vector files by extension', () => {
    for (const path of ['a.geojson', 'b.SHP', 'c.gdb/', 'd.shp.zip', 'e.gpkg', 'https://x/f.fgb?key=1']) {
      expect(isVectorPath(path), path).toBe(true);
    }
    for (const path of ['a.tif', 'b.zip', 'c.zarr', 'gpkg']) expect(isVectorPath(path), path).toBe(false);
  });

  // GDAL reads each of these as the same three features (ogrinfo: GeoJSONSeq, with and without record separators).
  it.each([
    ['lines.geojsonl', (texts: string[]) => `\uFEFF${texts.join('\n')}\n`],
    ['lines.geojson', (texts: string[]) => texts.join('\r\n')],
    ['sequence.geojsons', (texts: string[]) => texts.map((text) => `\x1e${text}\n`).join('')],
    [
      'pretty.json',
      (texts: string[]) => texts.map((text) => `\x1e${text.replaceAll(',', ',\n')}\n`).join(''),
    ],
  ])('reads a feature a line: %s', async (name, write) => {
    const feature = (k: number): object => ({
      type: 'Feature',
      properties: { k },
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [k, 0],
            [k + 1, 0],
            [k, 1],
            [k, 0],
          ],
        ],
      },
    });
    const path = join(folder, name);
    await writeFile(path, write([0, 1, 2].map((k) => JSON.stringify(feature(k)))));
    const { features } = await readFeatures(path);
    expect(features.map(({ properties }) => properties.k)).toEqual([0, 1, 2]);
    expect(features[2].polygons[0][0][1]).toEqual([3, 0]);
  });

  it.each([
    [
      'kml',
      '<?xml version="1.0"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"/>',
      /is a KML file, .* ogr2ogr/,
    ],
    ['gml', '<?xml version="1.0"?><a:Parcels xmlns:gml="http://www.opengis.net/gml"/>', /is a GML file/],
    ['gpx', '<gpx version="1.1"/>', /is a GPX file/],
    ['csv', 'id,WKT\n1,"POINT (1 2)"\n', /is a table of text \(CSV\)/],
    ['html', '<!DOCTYPE html><html></html>', /is an HTML page, .* check the address/],
    ['wkt', 'POLYGON ((0 0,1 0,1 1,0 0))', /is well-known text/],
    ['tif', 'II*\0', /is a raster/],
    ['dat', 'fgb\x03', /is a FlatGeobuf file, .* ending of its format \(\.fgb\)/],
  ])('names what it does not read: %s', async (ending, text, message) => {
    const path = join(folder, `other.${ending}`);
    await writeFile(path, text);
    await expect(readFeatures(path)).rejects.toThrow(message);
  });

  it('explains how to convert a file geodatabase', async () => {
    await symlink('.', join(folder, 'some.gdb'));
    await expect(readFeatures(join(folder, 'some.gdb'))).rejects.toThrow(
      /optional package gdal3\.js, which is not installed; run npm install gdal3\.js/,
    );
  });
});

describe('FlatGeobuf', () => {
  it('may have one extra byte after its properties, and no more', () => {
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

  it('skips an unusable feature, and reads the others', async () => {
    const whole = await readFile(join(FIXTURES, 'parks.fgb'));
    const { features } = await readFeatures(join(FIXTURES, 'parks.fgb'));
    const [x] = features[0].polygons[0][0][0];
    const number = Buffer.alloc(8);
    number.writeDoubleLE(x);
    // After the header and the index, whose boxes also have the number.
    const at = whole.lastIndexOf(number);
    whole.writeDoubleLE(Number.NaN, at);
    const path = join(folder, 'nan.fgb');
    await writeFile(path, whole);
    const warnings: string[] = [];
    const found = await readFeatures(path, {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(found.features).toHaveLength(features.length - 1);
    expect(warnings).toEqual([
      expect.stringMatching(
        /nan\.fgb: feature \d has a position that is not two numbers; the polygon was left out/,
      ),
    ]);
  });

  it('keeps 64-bit integers as strings when they would be rounded', () => {
    const columns = [{ name: 'id', type: 7 }];
    for (const [value, wanted] of [
      [2n ** 53n + 1n, '9007199254740993'],
      [5n, 5],
    ] as const) {
      const bytes = Buffer.alloc(10);
      bytes.writeBigInt64LE(value, 2);
      expect(readProperties(bytes, columns, 'x')).toEqual({ id: wanted });
    }
  });

  it('refuses damaged files in bounded time', async () => {
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

  it("is equal to topojson-client's result", async () => {
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

  it('bounds the size of repeated arcs', async () => {
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

  it('skips unusable features, and takes the CRS option', async () => {
    const warnings: string[] = [];
    const places = {
      type: 'GeometryCollection',
      geometries: [
        { type: 'Polygon', arcs: [[9]] },
        { type: 'Polygon', arcs: [] },
        null,
        { type: 'Polygon', arcs: [[0, 1]] },
      ],
    };
    const path = await write({ ...topology, objects: { places } });
    const { crs, features } = await readFeatures(path, {
      crs: 32632,
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect([crs.epsg, features.length]).toEqual([32632, 1]);
    expect(warnings).toEqual([
      expect.stringMatching(/: geometry 0 has no arc 9, which a geometry names; the feature was left out/),
      expect.stringMatching(/: geometry 2 is not as it should be/),
    ]);
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
