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
      // Far away: no pixel.
      feature(box(600_000, 5_000_000, 600_020, 5_000_020), { kind: 'unknown', level: 9 }),
      // Column 1 of row 2, above the first.
      feature(box(500_010, 5_000_000, 500_020, 5_000_010), { kind: 'boat', level: 5 }),
      // Touches the last pixel, but not its centre.
      feature(box(500_036, 5_000_000, 500_040, 5_000_004), { kind: 'buoy', level: 7 }),
    ],
  }),
);
const classes = { water: 1, boat: 2, buoy: 4 };

describe('loadVector', () => {
  it('gives classes, instances and boxes, without hidden features', async () => {
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

  it('test_multilabel: takes classes of a property or one class for all, and another background', async () => {
    const levels = await loadVector(path, grid, { value: { property: 'level' }, background: 255 });
    expect([...levels.classes.data]).toEqual([255, 255, 255, 255, 3, 3, 255, 255, 3, 5, 255, 255]);
    const ones = await loadVector(path, grid);
    expect([...ones.classes.data]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]);
  });

  it('can count touched pixels', async () => {
    const labels = await loadVector(path, grid, { value: { property: 'kind', classes }, allTouched: true });
    expect(labels.classes.data[11]).toBe(4);
    expect(labels.boxes.at(-1)?.box).toEqual([3, 2, 4, 3]);
  });

  it('drops hidden features, and numbers instances without gaps', async () => {
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

  it('test_empty_shapes: gives no labels without features', async () => {
    const labels = await loadVector(path, gridAt(700_000, 5_000_030, 4, 3));
    expect(labels.boxes).toEqual([]);
    expect(labels.classes.data.every((value) => value === 0)).toBe(true);
  });

  it('reads the files of a catalog once, or takes its rows as features', async () => {
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

  it('refuses features without a class', async () => {
    const refuse = (options: object) => expect(loadVector(path, grid, options)).rejects;
    await refuse({ value: { property: 'kind' } }).toThrow(
      /whose kind is "water", which is no class; give a number for each text in `classes`/,
    );
    await refuse({ value: { property: 'kind', classes: { boat: 1 } } }).toThrow(
      /kind is "water".*name it in `classes`/,
    );
    await refuse({ value: { property: 'name' } }).toThrow(/has no property name; choose one of kind, level/);
    await refuse({ value: 100_001_729, dtype: 'float32' }).toThrow(/value cannot be 100001729 in float32/);
    await refuse({ value: 1.5, dtype: 'float32' }).toThrow(/value cannot be 1.5; give a whole number/);
    await refuse({ value: 256 }).toThrow(/value cannot be 256 in uint8/);
    await refuse({ background: -1 }).toThrow(/background cannot be -1 in uint8/);
    await refuse({ maxBytes: 59 }).toThrow(/60 bytes, above the limit of 59/);
  });
});

describe('loadVector, shapes of every kind', () => {
  const write = async (name: string, features: object[]): Promise<string> => {
    const file = join(folder, `${name}.geojson`);
    await writeFile(file, JSON.stringify({ type: 'FeatureCollection', crs, features }));
    return file;
  };
  const ringOf = (...given: Parameters<typeof box>) => box(...given).coordinates[0];

  it('leaves holes open to features below', async () => {
    const wide = gridAt(500_000, 5_000_050, 5, 5);
    const whole = ringOf(500_000, 5_000_000, 500_050, 5_000_050);
    const hole = ringOf(500_010, 5_000_010, 500_040, 5_000_040);
    const island = ringOf(500_020, 5_000_020, 500_030, 5_000_030);
    const file = await write('holes', [
      feature(box(500_000, 5_000_030, 500_050, 5_000_040), { n: 7 }),
      feature({ type: 'MultiPolygon', coordinates: [[whole, hole], [island]] }, { n: 1 }),
    ]);
    const labels = await loadVector(file, wide, { value: { property: 'n' } });
    // biome-ignore format: a map
    expect([...labels.classes.data]).toEqual([
      1, 1, 1, 1, 1,
      1, 7, 7, 7, 1,
      1, 0, 1, 0, 1,
      1, 0, 0, 0, 1,
      1, 1, 1, 1, 1,
    ]);
    // The parts of a feature are one instance with one box.
    expect(labels.boxes.map(({ value, box, pixels }) => ({ value, box, pixels }))).toEqual([
      { value: 7, box: [1, 1, 4, 2], pixels: 3 },
      { value: 1, box: [0, 0, 5, 5], pixels: 17 },
    ]);
  });

  it('counts more than 255 instances of one class', async () => {
    const many = gridAt(500_000, 5_000_200, 20, 20);
    const squares = Array.from({ length: 400 }, (_, k) => {
      const [x, y] = [500_000 + 10 * (k % 20), 5_000_190 - 10 * Math.floor(k / 20)];
      return feature(box(x, y, x + 10, y + 10), { k });
    });
    const labels = await loadVector(await write('many', squares), many);
    expect(labels.instances.dtype).toBe('int32');
    expect([...labels.instances.data]).toEqual(Array.from({ length: 400 }, (_, k) => k + 1));
    expect(labels.classes.data.every((value) => value === 1)).toBe(true);
    expect(labels.boxes).toHaveLength(400);
    expect(labels.boxes[399]).toMatchObject({ id: 400, box: [19, 19, 20, 20], properties: { k: 399 } });
    // Classes beyond 255 need a wider dtype.
    const value = { property: 'k' };
    const file = join(folder, 'many.geojson');
    await expect(loadVector(file, many, { value })).rejects.toThrow(
      /many\.geojson has a feature whose k is 256, which uint8 does not hold; choose `dtype` int16/,
    );
    const wide = await loadVector(file, many, { value, dtype: 'uint16', background: 65535 });
    expect([...wide.classes.data]).toEqual(Array.from({ length: 400 }, (_, k) => k));
  });

  it('burns pixels by their centre, or all touched pixels with allTouched', async () => {
    // From 0.4 to 2.6 pixels across, and from 0.6 to 1.4 down: it contains the centres of two columns, but of no row.
    const thin = box(500_004, 5_000_016, 500_026, 5_000_024);
    const file = await write('thin', [feature(thin, {})]);
    expect((await loadVector(file, grid)).boxes).toEqual([]);
    const touched = await loadVector(file, grid, { allTouched: true });
    expect(touched.boxes).toMatchObject([{ box: [0, 0, 3, 2], pixels: 6 }]);
    // Neighbours share an edge through centres: each pixel has exactly one of them.
    const halves = await write('halves', [
      feature(box(500_000, 5_000_000, 500_015, 5_000_030), { n: 1 }),
      feature(box(500_015, 5_000_000, 500_040, 5_000_030), { n: 2 }),
    ]);
    const [left, right] = (await loadVector(halves, grid, { value: { property: 'n' } })).boxes;
    expect(left.pixels + right.pixels).toBe(12);
  });

  it('gives no labels for a file without features', async () => {
    const labels = await loadVector(await write('empty', []), grid, { background: 9 });
    expect(labels.boxes).toEqual([]);
    expect([...labels.classes.data]).toEqual(new Array(12).fill(9));
    expect(labels.instances.data.every((id) => id === 0)).toBe(true);
    expect((await loadVector(GeoCatalog.empty, grid)).boxes).toEqual([]);
  });

  it('names files without areas, and stops at an abort signal', async () => {
    const line = {
      type: 'LineString',
      coordinates: [
        [500_000, 5_000_000],
        [500_030, 5_000_030],
      ],
    };
    const file = await write('line', [feature(line, {})]);
    await expect(loadVector(file, grid)).rejects.toThrow(/line\.geojson/);
    await expect(loadVector(path, grid, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});

describe('loadSides', () => {
  it('loads both sides of an intersection, each by its own options', async () => {
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
      /image is not an overlap of 1 catalogs/,
    );
  });

  it('loads two dates of one area', async () => {
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
