import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadVector } from '../../src/catalog/node/index.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeJson } from '../../src/io/node/output.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { polygonizeFile, rasterizeFile } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';
import { ascii, buildTiff, double, short } from '../support/tiff-builder.js';

const folder = await temporaryFolder();
const [width, height] = [700, 900];
const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_600_000), width, height);

/** Blocks of classes with single-pixel noise, and gaps. */
function classMap(): Uint8Array {
  const random = seeded(41);
  return Uint8Array.from({ length: width * height }, (_, k) => {
    const [x, y] = [k % width, Math.floor(k / width)];
    if (random() < 0.002) return 255;
    if (random() < 0.01) return 2;
    return (Math.sin(x / 40) * Math.cos(y / 70) > 0.2 ? 1 : 0) | 0;
  });
}

async function readPixels(path: string): Promise<number[]> {
  const raster = await openRaster(path);
  const [pixels] = await raster.readPlanes();
  await raster.close();
  return [...pixels];
}

describe('polygonizeFile by type', () => {
  // Types by the tags BitsPerSample and SampleFormat; a place in UTM zone 32N.
  const place = {
    33550: double(10, 10, 0),
    33922: double(0, 0, 0, 500000, 5000000, 0),
    34735: short(1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32632),
  };
  const polygonize = async (pixels: ArrayBuffer, bits: number, format: number, count: number) => {
    const source = join(folder, `of-${bits}-${format}.tif`);
    const fields = { ...place, 258: short(bits), 339: short(format), 42113: ascii('-9223372036854775808') };
    await writeFile(source, buildTiff(count, 1, new Uint8Array(pixels), { fields }));
    return polygonizeFile({ source, destination: join(folder, 'typed.geojson') });
  };

  it('accepts 64-bit classes that fit in 32 bits', async () => {
    const { values } = await polygonize(BigInt64Array.of(5n, 5n, -3n, -(2n ** 63n)).buffer, 64, 2, 4);
    expect(values.map(({ value, areas }) => [value, areas])).toEqual([
      [-3, 1],
      [5, 1],
    ]);
    await expect(polygonize(BigInt64Array.of(5n, 2n ** 40n).buffer, 64, 2, 2)).rejects.toThrow(
      /holds the class 1099511627776, which does not fit into int32; number the classes from -2147483648/,
    );
  });

  it('refuses complex and floating-point numbers', async () => {
    await expect(polygonize(Int16Array.of(1, 2, 1, 2).buffer, 32, 5, 2)).rejects.toThrow(/complex_int16/);
    await expect(polygonize(Float64Array.of(1, 2).buffer, 64, 3, 2)).rejects.toThrow(
      /holds float64, which is/,
    );
  });
});

