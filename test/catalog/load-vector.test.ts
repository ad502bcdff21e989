import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GeoCatalog, loadRaster, loadSides, loadVector } from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import { catalogRow } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const crs = { type: 'name', properties: { name: 'EPSG:32631' } };
const box = (x0: number, y0: number, x1: number, y1: number) => ({
  type: 'Polygon',
  coordinates: [
    [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
      [x0, y0],
    ],
  ],
});
const feature = (geometry: object, properties: object) => ({ type: 'Feature', geometry, properties });

// A grid of 4 × 3 pixels of 10 m whose upper left corner is (500000, 5000030).
const grid = gridAt(500_000, 5_000_030, 4, 3);
const path = join(folder, 'labels.geojson');
await writeFile(
  path,
  JSON.stringify({
    type: 'FeatureCollection',
    crs,
    features: [
      // Columns 0 and 1 of rows 1 and 2, and beyond the left edge.
      feature(box(499_900, 5_000_000, 500_020, 5_000_020), { kind: 'water', level: 3 }),
      // Far away: it has no pixel.
      feature(box(600_000, 5_000_000, 600_020, 5_000_020), { kind: 'unknown', level: 9 }),
      // Column 1 of row 2, above the first.
      feature(box(500_010, 5_000_000, 500_020, 5_000_010), { kind: 'boat', level: 5 }),
      // Touches the last pixel without its centre.
      feature(box(500_036, 5_000_000, 500_040, 5_000_004), { kind: 'buoy', level: 7 }),
    ],
  }),
);
const classes = { water: 1, boat: 2, buoy: 4 };

describe('loadVector', () => {
  it('gives classes, instances and boxes, without what cannot be seen', async () => {
    const labels = await loadVector(path, grid, { value: { property: 'kind', classes } });
    expect([...labels.classes.data]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 2, 0, 0]);
    expect(labels.classes.dtype).toBe('uint8');
    expect([...labels.instances.data]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 2, 0, 0]);
    expect(labels.boxes).toEqual([
      { id: 1, value: 1, box: [0, 1, 2, 3], pixels: 3, properties: { kind: 'water', level: 3 } },
      { id: 2, value: 2, box: [1, 2, 2, 3], pixels: 1, properties: { kind: 'boat', level: 5 } },
    ]);
    expect(labels.classes.geobox.equals(grid)).toBe(true);
  });

  it('test_multilabel: takes numbers of a property, or one class for all, and another background', async () => {
    const levels = await loadVector(path, grid, { value: { property: 'level' }, background: 255 });
    expect([...levels.classes.data]).toEqual([255, 255, 255, 255, 3, 3, 255, 255, 3, 5, 255, 255]);
    const ones = await loadVector(path, grid);
    expect([...ones.classes.data]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]);
  });

  it('may count pixels that are merely touched', async () => {
    const labels = await loadVector(path, grid, { value: { property: 'kind', classes }, allTouched: true });
    expect(labels.classes.data[11]).toBe(4);
    expect(labels.boxes.at(-1)?.box).toEqual([3, 2, 4, 3]);
  });

  it('drops what others hide, and numbers without gaps', async () => {
    const hidden = join(folder, 'hidden.geojson');
    const [small, large] = [
      box(500_000, 5_000_020, 500_010, 5_000_030),
      box(500_000, 5_000_000, 500_040, 5_000_030),
    ];
    await writeFile(
      hidden,
      JSON.stringify({
        type: 'FeatureCollection',
        crs,
        features: [feature(small, { n: 1 }), feature(large, { n: 2 })],
      }),
    );
    const labels = await loadVector(hidden, grid, { value: { property: 'n' } });
    expect(labels.boxes).toEqual([{ id: 1, value: 2, box: [0, 0, 4, 3], pixels: 12, properties: { n: 2 } }]);
    expect(labels.instances.data.every((id) => id === 1)).toBe(true);
  });

  it('test_empty_shapes: has no labels where there are none', async () => {
    const labels = await loadVector(path, gridAt(700_000, 5_000_030, 4, 3));
    expect(labels.boxes).toEqual([]);
    expect(labels.classes.data.every((value) => value === 0)).toBe(true);
  });

  it('reads the files of a catalog once, or takes its rows for features', async () => {
    const row = catalogRow('labels', [2, 44, 4, 46], '2021-07', { href: path });
    const files = new Map();
    const catalog = GeoCatalog.from([row, { ...row, id: 'again' }]);
    const slice = {
      bounds: grid.bounds,
      crs: grid.crs,
      resolution: 10,
      interval: TimeInterval.parse('2021-07-15'),
    };
    expect((await loadVector(catalog, slice, { files })).boxes).toHaveLength(2);
    expect([...files.keys()]).toEqual([path]);
    const other = { ...slice, interval: TimeInterval.parse('2022-01') };
    expect((await loadVector(catalog, other)).boxes).toHaveLength(0);
    const place = catalogRow('place', [2.99, 45.14, 3.01, 45.17], '2021-01', { properties: { n: 6 } });
    const labels = await loadVector([place], grid, { features: 'row', value: { property: 'n' } });
    expect(labels.boxes).toMatchObject([{ value: 6 }]);
  });

  it('refuses what has no class', async () => {
    const refuse = (options: object) => expect(loadVector(path, grid, options)).rejects;
    await refuse({ value: { property: 'kind' } }).toThrow(
      /whose kind is "water", which is no class; say by classes/,
    );
    await refuse({ value: { property: 'kind', classes: { boat: 1 } } }).toThrow(
      /kind is "water".*name it in classes/,
    );
    await refuse({ value: { property: 'name' } }).toThrow(/whose name is missing/);
    await refuse({ value: 256 }).toThrow(/value cannot be 256 in uint8/);
    await refuse({ background: -1 }).toThrow(/background cannot be -1 in uint8/);
    await refuse({ maxBytes: 59 }).toThrow(/60 bytes, above the limit of 59/);
  });
});

