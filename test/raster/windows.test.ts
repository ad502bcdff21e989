import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  Affine,
  type Bounds,
  Crs,
  createTransform,
  GeoBox,
  type GeoTensor,
  type TypedArray,
} from '../../src/geo/index.js';
import {
  createBlockCache,
  openRaster,
  type Raster,
  type ReadRequest,
  writeCog,
} from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { writeNetcdf4 } from '../support/netcdf.js';
import { writeZarrStore } from '../support/zarr-store.js';

const folder = await temporaryFolder();
const path = join(folder, 'scene.tif');
const [width, height] = [333, 250];
const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), width, height);
const bands = [1, 2, 3].map((band) =>
  Uint16Array.from(
    { length: width * height },
    (_, k) => band * 10_000 + (k % width) + 7 * Math.floor(k / width),
  ),
);
await writeCog(path, bands, { geobox, bands: 3, dtype: 'uint16', blockSize: 64 });
const raster: Raster = await openRaster(path);
afterAll(() => raster.dispose());
const levels: TypedArray[][] = [];
for (let level = 0; level <= raster.overviews.length; level++)
  levels.push(await raster.readPlanes({ level }));
const sizes = [[width, height] as const, ...raster.overviews];

/** The pixels of a tensor's grid, cropped from the whole level. */
function expectCrop(tensor: GeoTensor, level: number, wanted: readonly number[] = [1, 2, 3]): void {
  const [levelWidth, levelHeight] = sizes[level];
  const grid = geobox.transform.compose(Affine.scale(width / levelWidth, height / levelHeight));
  const [x, y] = grid.inverse().apply(tensor.geobox.transform.c, tensor.geobox.transform.f).map(Math.round);
  const { width: w, height: h } = tensor.geobox;
  expect(tensor.geobox.transform.equals(grid.compose(Affine.translation(x, y)), 1e-9)).toBe(true);
  expect(tensor.shape).toEqual([wanted.length, h, w]);
  const crop = wanted.flatMap((band) =>
    Array.from({ length: w * h }, (_, k) => {
      return levels[level][band - 1][(y + Math.floor(k / w)) * levelWidth + x + (k % w)];
    }),
  );
  expect([...tensor.data]).toEqual(crop);
}

