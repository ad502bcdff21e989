import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFeatures } from '../../src/vector/node/index.js';
import { PolygonFile } from '../../src/vector/node/polygon-file.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();

describe('PolygonFile', () => {
  it('writes long collections in pieces, and an empty one too', async () => {
    const path = join(folder, 'long.geojson');
    const file = await PolygonFile.create(path);
    const ring = Array.from({ length: 500 }, (_, k): [number, number] => [k / 7, k / 11]);
    for (let k = 0; k < 300; k++) {
      file.add(k % 2 === 0 ? [[ring]] : [[ring], [ring]], { k });
      await file.flush();
    }
    await file.finish();
    const { features } = JSON.parse(await readFile(path, 'utf8'));
    expect(features.map(({ properties }: { properties: { k: number } }) => properties.k)).toEqual(
      Array.from({ length: 300 }, (_, k) => k),
    );
    expect(features[0].geometry).toEqual({ type: 'Polygon', coordinates: [ring] });
    expect(features[1].geometry.type).toBe('MultiPolygon');
    const empty = await PolygonFile.create(path);
    await empty.finish();
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ type: 'FeatureCollection', features: [] });
  });

  it('keeps an existing file when it is aborted', async () => {
    const path = join(folder, 'kept.geojson');
    const first = await PolygonFile.create(path);
    await first.finish();
    const before = await readFile(path, 'utf8');
    const second = await PolygonFile.create(path);
    second.add([], {});
    await second.abort();
    expect(await readFile(path, 'utf8')).toBe(before);
    await expect(PolygonFile.create(join(folder, 'no', 'x.geojson'))).rejects.toThrow(/cannot be written/);
  });

  const types = { id: 'integer', class: 'text', km2: 'number' } as const;
  const square = (x: number, y: number): [number, number][] => [
    [x, y],
    [x + 1, y],
    [x + 1, y + 1],
    [x, y + 1],
    [x, y],
  ];
  const withHole = [
    square(5, 40),
    square(5, 40).map(([x, y]): [number, number] => [(x + 6) / 2, (y + 41) / 2]),
  ];

  it.each(['fgb', 'parquet'])('writes %s, which is read back unchanged', async (ending) => {
    const path = join(folder, `areas.${ending}`);
    const file = await PolygonFile.create(path, types);
    file.add([withHole], { id: 2 ** 40, class: 'Wälder', km2: 0.1 });
    await file.flush();
    file.add([[square(-180, 1)], [square(179, 1)]], { id: -1, km2: 1e-9, unknown: 1 });
    await file.finish();
    expect(file.count).toBe(2);
    const { crs, features } = await readFeatures(path);
    expect(crs.toString()).toMatch(/4326|84/);
    expect(features.map(({ polygons, properties }) => ({ polygons, properties }))).toEqual([
      { polygons: [withHole], properties: { id: 2 ** 40, class: 'Wälder', km2: 0.1 } },
      {
        polygons: [[square(-180, 1)], [square(179, 1)]],
        properties: { id: -1, km2: 1e-9, ...(ending === 'parquet' ? { class: null } : {}) },
      },
    ]);
  });

  it.each(['fgb', 'parquet'])('writes %s in pieces, and without features', async (ending) => {
    const path = join(folder, `many.${ending}`);
    const many = await PolygonFile.create(path, types);
    for (let id = 0; id < 21_000; id++) {
      many.add([[square(id % 100, id % 80)]], { id });
      if (id % 1000 === 0) await many.flush();
    }
    await many.finish();
    const { features } = await readFeatures(path);
    expect(features.map(({ properties }) => properties.id)).toEqual(
      Array.from({ length: 21_000 }, (_, k) => k),
    );
    const empty = await PolygonFile.create(path, types);
    await empty.finish();
    expect((await readFeatures(path)).features).toEqual([]);
  });

  it('lists the valid extensions', async () => {
    await expect(PolygonFile.create(join(folder, 'a.shp'))).rejects.toThrow(
      /a\.shp ends with \.shp, but would be written as GeoJSON, FlatGeobuf or GeoParquet; give a name that ends with \.geojson, \.json, \.fgb, \.parquet or \.geoparquet/,
    );
  });
});
