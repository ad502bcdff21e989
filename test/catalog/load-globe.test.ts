/** Pixels and polygons at the antimeridian, at poles, and on globes from 0 to 360. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GeoCatalog, loadRaster, loadVector } from '../../src/catalog/node/index.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';
import { nearEdge, referenceWarp } from '../support/warp-reference.js';

const folder = await temporaryFolder();
const DEGREES = 4326;

/** Loads a source of numbered pixels from a list and from a catalog, and compares with the exact warp. */
async function expectExact(id: string, from: GeoBox, to: GeoBox): Promise<{ known: number }> {
  const numbers = Float32Array.from({ length: from.pixelCount }, (_, i) => i);
  const row = await writeRow(folder, id, {
    data: { geobox: from, bands: [numbers], asset: { geobox: from } },
  });
  const { values, positions } = referenceWarp(numbers, from, to, 'nearest');
  const sure = [...values.keys()].filter((k) => !nearEdge(positions[2 * k], positions[2 * k + 1], 0.004));
  const wanted = sure.map((k) => values[k]);
  expect(sure.length).toBeGreaterThan(0.9 * values.length);
  for (const rows of [[row], GeoCatalog.from([row])]) {
    const { data } = await loadRaster(rows, to, { bands: [1], resampling: 'nearest' });
    expect(sure.map((k) => data[k])).toBeCloseToArray(wanted);
  }
  return { known: wanted.filter((value) => !Number.isNaN(value)).length };
}

describe('loadRaster at the antimeridian', () => {
  /** Sources on both sides of the antimeridian, with longitudes of either sign, and whole globes. */
  const sources: [string, GeoBox][] = [
    ['to 181.5', gridAt(178.51, -15.21, 60, 40, 0.05, DEGREES)],
    ['from -181.5', gridAt(-181.49, -15.21, 60, 40, 0.05, DEGREES)],
    ['zone 60', gridAt(700_000, 8_320_000, 70, 50, 5000, 32760)],
    ['from 0 to 360', gridAt(0, 90, 180, 90, 2, DEGREES)],
    ['from -180 to 180', gridAt(-180, 90, 180, 90, 2, DEGREES)],
  ];
  const targets: [string, GeoBox][] = [
    ['from 178', gridAt(178, -15, 80, 60, 0.05, DEGREES)],
    ['from -182', gridAt(-182, -15, 80, 60, 0.05, DEGREES)],
    ['the globe from -180', gridAt(-180, 89.7, 130, 64, 2.77, DEGREES)],
    ['the globe from 0', gridAt(0, 89.7, 130, 64, 2.77, DEGREES)],
    ['zone 1', gridAt(300_000, 8_300_000, 60, 60, 10_000, 32701)],
    ['zone 60', gridAt(600_000, 8_300_000, 60, 60, 9000, 32760)],
  ];
  const pairs = sources.flatMap(([source, from]) =>
    targets.map(([target, to]) => ({ source, from, target, to })),
  );

  it.each(pairs)('finds the source $source on the grid $target', async ({ source, from, target, to }) => {
    const { known } = await expectExact(`a ${source} ${target}`, from, to);
    expect(known).toBeGreaterThan(0);
  });
});