describe('read by window', () => {
  it('equals the crop of the whole, for any window, level and bands', async () => {
    const request = fc.integer({ min: 0, max: sizes.length - 1 }).chain((level) => {
      const [w, h] = sizes[level];
      return fc.record({
        level: fc.constant(level),
        bands: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1 }),
        x: fc.integer({ min: 0, max: w - 1 }),
        y: fc.integer({ min: 0, max: h - 1 }),
        right: fc.integer({ min: 1, max: w }),
        bottom: fc.integer({ min: 1, max: h }),
      });
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ level, bands: wanted, x, y, right, bottom }) => {
        const window = {
          x: Math.min(x, right - 1),
          y: Math.min(y, bottom - 1),
          width: Math.max(1, Math.min(40, right - x)),
          height: Math.max(1, Math.min(40, bottom - y)),
        };
        expectCrop(await raster.read({ window, overview: level, bands: wanted }), level, wanted);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('is refused outside the raster, and for a missing level or band', async () => {
    const message = async (request: ReadRequest): Promise<string> =>
      raster.read(request).then(String, (error: unknown) => (error instanceof Error ? error.message : ''));
    const window = { x: 300, y: 0, width: 40, height: 10 };
    expect(await message({ window })).toMatch(
      /scene\.tif has no window of 40 × 10 pixels at \(300, 0\); give whole pixels inside its 333 × 250\./,
    );
    expect(await message({ window: { ...window, x: 0.5 } })).toMatch(/no window/);
    expect(await message({ window: { ...window, x: Number.NaN } })).toMatch(/no window/);
    expect(await message({ window: { x: 0, y: 0, width: 0, height: 5 } })).toMatch(/no window/);
    expect(await message({ window: { x: 0, y: 0, width: 200, height: 5 }, overview: 1 })).toMatch(
      /inside its 167/,
    );
    expect(await message({ overview: 9 })).toMatch(/has no level 9; choose one of 0 to 3\./);
    expect(await message({ bands: [4] })).toMatch(/has no band 4; choose one of 1 to 3\./);
    expect(await message({ bands: [] })).toMatch(/is asked for no bands/);
    expect(await message({ window, geobox })).toMatch(
      /is given twice; give one of window, bounds and geobox\./,
    );
    expect(await message({ resolution: -1 })).toMatch(/resolution cannot be -1/);
    expect(await message({ geobox, resolution: 20 })).toMatch(/beside a geobox/);
  });

  it('grows outward to whole pixels of the overview for a resolution', async () => {
    const tensor = await raster.read({ window: { x: 33, y: 21, width: 51, height: 9 }, resolution: 20 });
    expectCrop(tensor, 1);
    expect([tensor.geobox.width, tensor.geobox.height]).toEqual([27, 5]);
  });
});

describe('read by bounds', () => {
  it('gives exactly the touched pixels', async () => {
    const tensor = await raster.read({ bounds: [300105, 4998000, 300250, 4998301] });
    expectCrop(tensor, 0);
    expect(tensor.geobox.bounds).toEqual([300100, 4998000, 300250, 4998310]);
  });

  it('clips to the raster, and is refused when nothing is left', async () => {
    const tensor = await raster.read({ bounds: [299000, 4999950, 300030, 5009000] });
    expect(tensor.geobox.bounds).toEqual([300000, 4999950, 300030, 5000000]);
    await expect(raster.read({ bounds: [0, 0, 10, 10] })).rejects.toThrow(
      /\(0, 0, 10, 10\) does not overlap .*scene\.tif; give one that meets 300000, 4997500, 303330, 5000000 in EPSG:32632\./,
    );
  });

  it('in another CRS cover every point inside', async () => {
    const bounds: Bounds = [6.47, 45.11, 6.49, 45.12];
    const tensor = await raster.read({ bounds, boundsCrs: 4326, bands: [2] });
    expectCrop(tensor, 0, [2]);
    const toUtm = createTransform(Crs.wgs84, Crs.fromEpsg(32632));
    const [x0, y0, x1, y1] = tensor.geobox.bounds;
    const found = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    for (let i = 0; i <= 400; i++) {
      for (const [lon, lat] of [
        [bounds[0] + (i / 400) * 0.02, bounds[1]],
        [bounds[0] + (i / 400) * 0.02, bounds[3]],
        [bounds[0], bounds[1] + (i / 400) * 0.01],
        [bounds[2], bounds[1] + (i / 400) * 0.01],
      ]) {
        const [x, y] = toUtm.forward(lon, lat);
        found.x0 = Math.min(found.x0, x);
        found.x1 = Math.max(found.x1, x);
        found.y0 = Math.min(found.y0, y);
        found.y1 = Math.max(found.y1, y);
      }
    }
    // All of it, and less than a pixel more.
    expect(x0).toBeLessThanOrEqual(found.x0);
    expect(y0).toBeLessThanOrEqual(found.y0);
    expect(x1).toBeGreaterThanOrEqual(found.x1);
    expect(y1).toBeGreaterThanOrEqual(found.y1);
    expect(Math.max(found.x0 - x0, found.y0 - y0, x1 - found.x1, y1 - found.y1)).toBeLessThan(10.1);
  });

  it.each([
    [10, 0],
    [19, 0],
    [20, 1],
    [38, 1],
    [40, 2],
    [10_000, 3],
  ])('at %d m are read from level %i', async (resolution, level) => {
    const tensor = await raster.read({ bounds: [300400, 4998000, 302000, 4999000], resolution, bands: [1] });
    expectCrop(tensor, level, [1]);
    const [x0, y0, x1, y1] = tensor.geobox.bounds;
    expect(x0 <= 300400 && y0 <= 4998000 && x1 >= 302000 && y1 >= 4999000).toBe(true);
  });

  it('take the requested level', async () => {
    const bounds: Bounds = [300400, 4998000, 302000, 4999000];
    expectCrop(await raster.read({ bounds, overview: 2 }), 2);
    expectCrop(await raster.read({ bounds, resolution: 100, overview: 'none' }), 0);
  });
});

describe('read by geobox', () => {
  it('aligned with the pixels gives exactly it', async () => {
    const part = geobox.window(17, 30, 101, 52);
    const tensor = await raster.read({ geobox: part });
    expect(tensor.geobox.equals(part)).toBe(true);
    expectCrop(tensor, 0);
  });

  it('in another CRS covers it, from the overview that fits', async () => {
    const degrees = 0.00045;
    const target = GeoBox.fromBounds([6.47, 45.11, 6.49, 45.12], 4326, degrees);
    const tensor = await raster.read({ geobox: target });
    // 0.00045° are 35 m from west to east: 20 m is the coarsest sufficient level.
    expectCrop(tensor, 1);
    const toUtm = createTransform(Crs.wgs84, Crs.fromEpsg(32632));
    const [x0, y0, x1, y1] = tensor.geobox.bounds;
    for (const [lon, lat] of target.footprint(16)) {
      const [x, y] = toUtm.forward(lon, lat);
      expect(x >= x0 && x <= x1 && y >= y0 && y <= y1).toBe(true);
    }
    expectCrop(await raster.read({ geobox: target, overview: 'none' }), 0);
  });

  it('that is rotated is covered', async () => {
    const turn = new Affine(14, 14, 300800, -14, 14, 4999000);
    const tensor = await raster.read({ geobox: new GeoBox(32632, turn, 40, 40), bands: [3] });
    expectCrop(tensor, 0, [3]);
    expect(tensor.geobox.bounds).toEqual([300800, 4998440, 301920, 4999560]);
  });
});

describe('a block larger than the cache', () => {
  const side = 256;
  const values = Int16Array.from({ length: side * side }, (_, i) => (i * 31) % 5003);
  const grid = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), side, side);
  const along = (step: number): Float64Array =>
    Float64Array.from({ length: side }, (_, i) => 5 + step * (i + 0.5));
  const axis = (step: number) => ({ data: along(step), shape: [side], dimensions: [step > 0 ? 'x' : 'y'] });
  const data = { data: values, shape: [side, side], dimensions: ['y', 'x'] };
  const files: Readonly<Record<string, () => Promise<string>>> = {
    'a GeoTIFF of one tile': async () => {
      const place = join(folder, 'one-tile.tif');
      await writeCog(place, [values], { geobox: grid, bands: 1, dtype: 'int16', blockSize: side });
      return place;
    },
    'a Zarr store of one chunk': () =>
      writeZarrStore(folder, 'one.zarr', { band: data, x: axis(1), y: axis(-1) }),
    'a netCDF-4 file of one chunk': () =>
      writeNetcdf4(join(folder, 'one.nc'), {
        x: axis(1),
        y: axis(-1),
        band: { ...data, chunks: [side, side] },
      }),
  };

  it.each(Object.entries(files))('is decoded once per pass: %s', async (_, write) => {
    // Smaller than any block.
    const cache = createBlockCache(1000);
    const opened = await openRaster(await write(), { cache, variable: 'band' });
    const before = cache.counters.blocksDecoded;
    for (let y = 0; y < side; y += 64) {
      for (let x = 0; x < side; x += 64) {
        const window = { x, y, width: 64, height: 64 };
        const [plane] = await opened.readPlanes({ window });
        const row = (y + 63) * side + x;
        expect(plane.subarray(63 * 64)).toEqual(values.subarray(row, row + 64));
      }
    }
    expect(cache.counters.blocksDecoded - before).toBe(1);
    expect(cache.counters.blocksDecodedAgain).toBe(0);
    await opened.close();
  });

  it('is decoded once, a tile of JPEG 2000', async () => {
    // Smaller than any block.
    const cache = createBlockCache(1000);
    const opened = await openRaster(join('test', 'fixtures', 'jpeg2000', 'whole.jp2'), { cache });
    const [whole] = await opened.readPlanes();
    for (let y = 0; y + 16 <= opened.height; y += 16) {
      const [plane] = await opened.readPlanes({ window: { x: 0, y, width: opened.width, height: 16 } });
      expect(plane).toEqual(whole.subarray(y * opened.width, (y + 16) * opened.width));
    }
    expect(cache.counters.blocksDecoded).toBe(1);
    expect(cache.counters.blocksDecodedAgain).toBe(0);
    await opened.close();
  });
});
