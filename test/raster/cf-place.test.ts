import { describe, expect, it } from 'vitest';
import { Crs } from '../../src/geo/node/index.js';
import { openRaster, type Raster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { arrayV3, writeStore, writeZarrStore, zarrCoordinate } from '../support/zarr-store.js';

const folder = await temporaryFolder();

describe('coordinates', () => {
  const transformOf = async (
    x: { data: readonly number[]; bounds?: readonly number[] },
    name: string,
  ): Promise<number[] | null> => {
    const attributes = { units: 'degrees_east', ...(x.bounds === undefined ? {} : { bounds: 'x_bnds' }) };
    const store = await writeZarrStore(folder, `${name}.zarr`, {
      x: zarrCoordinate(x.data, 'x', attributes),
      y: zarrCoordinate([11, 10], 'y', { units: 'degrees_north' }),
      v: { data: new Uint8Array(2 * x.data.length), shape: [2, x.data.length], dimensions: ['y', 'x'] },
      ...(x.bounds === undefined
        ? {}
        : {
            x_bnds: {
              data: Float64Array.from(x.bounds),
              shape: [x.data.length, 2],
              dimensions: ['x', 'nv'],
            },
          }),
    });
    const raster = await openRaster(`${store}#v`);
    await raster.close();
    return (
      raster.transform
        ?.toTuple()
        .slice(0, 3)
        .map((n) => Number(n.toFixed(9))) ?? null
    );
  };
  const counted = (count: number, value: (i: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => value(i));

  it.each<[string, { data: readonly number[]; bounds?: readonly number[] }, number[] | null]>([
    [
      'from Greenwich on with a jump to the west',
      { data: counted(36, (i) => (i < 18 ? 5 : -355) + 10 * i) },
      [10, 0, 0],
    ],
    [
      'from the antimeridian on to 360 and on',
      { data: counted(36, (i) => (185 + 10 * i) % 360) },
      [10, 0, -180],
    ],
    ['across Greenwich in 0 to 360', { data: [350, 355, 0, 5, 10] }, [5, 0, -12.5]],
    ['across the antimeridian', { data: [170, 175, 180, -175, -170] }, [5, 0, 167.5]],
    ['that fall across Greenwich', { data: [10, 5, 0, 355, 350] }, [-5, 0, 12.5]],
    ['of 0 to 360', { data: counted(36, (i) => 5 + 10 * i) }, [10, 0, 0]],
    ['of two halves of the globe', { data: [90, 270] }, [180, 0, 0]],
    ['of one column with bounds', { data: [7], bounds: [5, 9] }, [4, 0, 5]],
    ['at the edges of their cells', { data: [0, 2, 4], bounds: [0, 2, 2, 4, 4, 6] }, [2, 0, 0]],
    ['in cells that fall', { data: [5, 3, 1], bounds: [6, 4, 4, 2, 2, 0] }, [-2, 0, 6]],
    [
      'in cells whose bounds stand the other way',
      { data: [5, 3, 1], bounds: [4, 6, 2, 4, 0, 2] },
      [-2, 0, 6],
    ],
    ['in bounds that lie elsewhere', { data: [5, 3, 1], bounds: [90, 88, 88, 86, 86, 84] }, [-2, 0, 6]],
    ['of one column', { data: [7] }, null],
    ['of a Gaussian grid', { data: [0, 10, 21, 33] }, null],
  ])('%s', async (name, x, wanted) => {
    expect(await transformOf(x, name)).toEqual(wanted);
  });

  it('rounded to float32 are regular in fine steps', async () => {
    const step = 1 / 3600;
    const data = counted(2000, (i) => Math.fround(179 + i * step));
    const [a = 0, , c = 0] = (await transformOf({ data }, 'fine')) ?? [];
    expect(Math.abs(a / step - 1)).toBeLessThan(1e-4);
    expect(Math.abs(c - (179 - step / 2))).toBeLessThan(1e-5);
    // The same values with a tenth of a pixel of noise are not.
    const noisy = data.map((value, i) => value + (i % 7 === 0 ? step / 2 : 0));
    expect(await transformOf({ data: noisy }, 'noisy')).toBe(null);
  });
});

describe('a grid mapping', () => {
  const placeOf = async (
    name: string,
    gridMapping: string,
    system: object,
    units = 'm',
    coordinates: readonly [number, number] = [500_005, 500_015],
  ): Promise<Pick<Raster, 'crs' | 'transform' | 'placeProblem'>> => {
    const scalar = { data: Uint8Array.of(0), shape: [1], dimensions: ['one'] };
    const store = await writeZarrStore(folder, `${name}.zarr`, {
      x: zarrCoordinate(coordinates, 'x', { units }),
      y: zarrCoordinate(coordinates, 'y', { units }),
      v: {
        data: new Uint8Array(4),
        shape: [2, 2],
        dimensions: ['y', 'x'],
        attributes: { grid_mapping: gridMapping },
      },
      map: { ...scalar, attributes: system },
      globe: { ...scalar, attributes: { grid_mapping_name: 'latitude_longitude' } },
    });
    const raster = await openRaster(`${store}#v`);
    await raster.close();
    return raster;
  };
  const utm = { crs_wkt: Crs.fromEpsg(32632).wkt };

  it('of several is the one that names the axes', async () => {
    for (const text of ['map: x y globe: lat lon', 'globe: lat lon map: x y', 'globe: lat lon map: y x']) {
      expect((await placeOf('several', text, utm)).crs?.epsg).toBe(32632);
    }
  });

  it('is in metres when coordinates are in kilometres', async () => {
    for (const units of ['km', 'kilometers', '1000 m']) {
      const { transform } = await placeOf('kilometres', 'map', utm, units, [500.005, 500.015]);
      expect(transform?.toTuple().map((n) => Number(n.toFixed(6)))).toEqual([10, 0, 500_000, 0, 10, 500_000]);
    }
    expect((await placeOf('metres', 'map', utm)).transform?.a).toBe(10);
  });

  it('of an unknown kind is reported', async () => {
    const raster = await placeOf('unknown', 'map', { grid_mapping_name: 'vertical_perspective' });
    expect(raster.placeProblem).toBe('has a grid mapping that is not known ("vertical_perspective")');
  });
});

describe('a swath', () => {
  it('is reported, and its coordinates are not rasters', async () => {
    const place = (units: string): Record<string, unknown> =>
      arrayV3([2, 3], [2, 3], { dimension_names: ['scan', 'pixel'], attributes: { units } });
    const value = (coordinates: string): Record<string, unknown> =>
      arrayV3([2, 3], [2, 3], { dimension_names: ['scan', 'pixel'], attributes: { coordinates } });
    for (const coordinates of [
      '/PRODUCT/longitude /PRODUCT/latitude',
      'PRODUCT/longitude PRODUCT/latitude',
      'longitude latitude',
      '',
    ]) {
      const store = await writeStore(folder, 'swath.zarr', {
        'zarr.json': { zarr_format: 3, node_type: 'group' },
        'PRODUCT/zarr.json': { zarr_format: 3, node_type: 'group' },
        'PRODUCT/latitude/zarr.json': place('degrees_north'),
        'PRODUCT/longitude/zarr.json': place('degrees_east'),
        'PRODUCT/no2/zarr.json': value(coordinates),
      });
      const raster = await openRaster(store);
      expect(raster.name).toMatch(/#PRODUCT\/no2$/);
      expect(raster.swath).toEqual(['PRODUCT/latitude', 'PRODUCT/longitude']);
      await expect(raster.read()).rejects.toThrow(
        /is a swath: its pixels are placed by arrays of latitude and longitude \(PRODUCT\/latitude and PRODUCT\/longitude\)/,
      );
      await raster.close();
    }
  });
});