describe('loadRaster at the poles', () => {
  const polar: [number, number][] = [
    [3413, 1],
    [3995, 1],
    [3031, -1],
  ];

  it.each(polar)(
    'EPSG:%d: a globe in degrees is reprojected to a polar map without a hole or a seam',
    async (crs) => {
      const globe = gridAt(-180, 90, 720, 360, 0.5, DEGREES);
      const map = gridAt(-1_000_300, 1_000_300, 150, 150, 13_337, crs);
      expect((await expectExact(`globe ${crs}`, globe, map)).known).toBeGreaterThan(0.95 * map.pixelCount);
    },
  );

  it.each(polar)(
    'EPSG:%d: a map that contains the pole is reprojected to degrees, up to the pole',
    async (crs, sign) => {
      // The pole lies between the middle and a corner.
      const map = gridAt(-123_000, 181_000, 320, 320, 1000, crs);
      const around = new GeoBox(DEGREES, new Affine(1, 0, -180, 0, -0.01, sign > 0 ? 90 : -89), 360, 100);
      expect((await expectExact(`around ${crs}`, map, around)).known).toBeGreaterThan(
        0.9 * around.pixelCount,
      );
      // Much finer than the footprint's sampling: more rows than a strip are beside the pole.
      const rows = 2048;
      const fine = new GeoBox(
        DEGREES,
        new Affine(1, 0, 40, 0, -1e-5, sign > 0 ? 90 : -90 + rows * 1e-5),
        3,
        rows,
      );
      const numbers = Float32Array.from({ length: map.pixelCount }, (_, i) => i);
      const row = await writeRow(folder, `fine ${crs}`, {
        data: { geobox: map, bands: [numbers], asset: { geobox: map } },
      });
      const { data } = await loadRaster([row], fine, { resampling: 'nearest' });
      expect(data.filter(Number.isNaN)).toHaveLength(0);
    },
  );
});

describe('loadRaster across the edge of a globe', () => {
  const numbers = Float32Array.from({ length: 36 * 18 }, (_, i) => i % 36);
  const globes = [
    ['from -180', gridAt(-180, 90, 36, 18, 10, DEGREES)],
    ['from 0', gridAt(0, 90, 36, 18, 10, DEGREES)],
  ] as const;

  it.each(globes)(
    'a globe %s: area and filter resampling continue at its other edge',
    async (name, geobox) => {
      const row = await writeRow(folder, `seam ${name}`, {
        data: { geobox, bands: [numbers], asset: { geobox } },
      });
      // A pixel over the last and the first column, and one half a column off.
      const [seam] = geobox.bounds;
      const across = gridAt(seam - 10, 10, 1, 1, 20, DEGREES);
      const load = async (grid: GeoBox, resampling: 'average' | 'sum' | 'bilinear' | 'cubic') =>
        (await loadRaster([row], grid, { resampling })).data[0];
      expect(await load(across, 'average')).toBeCloseTo((35 + 0) / 2, 5);
      expect(await load(across, 'sum')).toBeCloseTo(2 * (35 + 0), 4);
      // A quarter of a column off the seam: 3/4 of its own column and 1/4 of the one beyond.
      const beside = gridAt(seam + 2, 1, 1, 1, 1, DEGREES);
      expect(await load(beside, 'bilinear')).toBeCloseTo(0.75 * 0 + 0.25 * 35, 1);
      // At the seam: the four columns 34, 35, 0 and 1 by Keys' weights.
      const on = gridAt(seam + 0.0001, 1, 1, 1, 0.0001, DEGREES);
      expect(await load(on, 'cubic')).toBeCloseTo((-(34 + 1) + 9 * (35 + 0)) / 16, 2);
    },
  );

  it('a grid whose control cells would span whole turns has each pixel in its place', async () => {
    const [, geobox] = globes[0];
    const row = await writeRow(folder, 'coarse', { data: { geobox, bands: [numbers], asset: { geobox } } });
    const { data } = await loadRaster([row], gridAt(-180, 90, 8, 4, 45, DEGREES), { resampling: 'nearest' });
    // Centres at -157.5, -112.5, …: columns 2, 6, 11, 15, 20, 24, 29, 33.
    expect(Array.from(data.subarray(0, 8))).toEqual([2, 6, 11, 15, 20, 24, 29, 33]);
  });
});

describe('loadRaster onto grids that reach beyond the globe', () => {
  it.each([
    ['EASE-Grid 2.0 North', gridAt(-9_000_000, 9_000_000, 60, 60, 300_000, 6931)],
    ['EASE-Grid 2.0 North, beyond the disc', gridAt(-9_300_000, 9_300_000, 62, 62, 300_000, 6931)],
    ['EASE-Grid 2.0 South', gridAt(-9_000_000, 9_000_000, 60, 60, 300_000, 6932)],
    ['EASE-Grid 2.0 Global', gridAt(-17_367_530.45, 7_314_540.83, 116, 49, 300_000, 6933)],
    ['a world map', gridAt(-17_100_000, 8_700_000, 57, 29, 600_000, '+proj=robin +datum=WGS84 +units=m')],
  ] as const)('%s: a raster on its own grid is itself', async (name, geobox) => {
    const numbers = Float32Array.from({ length: geobox.pixelCount }, (_, i) => i);
    const row = await writeRow(folder, name, { data: { geobox, bands: [numbers], asset: { geobox } } });
    const catalog = GeoCatalog.from([row]);
    const { data } = await loadRaster(catalog, geobox, { resampling: 'nearest' });
    expect(data.filter((value, i) => value !== numbers[i])).toHaveLength(0);
  });
});

