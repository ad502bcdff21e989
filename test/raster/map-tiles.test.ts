import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { MapTiles, mapTileGrid } from '../../src/raster/map-tiles.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { nearEdge, referenceWarp } from '../support/warp-reference.js';

interface Truth {
  points: { lng: number; lat: number; column: number; row: number; values: number[] }[];
  tiles: {
    z: number;
    x: number;
    y: number;
    resampling: 'nearest' | 'bilinear';
    file?: string;
    step?: number;
    values?: (number | null)[][];
  }[];
}

/** Of GDAL and rasterio: see scripts/truth/map_tiles.py. */
const folder = resolve('test/fixtures/map-tiles');
const truth: Truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8'));
const raster = await openRaster(join(folder, 'source.tif'));
afterAll(() => raster.dispose());
const scratch = await temporaryFolder();

describe('the grid of a tile', () => {
  it('of zoom 0 is the world, and others are halves of it', () => {
    const half = Math.PI * 6378137;
    const world = mapTileGrid({ z: 0, x: 0, y: 0 });
    expect(world.crs.epsg).toBe(3857);
    expect([world.width, world.height]).toEqual([256, 256]);
    expect(world.bounds).toBeCloseToArray([-half, -half, half, half], 1e-6);
    expect(mapTileGrid({ z: 1, x: 1, y: 0 }).bounds).toBeCloseToArray([0, 0, half, half], 1e-6);
    const corner = mapTileGrid({ z: 2, x: 0, y: 3 }).bounds;
    expect(corner).toBeCloseToArray([-half, -half, -half / 2, -half / 2], 1e-6);
  });

  it.each([
    [-1, 0, 0],
    [25, 0, 0],
    [2, 4, 0],
    [2, 0, -1],
    [2.5, 0, 0],
    [2, Number.NaN, 0],
  ])('%d/%d/%d is refused', (z, x, y) => {
    expect(() => mapTileGrid({ z, x, y })).toThrow(/^tile cannot be .*; give a zoom from 0 to 24/);
  });
});

describeBackends('tiles', (backend) => {
  it.each(truth.tiles.filter(({ resampling }) => resampling === 'nearest'))(
    'of zoom $z by nearest equal those of gdalwarp',
    async ({ file = '', resampling, ...tile }) => {
      await using expected = await openRaster(join(folder, file));
      const planes = await new MapTiles(backend(), raster).read(tile, { resampling });
      const { positions } = referenceWarp([], raster.geobox!, mapTileGrid(tile), 'nearest');
      for (const [k, stored] of (await expected.readPlanes()).entries()) {
        const differing = Array.from(stored).flatMap((value, i) => {
          const found = planes?.[k][i] ?? 0;
          return (Number.isNaN(found) ? 0 : found) === value ? [] : [i];
        });
        // At a position on an edge of pixels, either side is correct.
        expect(differing.filter((i) => !nearEdge(positions[2 * i], positions[2 * i + 1], 0.002))).toEqual([]);
        expect(differing.length).toBeLessThan(10);
      }
    },
  );

  it('by bilinear agree with those of gdalwarp', async () => {
    const { step = 1, values = [], ...tile } = truth.tiles.find((each) => each.step !== undefined)!;
    const planes = await new MapTiles(backend(), raster).read(tile, {
      resampling: 'bilinear',
      bands: [2, 1],
    });
    const side = Math.ceil(256 / step);
    for (const [k, plane] of [1, 0].entries()) {
      const found = Array.from({ length: side * side }, (_, i) => {
        const [row, column] = [Math.floor(i / side) * step, (i % side) * step];
        return planes?.[k][row * 256 + column] ?? 0;
      });
      // Values go to 4000, and positions are exact to 0.002 pixels of 10.
      expect(found).toBeCloseToArray(
        values[plane].map((value) => value ?? Number.NaN),
        0.1,
      );
    }
  });

  it('outside the raster are null', async () => {
    const tiles = new MapTiles(backend(), raster);
    expect(await tiles.read({ z: 14, x: 100, y: 100 })).toBeNull();
    expect(await tiles.read({ z: 2, x: 0, y: 3 })).toBeNull();
  });
});

describe('values under a position', () => {
  const tiles = new MapTiles(new CpuBackend(), raster);

  it.each(truth.points)('at column $column and row $row are those of rasterio', async (point) => {
    const { lng, lat, column, row, values } = point;
    const stored = values.map((value) => (value === 0 ? null : value));
    expect(await tiles.valueAt(lng, lat)).toMatchObject({ column, row, values: stored });
    expect(await tiles.valueAt(lng + 360, lat, [2])).toMatchObject({ column, row, values: [stored[1]] });
  });

  it('do not exist outside the raster', async () => {
    expect(await tiles.valueAt(0, 0)).toBeNull();
    expect(await tiles.valueAt(5.5, -45)).toBeNull();
  });
});

describe('other rasters', () => {
  it('keep whole numbers that float32 cannot hold in values of a pixel', async () => {
    const path = join(scratch, 'large.tif');
    const geobox = new GeoBox(3857, new Affine(10, 0, 0, 0, -10, 40), 4, 4);
    const values = Uint32Array.from({ length: 16 }, (_, k) => 2 ** 24 + 1 + k);
    await writeCog(path, [values], { geobox, bands: 1, dtype: 'uint32' });
    await using large = await openRaster(path);
    const tiles = new MapTiles(new CpuBackend(), large);
    // 0.00005° are 5.57 m east, and 22.3 m north of row 4's lower edge at 0 m.
    expect(await tiles.valueAt(0.00005, 0.0002)).toMatchObject({ column: 0, row: 1, values: [2 ** 24 + 5] });
    const [plane] = (await tiles.read({ z: 20, x: 2 ** 19, y: 2 ** 19 - 1 })) ?? [];
    expect(plane[plane.length - 1 - 255]).toBe(Math.fround(2 ** 24 + 13));
  });

  it('without a georeference are refused', async () => {
    await using array = await openRaster(resolve('test/fixtures/map-tiles/nearest-10.tif'));
    expect(() => new MapTiles(new CpuBackend(), array)).toThrow(
      /has no coordinate reference system; assign it/,
    );
  });
});
