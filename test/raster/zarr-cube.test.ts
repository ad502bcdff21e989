import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildZarrCatalog, loadZarr } from '../../src/catalog/node/index.js';
import { Affine, Crs, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import { openRaster, ZarrCubeWriter } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_000_000), 50, 37);
const months = ['2021-06', '2021-07'].map((month) => TimeInterval.parse(month));

function plane(step: number, width: number, left = 0, top = 0, height = 37): Float32Array {
  return Float32Array.from(
    { length: width * height },
    (_, i) => 10_000 * step + 100 * (top + Math.floor(i / width)) + left + (i % width),
  );
}

describe('ZarrCubeWriter', () => {
  it('accepts windows in any order, and renames the store when it is complete', async () => {
    const path = join(folder, 'cube.zarr');
    const cube = await ZarrCubeWriter.create(path, {
      geobox,
      times: months,
      variables: {
        red: { attributes: { units: '1', long_name: 'red reflectance' } },
        classes: { dtype: 'uint8', nodata: 255 },
      },
      tile: 16,
      chunk: 8,
      attributes: { title: 'a cube' },
    });
    expect(await readdir(folder)).not.toContain('cube.zarr');
    // Step 0 in stripes that cut through tiles, from below; step 1 whole.
    for (const y of [30, 20, 10, 0]) {
      const height = Math.min(10, 37 - y);
      await cube.write('red', 0, { x: 0, y, width: 50, height }, plane(0, 50, 0, y, height));
    }
    await cube.write('red', 1, { x: 0, y: 0, width: 50, height: 37 }, plane(1, 50));
    // A part of one tile: the rest is nodata.
    await cube.write('classes', 1, { x: 20, y: 18, width: 2, height: 1 }, Uint8Array.of(7, 8));
    await cube.close();
    expect(await readdir(folder)).toEqual(['cube.zarr']);

    const red = await openRaster(`${path}#red`);
    expect(red.geobox?.equals(geobox)).toBe(true);
    expect(await red.readPlanes()).toEqual([plane(0, 50), plane(1, 50)]);
    await red.close();
    const classes = await openRaster(`${path}#classes`);
    const [before, after] = await classes.readPlanes();
    expect(classes.bands[0].nodata).toBe(255);
    expect(before.every((value) => value === 255)).toBe(true);
    expect([after[18 * 50 + 19], after[18 * 50 + 20], after[18 * 50 + 21], after[18 * 50 + 22]]).toEqual([
      255, 7, 8, 255,
    ]);
    await classes.close();

    const { catalog } = await buildZarrCatalog(path, { rows: 'step', variables: ['red'] });
    expect(Array.from(catalog, ({ interval }) => interval)).toEqual(months);
    const july = await loadZarr(path, { variable: 'red', interval: months[1] });
    expect([...july.data.slice(0, 3)]).toEqual([10_000, 10_001, 10_002]);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const path = join(folder, 'given-up.zarr');
    const cube = await ZarrCubeWriter.create(path, { geobox, times: [0], variables: ['a'], tile: 16 });
    await cube.write('a', 0, { x: 0, y: 0, width: 16, height: 16 }, new Float32Array(256));
    await cube.abort();
    expect((await readdir(folder)).filter((name) => name.includes('given-up'))).toEqual([]);
    await expect(cube.close()).rejects.toThrow(/is complete, or was given up/);
  });

  it('treats no integer as nodata without a declared value', async () => {
    const variables = { a: { dtype: 'uint8' as const } };
    const create = (name: string): Promise<ZarrCubeWriter> =>
      ZarrCubeWriter.create(join(folder, name), { geobox, times: [0], variables, tile: 64 });
    const whole = await create('whole.zarr');
    const values = new Uint8Array(50 * 37);
    await whole.write('a', 0, { x: 0, y: 0, width: 50, height: 37 }, values);
    await whole.close();
    const raster = await openRaster(join(folder, 'whole.zarr#a'));
    expect(raster.bands[0].nodata).toBeNull();
    expect(await raster.readPlanes()).toEqual([values]);
    await raster.close();
    const part = await create('part.zarr');
    await part.write('a', 0, { x: 0, y: 0, width: 50, height: 36 }, values.subarray(50));
    await expect(part.close()).rejects.toThrow(/lacks pixels of "a", which has no nodata value/);
    expect((await readdir(folder)).filter((name) => name.includes('part.zarr'))).toEqual([]);
  });

  it('refuses impossible cubes', async () => {
    const path = join(folder, 'refused.zarr');
    const options = { geobox, times: months, variables: ['a'] };
    const create = (changes: object): Promise<ZarrCubeWriter> =>
      ZarrCubeWriter.create(path, { ...options, ...changes });
    await expect(create({ times: [] })).rejects.toThrow(/are missing or not all finite/);
    await expect(create({ times: [TimeInterval.always] })).rejects.toThrow(/not all finite/);
    await expect(create({ variables: [] })).rejects.toThrow(/variables are missing/);
    await expect(create({ variables: ['../a'] })).rejects.toThrow(/cannot be named/);
    await expect(create({ variables: ['time'] })).rejects.toThrow(/cannot be named/);
    await expect(create({ variables: { a: { dtype: 'uint8', nodata: -1 } } })).rejects.toThrow(/-1 in uint8/);
    await expect(create({ tile: 10, chunk: 3 })).rejects.toThrow(/tile cannot be 10/);
    const crs = Crs.fromProj('+proj=laea +lat_0=1 +lon_0=2 +ellps=WGS84');
    await expect(create({ geobox: new GeoBox(crs, geobox.transform, 5, 5) })).rejects.toThrow(/no WKT/);
    await expect(ZarrCubeWriter.create(folder, options)).rejects.toThrow(/exists already/);
    expect((await readdir(folder)).filter((name) => name.includes('refused'))).toEqual([]);

    const cube = await create({ tile: 16 });
    const window = { x: 0, y: 0, width: 4, height: 4 };
    const data = new Float32Array(16);
    await expect(cube.write('b', 0, window, data)).rejects.toThrow(/no variable "b"; choose one of a/);
    await expect(cube.write('a', 2, window, data)).rejects.toThrow(/no step 2; choose one of 0 to 1/);
    await expect(cube.write('a', 0, { ...window, x: 47 }, data)).rejects.toThrow(/does not reach/);
    await expect(cube.write('a', 0, window, new Float64Array(16))).rejects.toThrow(/not 16 of float64/);
    await expect(cube.write('a', 0, window, new Float32Array(15))).rejects.toThrow(/not 15 of float32/);
    await cube.write('a', 0, window, data);
    await expect(cube.write('a', 0, { ...window, x: 3 }, data)).rejects.toThrow(/were written before/);
    await cube.write('a', 1, { x: 0, y: 0, width: 16, height: 16 }, new Float32Array(256));
    await expect(cube.write('a', 1, window, data)).rejects.toThrow(/were written before/);
    await cube.abort();
  });
});