describe('loadVector at the antimeridian and the poles', () => {
  const ring = (x0: number, y0: number, x1: number, y1: number) => [
    [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
      [x0, y0],
    ],
  ];
  const write = async (name: string, geometry: object, epsg?: number): Promise<string> => {
    const path = join(folder, `${name}.geojson`);
    const crs = epsg === undefined ? {} : { crs: { type: 'name', properties: { name: `EPSG:${epsg}` } } };
    const features = [{ type: 'Feature', geometry, properties: {} }];
    await writeFile(path, JSON.stringify({ type: 'FeatureCollection', ...crs, features }));
    return path;
  };

  it.each([
    ['beyond 180', 178],
    ['beyond -180', -182],
  ])('a polygon cut at the antimeridian is one on a grid that reaches %s', async (_, left) => {
    const fiji = await write(`fiji${left}`, {
      type: 'MultiPolygon',
      coordinates: [ring(179, -17, 180, -16), ring(-180, -17, -179, -16)],
    });
    const { boxes, classes } = await loadVector(fiji, gridAt(left, -15.5, 80, 40, 0.05, DEGREES));
    // 40 pixels of 0.05° from 179 on, 20 from −16 on.
    expect(boxes).toMatchObject([{ box: [20, 10, 60, 30], pixels: 800 }]);
    expect(classes.data.filter((value) => value === 1)).toHaveLength(800);
  });

  it('burns at both edges of a globe from −180, and in the middle of one from 0', async () => {
    const fiji = await write('both', {
      type: 'MultiPolygon',
      coordinates: [ring(179, -17, 180, -16), ring(-180, -17, -179, -16)],
    });
    const world = await loadVector(fiji, gridAt(-180, 90, 360, 180, 1, DEGREES));
    expect(world.boxes).toMatchObject([{ box: [0, 106, 360, 107], pixels: 2 }]);
    const pacific = await loadVector(fiji, gridAt(0, 90, 360, 180, 1, DEGREES));
    expect(pacific.boxes).toMatchObject([{ box: [179, 106, 181, 107], pixels: 2 }]);
  });

  it('a UTM polygon across the antimeridian is not burnt around the world', async () => {
    const zone = await write(
      'zone',
      { type: 'Polygon', coordinates: ring(100_000, 8_100_000, 250_000, 8_200_000) },
      32701,
    );
    const sizes = await Promise.all(
      [-182, 178].map(
        async (left) => (await loadVector(zone, gridAt(left, -15.5, 80, 40, 0.05, DEGREES))).boxes[0],
      ),
    );
    expect(sizes[0]).toEqual(sizes[1]);
    // 150 × 100 km: 1.39° × 0.91° in pixels of 0.05°.
    expect(sizes[0].pixels).toBeGreaterThan(480);
    expect(sizes[0].pixels).toBeLessThan(530);
    const world = await loadVector(zone, gridAt(-180, 90, 3600, 1800, 0.1, DEGREES));
    expect(world.boxes[0].pixels).toBeLessThan(140);
  });

  it('a polygon around a pole covers all longitudes', async () => {
    const cap = await write(
      'cap',
      { type: 'Polygon', coordinates: ring(-100_000, -100_000, 200_000, 200_000) },
      3413,
    );
    const { classes } = await loadVector(cap, gridAt(-180, 90, 360, 20, 0.1, DEGREES));
    // The nearest side is 100 km away, 0.89° of latitude.
    expect(classes.data.subarray(0, 8 * 360).every((value) => value === 1)).toBe(true);
  });
});