describe('loadSides', () => {
  it('loads both sides of an intersection, each in its way', async () => {
    const image = await writeRow(
      folder,
      'image',
      { data: { geobox: grid, bands: [Float32Array.from({ length: 12 }, (_, i) => i)] } },
      { interval: '2021-07-15' },
    );
    const label = catalogRow('label', [2.9, 45, 3.1, 45.2], '2021-07-01/2021-07-20', { href: path });
    const pairs = GeoCatalog.from([image]).intersect(GeoCatalog.from([label, { ...label, id: 'second' }]));
    expect(pairs.length).toBe(2);
    const slice = {
      bounds: grid.bounds,
      crs: grid.crs,
      resolution: 10,
      interval: TimeInterval.parse('2021-07-15'),
    };
    const [pixels, labels] = await loadSides(pairs, slice, [
      (rows, target) => loadRaster(rows, target, { method: 'count' }),
      (rows, target) => loadVector(rows, target),
    ]);
    expect(valuesOf(pixels)).toEqual(new Array(12).fill(1));
    expect(labels.boxes).toHaveLength(2);
    await expect(loadSides([image], slice, [(rows) => Promise.resolve(rows)])).rejects.toThrow(
      /image is no overlap of 1 catalogs/,
    );
  });

  it('loads two dates of one place', async () => {
    const [before, after] = await Promise.all(
      ['2021-06-01', '2021-07-15'].map((interval, k) =>
        writeRow(
          folder,
          `pair${k}`,
          { data: { geobox: grid, bands: [new Uint8Array(12).fill(k + 1)] } },
          { interval },
        ),
      ),
    );
    const pairs = GeoCatalog.from([before]).intersect(GeoCatalog.from([after]), { spatialOnly: true });
    const [first, second] = await loadSides(pairs, grid, [
      (rows, target) => loadRaster(rows, target),
      (rows, target) => loadRaster(rows, target),
    ]);
    expect([valuesOf(first)[0], valuesOf(second)[0]]).toEqual([1, 2]);
  });
});