describe('polygonizeFile and rasterizeFile', async () => {
  const map = classMap();
  const source = join(folder, 'classes.tif');
  await writeCog(source, [map], { geobox, bands: 1, dtype: 'uint8', nodata: 255, overviews: 'mode' });

  it('reproduce the map', async () => {
    const polygons = join(folder, 'classes.geojson');
    const report = await polygonizeFile({ source, destination: polygons });
    const document = JSON.parse(await readFile(polygons, 'utf8'));
    expect(document.type).toBe('FeatureCollection');
    expect(document.features).toHaveLength(report.areas);
    expect(report.values.map(({ value }) => value)).toEqual([0, 1, 2]);
    for (const { value, areas } of report.values) {
      const own = document.features.filter(
        ({ properties }: { properties: { value: number } }) => properties.value === value,
      );
      expect(own).toHaveLength(areas);
      const pixels = own.reduce(
        (sum: number, { properties }: { properties: { pixels: number } }) => sum + properties.pixels,
        0,
      );
      expect(pixels).toBe(map.reduce((sum, pixel) => sum + (pixel === value ? 1 : 0), 0));
    }
    const burned = join(folder, 'burned.tif');
    const options = { source: polygons, destination: burned, grid: { like: source } };
    const back = await rasterizeFile({ ...options, property: 'value', background: 255 });
    expect(back.burnedPixels).toBe(map.reduce((sum, pixel) => sum + (pixel === 255 ? 0 : 1), 0));
    expect(await readPixels(burned)).toEqual([...map]);
  });

  it('support a single value, and another nodata', async () => {
    const destination = join(folder, 'one.geojson');
    const report = await polygonizeFile({ source, destination, values: [2] });
    expect(report.values.map(({ value }) => value)).toEqual([2]);
    const all = await polygonizeFile({ source, destination, nodata: 0 });
    expect(all.values.map(({ value }) => value)).toEqual([1, 2, 255]);
  });

  it('burn by both rules', async () => {
    const polygons = join(folder, 'square.geojson');
    const [x, y] = [300_003, 5_599_997];
    const ring = [
      [x, y],
      [x, y - 26],
      [x + 26, y - 26],
      [x + 26, y],
      [x, y],
    ];
    await writeJson(polygons, {
      type: 'Polygon',
      coordinates: [ring],
      crs: { type: 'name', properties: { name: 'EPSG:32632' } },
    });
    const grid = {
      crs: 'EPSG:32632',
      bounds: [300_000, 5_599_950, 300_050, 5_600_000],
      resolution: 10,
    } as const;
    const destination = join(folder, 'square.tif');
    await rasterizeFile({ source: polygons, destination, grid });
    const rows = (pixels: number[]): number[][] => [0, 5, 10].map((k) => pixels.slice(k, k + 4));
    expect(rows(await readPixels(destination))).toEqual([
      [1, 1, 1, 0],
      [1, 1, 1, 0],
      [1, 1, 1, 0],
    ]);
    const options = { source: polygons, destination, grid, value: 2.5, dtype: 'float32' } as const;
    const { burnedPixels } = await rasterizeFile({ ...options, allTouched: true, background: -1 });
    expect(burnedPixels).toBe(9);
    expect((await readPixels(destination)).slice(0, 4)).toEqual([2.5, 2.5, 2.5, -1]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a band that is not there',
      () => polygonizeFile({ source, destination: join(folder, 'x.geojson'), band: 2 }),
      /^band cannot be 2; choose one of 1 to 1/,
    ],
    [
      'fractions',
      () =>
        polygonizeFile({
          source: 'test/fixtures/geotiff/rotated-float32.tif',
          destination: join(folder, 'x.geojson'),
        }),
      /rotated-float32\.tif holds float32, which is not a type of classes; give a raster of integers/,
    ],
    [
      'a raster without a place',
      () =>
        polygonizeFile({
          source: 'test/fixtures/geotiff/no-crs-uint8.tif',
          destination: join(folder, 'x.geojson'),
        }),
      /no coordinate reference system/,
    ],
    [
      'a value that does not fit',
      () =>
        rasterizeFile({
          source: join(folder, 'square.geojson'),
          destination: join(folder, 'x.tif'),
          grid: { like: source },
          value: 300,
        }),
      /^value cannot be 300 in uint8; choose `dtype` int16/,
    ],
    [
      'a value beside a property',
      () =>
        rasterizeFile({
          source: join(folder, 'square.geojson'),
          destination: join(folder, 'x.tif'),
          grid: { like: source },
          value: 3,
          property: 'value',
        }),
      /^value has no meaning beside `property`/,
    ],
    [
      'a property that is no number',
      () =>
        rasterizeFile({
          source: join(folder, 'square.geojson'),
          destination: join(folder, 'x.tif'),
          grid: { like: source },
          property: 'name',
        }),
      /square\.geojson has no property name; give a value instead/,
    ],
  ])('refuse %s, and leave nothing behind', async (_, job, message) => {
    await expect(job()).rejects.toThrow(message);
    expect((await readdir(folder)).filter((name) => /^x|\.tmp$/.test(name))).toEqual([]);
  });
});

