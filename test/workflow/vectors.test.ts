import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeJson } from '../../src/io/node/index.js';
import { openRaster, writeCog } from '../../src/raster/index.js';
import { GeoJsonFile } from '../../src/vector/node/index.js';
import { polygonizeFile, rasterizeFile } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';

const folder = await temporaryFolder();
const [width, height] = [700, 900];
const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_600_000), width, height);

/** Blocks of classes with salt on them, and gaps. */
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

describe('polygonizeFile and rasterizeFile', async () => {
  const map = classMap();
  const source = join(folder, 'classes.tif');
  await writeCog(source, [map], { geobox, bands: 1, dtype: 'uint8', nodata: 255, overviews: 'mode' });

  it('give the map back', async () => {
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

  it('takes one value alone, and another nodata', async () => {
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
      /--band cannot be 2; choose one of 1 to 1/,
    ],
    [
      'fractions',
      () =>
        polygonizeFile({
          source: 'test/fixtures/geotiff/rotated-float32.tif',
          destination: join(folder, 'x.geojson'),
        }),
      /rotated-float32\.tif holds float32, which is no type of classes; give a raster of integers/,
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
      /--value cannot be 300 in uint8; give a whole number from 0 to 255/,
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
      /--value has no meaning beside --property/,
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
      /square\.geojson has a polygon whose name is undefined; give whole numbers/,
    ],
  ])('refuse %s, and leave nothing behind', async (_, job, message) => {
    await expect(job()).rejects.toThrow(message);
    expect((await readdir(folder)).filter((name) => /^x|\.tmp$/.test(name))).toEqual([]);
  });
});

describe('GeoJsonFile', () => {
  it('writes long collections in pieces, and an empty one too', async () => {
    const path = join(folder, 'long.geojson');
    const file = await GeoJsonFile.create(path);
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
    const empty = await GeoJsonFile.create(path);
    await empty.finish();
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ type: 'FeatureCollection', features: [] });
  });

  it('leaves what was there when it is given up', async () => {
    const path = join(folder, 'kept.geojson');
    const first = await GeoJsonFile.create(path);
    await first.finish();
    const before = await readFile(path, 'utf8');
    const second = await GeoJsonFile.create(path);
    second.add([], {});
    await second.abort();
    expect(await readFile(path, 'utf8')).toBe(before);
    await expect(GeoJsonFile.create(join(folder, 'no', 'x.geojson'))).rejects.toThrow(/cannot be written/);
  });
});