describe('rasterizeFile', async () => {
  const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
  /** A row of squares of 5 × 5 pixels, each with properties. */
  const write = async (
    name: string,
    properties: readonly object[],
    own: object = { crs },
  ): Promise<string> => {
    const features = properties.map((each, k) => {
      const x = 300_000 + 100 * k;
      const ring = [
        [x, 0],
        [x + 50, 0],
        [x + 50, 50],
        [x, 50],
        [x, 0],
      ];
      return { type: 'Feature', properties: each, geometry: { type: 'Polygon', coordinates: [ring] } };
    });
    const path = join(folder, name);
    await writeJson(path, { type: 'FeatureCollection', features, ...own });
    return path;
  };
  const grid = { crs: 'EPSG:32632', bounds: [300_000, 0, 300_400, 100], resolution: 10 } as const;
  const destination = join(folder, 'zones.tif');
  /** Pixel counts by value, except 0. */
  const counts = async (): Promise<Record<string, number>> => {
    const found: Record<string, number> = {};
    for (const value of await readPixels(destination))
      if (value !== 0) found[value] = (found[value] ?? 0) + 1;
    return found;
  };

  it('burns ids exactly in each type that holds them, and refuses the others', async () => {
    const source = await write('ids.geojson', [{ v: 100_001_729 }, { v: 100_001_731 }]);
    const options = { source, destination, grid, property: 'v' };
    for (const dtype of ['int32', 'uint32', 'float64'] as const) {
      await rasterizeFile({ ...options, dtype });
      expect(await counts()).toEqual({ 100001729: 25, 100001731: 25 });
      const raster = await openRaster(destination);
      expect(raster.bands[0].dtype).toBe(dtype);
      await raster.close();
    }
    for (const dtype of ['float32', 'uint16', 'int16', 'uint8', 'int8'] as const) {
      await expect(rasterizeFile({ ...options, dtype })).rejects.toThrow(
        `has a feature whose v is 100001729, which ${dtype} does not hold; choose \`dtype\` int32.`,
      );
    }
    // Already rounded by JSON.
    const rounded = await write('rounded.geojson', [{ v: 2 ** 53 }]);
    await expect(rasterizeFile({ ...options, source: rounded, dtype: 'float64' })).rejects.toThrow(
      /float64 does not hold; give numbers below 2\^53/,
    );
    for (const [option, more] of [
      ['value', { value: 16_777_217 }],
      ['background', { background: 16_777_217 }],
    ] as const) {
      await expect(rasterizeFile({ source, destination, grid, dtype: 'float32', ...more })).rejects.toThrow(
        `${option} cannot be 16777217 in float32; choose \`dtype\` int32`,
      );
    }
  });

  it('is undone by polygonizeFile, with 32-bit ids', async () => {
    for (const [dtype, ids] of [
      ['uint32', [4_294_967_295, 4_294_967_294]],
      ['int32', [-2_147_483_648, 2_147_483_647]],
    ] as const) {
      const source = await write(
        'wide.geojson',
        ids.map((v) => ({ v })),
      );
      await rasterizeFile({ source, destination, grid, property: 'v', dtype });
      const polygons = join(folder, 'wide-back.geojson');
      const { values } = await polygonizeFile({ source: destination, destination: polygons, nodata: 0 });
      expect(values.map(({ value }) => value)).toEqual([...ids].sort((a, b) => a - b));
      await rasterizeFile({ source: polygons, destination, grid, property: 'value', dtype });
      expect(await counts()).toEqual({ [ids[0]]: 25, [ids[1]]: 25 });
    }
  });

  it('burns classes by a table of strings', async () => {
    const source = await write('crops.geojson', [
      { crop: 'maize', code: '0', n: 1 },
      { crop: 'wheat', code: '1', n: 2 },
      { crop: 'beet', code: '2', n: null },
    ]);
    const options = { source, destination, grid };
    await rasterizeFile({ ...options, property: 'crop', classes: { maize: 3, wheat: 4, beet: 5 } });
    expect(await counts()).toEqual({ 3: 25, 4: 25, 5: 25 });
    await rasterizeFile({ ...options, property: 'code', classes: { 0: 7, 1: 8, 2: 9 } });
    expect(await counts()).toEqual({ 7: 25, 8: 25, 9: 25 });
    for (const [more, message] of [
      [
        { property: 'crop' },
        /whose crop is "maize", which is no class; give a number for each text in `classes`: beet, maize, wheat/,
      ],
      [
        { property: 'crop', classes: { maize: 1 } },
        /whose crop is "wheat", which is no class; name it in `classes`/,
      ],
      [{ property: 'valueOf' }, /has no property valueOf; choose one of crop, code, n/],
      [{ property: 'krop' }, /has no property krop; choose one of crop, code, n/],
      [{ property: 'n' }, /whose n is null, which is no class; give it a number/],
      [{ classes: { maize: 1 } }, /^classes has no meaning without `property`/],
    ] as const) {
      await expect(rasterizeFile({ ...options, ...more })).rejects.toThrow(message);
    }
  });

  it('takes the CRS option for a file without a CRS', async () => {
    const source = await write('bare.geojson', [{ v: 1 }], {});
    await expect(rasterizeFile({ source, destination, grid })).rejects.toThrow(
      /300000, 0, which is no longitude/,
    );
    const { burnedPixels } = await rasterizeFile({ source, destination, grid, sourceCrs: 'EPSG:32632' });
    expect(burnedPixels).toBe(25);
    // The file's CRS wins, with a warning.
    const warnings: string[] = [];
    const said = await write('said.geojson', [{ v: 1 }]);
    const report = await rasterizeFile({
      source: said,
      destination,
      grid,
      sourceCrs: 'EPSG:32633',
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(report.burnedPixels).toBe(25);
    expect(warnings).toEqual([
      expect.stringMatching(/said\.geojson says that .* EPSG:32632, so that EPSG:32633 is not used/),
    ]);
  });

  it('finds polygons near a pole and the antimeridian on a polar grid', async () => {
    /** A sector between two meridians and two parallels, with edges along the parallels. */
    const sector = ([west, east, south, north]: readonly [number, number, number, number]): number[][] => {
      const longitudes = Array.from({ length: 90 }, (_, k) => west + ((east - west) * k) / 89);
      const there = longitudes.map((x) => [x, south]);
      return [...there, ...longitudes.toReversed().map((x) => [x, north]), [west, south]];
    };
    const sectors = [
      [5, 85, 89.4, 89.9],
      [-85, -5, 88, 89],
      [100, 170, 89.5, 89.95],
    ] as const;
    const source = join(folder, 'ice.geojson');
    const features = sectors.map((each, k) => ({
      type: 'Feature',
      properties: { v: k + 1 },
      geometry: { type: 'Polygon', coordinates: [sector(each)] },
    }));
    await writeJson(source, { type: 'FeatureCollection', features });
    // The grid of the NSIDC at 10 km. Pixels as rasterio burns these sectors, projected by pyproj at 3000 positions each.
    const polar = new GeoBox(
      'EPSG:3413',
      new Affine(10_000, 0, -3_850_000, 0, -10_000, 5_850_000),
      760,
      1120,
    );
    const { crs: polarCrs, bounds } = polar;
    const size = [760, 1120] as const;
    await rasterizeFile({ source, destination, grid: { crs: polarCrs, bounds, size }, property: 'v' });
    expect(await counts()).toEqual({ 1: 26, 2: 244, 3: 16 });
    const { boxes } = await loadVector(source, polar, { value: { property: 'v' } });
    expect(boxes.map(({ pixels }) => pixels)).toEqual([26, 244, 16]);
  });

  it('is an error when no feature touches the grid', async () => {
    const source = await write('far.geojson', [{ v: 1 }]);
    const far = { ...grid, bounds: [500_000, 0, 500_100, 100] as const };
    await expect(rasterizeFile({ source, destination, grid: far })).rejects.toThrow(
      /far\.geojson does not overlap the grid: it lies at longitude 7\.2029 to 7\.2034, .*, the grid at longitude 9 to 9\.0009/,
    );
  });
});
