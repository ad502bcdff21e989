import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildRasterCatalog,
  buildVectorCatalog,
  buildZarrCatalog,
  type CatalogRow,
} from '../../src/catalog/node/index.js';
import { Affine, Crs, createTransform, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import { CogWriter, writeCog } from '../../src/raster/node/index.js';
import { polygonArea } from '../../src/vector/index.js';
import { idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { serveFolder, storePath } from '../support/stores.js';

const folder = await temporaryFolder();

function grid(crs: number, x: number, y: number, size = 4, resolution = 10): GeoBox {
  return new GeoBox(crs, new Affine(resolution, 0, x, 0, -resolution, y), size, size);
}

async function raster(
  name: string,
  geobox: GeoBox,
  bands = 1,
  nodata: number | null = null,
): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  const values = Array.from({ length: bands }, () => new Uint8Array(geobox.pixelCount));
  await writeCog(path, values, { geobox, bands, dtype: 'uint8', nodata });
  return path;
}

/** The largest distance of a corner or an edge's midpoint to the footprint's boundary, in pixels. */
function worstDistance(row: CatalogRow, geobox: GeoBox): number {
  const back = createTransform(Crs.wgs84, geobox.crs);
  const toPixel = geobox.transform.inverse();
  let worst = 0;
  for (const [outer] of row.footprint) {
    for (let k = 1; k < outer.length; k++) {
      for (const share of [0, 0.25, 0.5, 0.75]) {
        const lon = outer[k - 1][0] + share * (outer[k][0] - outer[k - 1][0]);
        const lat = outer[k - 1][1] + share * (outer[k][1] - outer[k - 1][1]);
        const [x, y] = toPixel.apply(...back.forward(lon, lat));
        const aside = Math.min(
          Math.abs(x),
          Math.abs(x - geobox.width),
          Math.abs(y),
          Math.abs(y - geobox.height),
        );
        worst = Math.max(worst, aside);
      }
    }
  }
  return worst;
}

const only = (rows: Iterable<CatalogRow>): CatalogRow => {
  const [row, ...rest] = rows;
  expect(rest).toEqual([]);
  return row;
};

describe('buildRasterCatalog', () => {
  let utm32: string;
  beforeAll(async () => {
    utm32 = await raster('plain/a_20210715.tif', grid(32632, 300_000, 5_500_000), 2, 255);
    await raster('plain/b_20210716.tif', grid(32633, 300_000, 5_500_000));
    await raster('plain/c_20210714.tif', grid(3857, 700_000, 6_400_000, 4, 20));
    await writeFile(join(folder, 'plain/notes.txt'), 'no raster');
  });

  it('reads grids, bands and times from headers', async () => {
    const { catalog, unreadable, unmatched } = await buildRasterCatalog(utm32, { collection: 'x' });
    expect([unreadable, unmatched]).toEqual([[], []]);
    const row = only(catalog);
    expect(row).toMatchObject({
      id: 'a_20210715',
      collection: 'x',
      interval: TimeInterval.always,
      href: utm32,
      properties: {},
    });
    const { geobox, ...asset } = row.assets.data;
    expect(asset).toEqual({
      href: utm32,
      roles: ['data'],
      bands: [1, 2].map((index) => ({ name: `band${index}`, index, nodata: 255, scale: 1, offset: 0 })),
    });
    expect(geobox?.equals(grid(32632, 300_000, 5_500_000))).toBe(true);
    const named = await buildRasterCatalog(utm32, { bandNames: ['VV', 'VH'] });
    expect(only(named.catalog).assets.data.bands?.map(({ name }) => name)).toEqual(['VV', 'VH']);
    await expect(buildRasterCatalog(utm32, { bandNames: ['VV'] })).rejects.toThrow(
      /has 2 bands, and bandNames has 1/,
    );
  });

  it('torchgeo test_reprojection, different_crs: files in three CRSs are in one catalog, each with its grid', async () => {
    const { catalog } = await buildRasterCatalog(join(folder, 'plain'));
    expect(Array.from(catalog, (row) => row.assets.data.geobox?.crs.epsg)).toEqual([32632, 32633, 3857]);
    expect(Array.from(catalog, (row) => row.assets.data.geobox?.resolution)).toEqual([
      [10, 10],
      [10, 10],
      [20, 20],
    ]);
    // Each is found by its own bounds in its own CRS.
    for (const [k, row] of [...catalog].entries()) {
      const { bounds, crs } = row.assets.data.geobox as GeoBox;
      expect(idsOf(catalog.query({ geometry: bounds, crs }))).toEqual([catalog.row(k).id]);
    }
  });

  it('torchgeo test_files_property_ordered, test_files_property_deterministic, test_files: the catalog does not depend on the form or order of its inputs', async () => {
    const folderWide = idsOf((await buildRasterCatalog(join(folder, 'plain'))).catalog);
    expect(folderWide).toEqual(['a_20210715', 'b_20210716', 'c_20210714']);
    const inputs = ['c_20210714.tif', 'a_20210715.tif', 'b_20210716.tif'].map((name) =>
      join(folder, 'plain', name),
    );
    for (const input of [
      inputs,
      [...inputs, ...inputs],
      // Several folders, and a folder with some of its files.
      [join(folder, 'plain'), join(folder, 'plain')],
      [...inputs, join(folder, 'plain')],
      [join(folder, 'plain'), inputs[1], join(folder, 'plain/*.tif')],
      [join(folder, 'plain/*.tif')],
      [join(folder, '**/?_2021*.tif')],
      [join(folder, 'plain/{b,c}_*'), join(folder, 'plain/[!bc]*.t?f')],
    ]) {
      const { catalog } = await buildRasterCatalog(input, { concurrency: 2 });
      expect(idsOf(catalog)).toEqual(folderWide);
    }
  });

  it('torchgeo test_files_property_for_virtual_files: on a server, one request each, in parallel under a cap', async () => {
    const { url, requests } = await serveFolder(join(folder, 'plain'));
    const urls = ['a_20210715.tif', 'b_20210716.tif', 'c_20210714.tif'].map((name) => `${url}/${name}`);
    const { catalog } = await buildRasterCatalog(urls);
    expect(idsOf(catalog)).toEqual(['a_20210715', 'b_20210716', 'c_20210714']);
    expect(requests.sort()).toEqual(['/a_20210715.tif', '/b_20210716.tif', '/c_20210714.tif']);
    const missing = await buildRasterCatalog([...urls, `${url}/absent.tif`]);
    expect(missing.catalog.length).toBe(3);
    expect(missing.unreadable.map(({ path }) => path)).toEqual([`${url}/absent.tif`]);
  });

  it('dates: a date covers the whole unit of its format; start and stop; no date', async () => {
    const { catalog, unmatched } = await buildRasterCatalog(join(folder, 'plain'), {
      filenameRegex: /^[ab]_(?<date>\d{8})/,
    });
    expect(Array.from(catalog, ({ interval }) => String(interval))).toEqual([
      '2021-07-15T00:00:00.000Z/2021-07-15T23:59:59.999Z',
      '2021-07-16T00:00:00.000Z/2021-07-16T23:59:59.999Z',
    ]);
    expect(unmatched).toEqual([join(folder, 'plain/c_20210714.tif')]);
    const months = await buildRasterCatalog(utm32, { filenameRegex: '_(?<date>\\d{6})', dateFormat: '%Y%m' });
    expect(only(months.catalog).interval.equals(TimeInterval.parse('2021-07'))).toBe(true);
    await expect(buildRasterCatalog(utm32, { filenameRegex: 'Q(?<date>.)' })).rejects.toThrow(
      /names of the 1 files are not matched by `filenameRegex`; correct it; the first name is a_20210715\.tif/,
    );
  });

  it('an impossible date is reported as an unreadable file', async () => {
    const bad = join(folder, 'dates/x_20211399.tif');
    await mkdir(join(folder, 'dates'), { recursive: true });
    await copyFile(utm32, bad);
    await copyFile(utm32, join(folder, 'dates/y_20210101.tif'));
    const { catalog, unreadable } = await buildRasterCatalog(join(folder, 'dates'), {
      filenameRegex: '(?<date>\\d{8})',
    });
    expect(idsOf(catalog)).toEqual(['y_20210101']);
    expect(unreadable.map(({ error }) => error.message)).toEqual([
      'x_20211399.tif has "20211399" for a date; write dates as %Y%m%d, or give another `dateFormat`.',
    ]);
  });

  it('torchgeo test_files_separate, bands: files of one scene that differ by band are one item, also across folders', async () => {
    for (const [name, resolution] of [
      ['s2/R10m/T1_20210715_B02.tif', 10],
      ['s2/R10m/T1_20210715_B03.tif', 10],
      ['s2/R20m/T1_20210715_B05.tif', 20],
      ['s2/R10m/T1_20210716_B02.tif', 10],
    ] as const) {
      await raster(name, grid(32632, 300_000, 5_500_000, 40 / resolution, resolution));
    }
    const { catalog } = await buildRasterCatalog(join(folder, 's2'), {
      filenameRegex: /_(?<date>\d{8})_(?<band>B\d\d)/,
    });
    expect(idsOf(catalog)).toEqual(['T1_20210715', 'T1_20210716']);
    expect(
      Object.entries(catalog.row(0).assets).map(([name, { bands, geobox }]) => [
        name,
        bands?.[0].name,
        geobox?.resolution[0],
      ]),
    ).toEqual([
      ['B02', 'B02', 10],
      ['B03', 'B03', 10],
      ['B05', 'B05', 20],
    ]);
  });

  it('ids: files of one name get ids with their folder or extension', async () => {
    for (const name of ['ids/x/1/a.tif', 'ids/x/2/a.tif', 'ids/y/1/a.tif', 'ids/y/1/a.tiff', 'ids/b.tif']) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await copyFile(utm32, join(folder, name));
    }
    const { catalog } = await buildRasterCatalog(join(folder, 'ids'));
    expect(idsOf(catalog)).toEqual(['b', 'x/1/a', 'x/2/a', 'y/1/a:a.tif', 'y/1/a:a.tiff']);
  });

  it('corrupted.tif is skipped and reported, or is an error', async () => {
    await copyFile(utm32, join(folder, 'plain/d.tif'));
    const corrupted = join(folder, 'plain/corrupted.tif');
    await writeFile(corrupted, 'not a tiff');
    const warnings: string[] = [];
    const { catalog, unreadable } = await buildRasterCatalog(join(folder, 'plain'), {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(catalog.length).toBe(4);
    expect(unreadable.map(({ path }) => path)).toEqual([corrupted]);
    expect(unreadable[0].error).toMatchObject({ name: 'TerrachipError' });
    expect(warnings).toEqual([expect.stringMatching(/^left out: .*corrupted\.tif/)]);
    await expect(buildRasterCatalog(join(folder, 'plain'), { onUnreadable: 'throw' })).rejects.toThrow(
      /corrupted\.tif/,
    );
    await expect(buildRasterCatalog(corrupted)).rejects.toThrow(
      /none of the 1 files can be read \(the first: .*corrupted/,
    );
  });

  it('reports one unreadable file among a thousand', async () => {
    const many = join(folder, 'many');
    await mkdir(many);
    for (let k = 0; k < 1000; k++) {
      const path = join(many, `t${String(k).padStart(4, '0')}.tif`);
      if (k === 500) await writeFile(path, 'II*\0broken');
      else await symlink(utm32, path);
    }
    const events: number[] = [];
    const { catalog, unreadable } = await buildRasterCatalog(`${many}/*.tif`, {
      onProgress: (event) => event.type === 'progress' && events.push(event.done),
    });
    expect([catalog.length, unreadable.length]).toEqual([999, 1]);
    expect(unreadable[0].path).toBe(join(many, 't0500.tif'));
    expect(catalog.row(500).id).toBe('t0501');
    expect(events.at(-1)).toBe(1000);
  });

  it('stops at an abort signal', async () => {
    const stop = new AbortController();
    const task = buildRasterCatalog(join(folder, 'many'), {
      signal: stop.signal,
      concurrency: 1,
      onProgress: (event) => {
        if (event.type === 'progress' && event.done === 3) stop.abort(new Error('enough'));
      },
    });
    await expect(task).rejects.toThrow('enough');
  });

  it('torchgeo test_files_property_for_non_existing_file_or_dir, test_no_data: names what does not exist', async () => {
    for (const input of ['absent.tif', 'absent/*.tif', join(folder, 'plain/*.xyz')]) {
      await expect(buildRasterCatalog(input)).rejects.toThrow(/does not exist and matches no file/);
    }
    await mkdir(join(folder, 'empty'));
    await expect(buildRasterCatalog(join(folder, 'empty'))).rejects.toThrow(/holds no file of that kind/);
  });

  describe('footprints', () => {
    it('are the reprojected outline, to half a pixel', async () => {
      // A Sentinel-2 tile, and one whose pixels are rotated.
      const tile = grid(32632, 300_000, 5_500_020, 10_980, 10);
      const rotated = new GeoBox(
        32632,
        Affine.translation(300_000, 5_500_000).compose(new Affine(8, 6, 0, 6, -8, 0)),
        3000,
        2000,
      );
      for (const [k, box] of [tile, rotated].entries()) {
        const path = await sparse(`footprints/${k}.tif`, box);
        const row = only((await buildRasterCatalog(path)).catalog);
        expect(worstDistance(row, box)).toBeLessThan(0.5);
        expect(polygonArea(row.footprint, Crs.wgs84)).toBeGreaterThan(0.99 * box.pixelCount * 100);
        expect(row.footprint).toHaveLength(1);
      }
    });

    it('are cut at the antimeridian', async () => {
      const path = await raster('footprints/fiji.tif', grid(32760, 800_000, 8_000_000, 200, 1000));
      const { catalog } = await buildRasterCatalog(path);
      const row = only(catalog);
      const sides = row.footprint.map(([outer]) => Math.sign(outer.reduce((sum, [x]) => sum + x, 0)));
      expect(sides.sort()).toEqual([-1, 1]);
      for (const geometry of [
        [179, -19, 180, -18],
        [-180, -19, -179.5, -18],
      ] as const) {
        expect(catalog.query({ geometry }).length).toBe(1);
      }
      expect(catalog.query({ geometry: [0, -19, 10, -18] }).length).toBe(0);
    });

    it('contain the pole that they cover', async () => {
      const south = new GeoBox(3031, new Affine(1e4, 0, -1e6, 0, -1e4, 1e6), 200, 200);
      const path = await raster('footprints/south.tif', south);
      const { catalog } = await buildRasterCatalog(path);
      for (const lon of [-170, -90, 0, 45, 179]) {
        expect(catalog.query({ geometry: [lon, -89.9, lon + 0.5, -89.5] }).length).toBe(1);
        expect(catalog.query({ geometry: [lon, -70, lon + 0.5, -69] }).length).toBe(0);
      }
      expect(catalog.bounds).toEqual([-180, -90, 180, expect.any(Number)]);
    });

    it('are refused when pixel coordinates are declared as degrees', async () => {
      const path = await raster('nowhere/pixels.tif', grid(4326, 0, 0, 400, 1));
      await expect(buildRasterCatalog(path)).rejects.toThrow(
        /pixels\.tif reaches from 0, -400 to 400, 0, which are no longitudes and latitudes/,
      );
    });

    it('end at the globe for grids in degrees that reach beyond it', async () => {
      const world = new GeoBox(4326, new Affine(1, 0, -0.5, 0, -1, 90.5), 360, 181);
      const pacific = new GeoBox(4326, new Affine(1, 0, 170, 0, -1, 10), 20, 20);
      const { catalog } = await buildRasterCatalog([
        await raster('footprints/e-pacific.tif', pacific),
        await raster('footprints/e-world.tif', world),
      ]);
      expect(catalog.row(1).footprint).toHaveLength(1);
      expect(idsOf(catalog.query({ geometry: [-180, -90, 180, 90] }, { predicate: 'within' }))).toEqual([
        'e-pacific',
        'e-world',
      ]);
      expect(idsOf(catalog.query({ geometry: [-175, 0, -174, 1] }))).toEqual(['e-pacific', 'e-world']);
      expect(idsOf(catalog.query({ geometry: [-20, 0, -19, 1] }))).toEqual(['e-world']);
    });
  });
});

/** A raster without stored tiles. */
async function sparse(name: string, geobox: GeoBox): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  const writer = await CogWriter.create(path, { geobox, bands: 1, dtype: 'uint8', sparse: true });
  for (let row = 0; row < geobox.height; row += 512) {
    await writer.writeRows([new Uint8Array(geobox.width * Math.min(512, geobox.height - row))]);
  }
  await writer.finish();
  return path;
}

describe('buildZarrCatalog', () => {
  it('makes one row per store, with one asset per array', async () => {
    const { catalog, unreadable } = await buildZarrCatalog([
      storePath('scene-v3.zarr.zip'),
      storePath('scene.nc'),
      storePath('plain.h5'),
    ]);
    expect(idsOf(catalog)).toEqual(['scene-v3', 'scene']);
    expect(unreadable.map(({ error }) => error.message)).toEqual([
      expect.stringMatching(/plain\.h5#.* has no coordinate reference system; assign it/),
    ]);
    for (const [k, file] of ['scene-v3.zarr.zip', 'scene.nc'].entries()) {
      const { interval, assets } = catalog.row(k);
      expect(String(interval)).toBe('2021-07-10T10:00:00.000Z/2021-07-15T10:30:00.000Z');
      expect(Object.keys(assets)).toEqual(['reflectance']);
      const { href, bands, geobox } = assets.reflectance;
      expect([href, bands?.length, geobox?.crs.epsg]).toEqual([`${storePath(file)}#reflectance`, 6, 32632]);
    }
  });

  it('makes one row per time step', async () => {
    const { catalog } = await buildZarrCatalog(storePath('scene.nc'), { rows: 'step', collection: 'cube' });
    expect(
      Array.from(catalog, ({ id, interval, assets }) => [
        id,
        String(interval),
        Object.values(assets).map(({ bands }) => bands?.map(({ index }) => index)),
      ]),
    ).toEqual([
      ['scene/2021-07-10T10:00:00Z', '2021-07-10T10:00:00.000Z/2021-07-10T10:00:00.000Z', [[1, 2, 3]]],
      ['scene/2021-07-15T10:30:00Z', '2021-07-15T10:30:00.000Z/2021-07-15T10:30:00.000Z', [[4, 5, 6]]],
    ]);
  });

  it('refuses a store without a raster', async () => {
    await expect(buildZarrCatalog(storePath('types-v3.zarr.zip'))).rejects.toThrow(
      /none of the 1 files can be read/,
    );
    await expect(buildZarrCatalog('test/fixtures/vector/parks.gpkg')).rejects.toThrow(
      /is no Zarr store, netCDF or HDF5 file/,
    );
    await expect(buildZarrCatalog(`${storePath('scene.nc')}#absent`)).rejects.toThrow(
      /has no variable "absent"/,
    );
  });
});

describe('buildVectorCatalog', () => {
  const fixture = (name: string): string => `test/fixtures/vector/${name}`;

  it('makes one row per file, with the bounding box of its features', async () => {
    const { catalog } = await buildVectorCatalog([fixture('parks.shp'), fixture('points.fgb')]);
    expect(idsOf(catalog)).toEqual(['parks', 'points']);
    expect(Array.from(catalog, ({ properties }) => properties)).toEqual([{ features: 3 }, { features: 300 }]);
    const found = catalog.query({ geometry: [300_150, 5_500_050, 300_160, 5_500_060], crs: 32632 });
    expect(idsOf(found)).toEqual(['parks', 'points']);
    expect(catalog.row(0).interval).toBe(TimeInterval.always);
  });

  it('makes one row per feature, with its geometry and properties', async () => {
    const { catalog } = await buildVectorCatalog(fixture('parks.gpkg'), {
      rows: 'feature',
      collection: 'parks',
    });
    expect(idsOf(catalog)).toEqual(['parks/0', 'parks/1', 'parks/2']);
    // The hole between the two parts of the second is not in it.
    const at = (x: number, y: number): string[] =>
      idsOf(catalog.query({ geometry: [x, y, x + 1, y + 1], crs: 32632 }));
    expect(at(300_050, 5_500_050)).toEqual(['parks/0']);
    expect(at(300_150, 5_500_050)).toEqual([]);
    expect(at(300_215, 5_500_015)).toEqual([]);
    expect(at(300_222, 5_500_022)).toEqual(['parks/1']);
    expect(catalog.row(1).properties).toEqual({
      fid: 2,
      label: 'Inseln',
      count: 2,
      share: -1e-7,
      seen: null,
    });
  });

  it('takes points and lines as footprints without area', async () => {
    const { catalog } = await buildVectorCatalog(fixture('mixed.fgb'), { rows: 'feature' });
    expect(catalog.length).toBe(5);
    const [lon, lat] = createTransform(Crs.fromEpsg(32632), Crs.wgs84).forward(300_000, 5_500_000);
    expect(catalog.query({ geometry: [lon - 1e-5, lat - 1e-5, lon + 1e-5, lat + 1e-5] }).length).toBe(5);
  });

  it('takes ids and dates from properties', async () => {
    const path = join(folder, 'events.geojson');
    const feature = (id: string, from: string, to: string): object => ({
      type: 'Feature',
      properties: { id, from, to, of: { x: [1, null] } },
      geometry: { type: 'Point', coordinates: [6, 50] },
    });
    const write = (features: object[]): Promise<void> =>
      writeFile(path, JSON.stringify({ type: 'FeatureCollection', features }));
    await write([
      feature('flood', '2021-07-14', '2021-07-16'),
      feature('fire', '2018/08/01 10:00:00', '2018-08'),
    ]);
    const options = { rows: 'feature', idProperty: 'id', dateProperty: ['from', 'to'] } as const;
    const { catalog } = await buildVectorCatalog(path, options);
    expect(idsOf(catalog)).toEqual(['events/flood', 'events/fire']);
    expect(Array.from(catalog, ({ interval }) => String(interval))).toEqual([
      '2021-07-14T00:00:00.000Z/2021-07-16T23:59:59.999Z',
      '2018-08-01T10:00:00.000Z/2018-08-31T23:59:59.999Z',
    ]);
    expect(catalog.row(0).properties.of).toEqual({ x: [1, null] });
    const whole = await buildVectorCatalog(path, { dateProperty: 'from' });
    expect(String(only(whole.catalog).interval)).toBe('2018-08-01T10:00:00.000Z/2021-07-14T23:59:59.999Z');
    await write([feature('a', 'spring', '2021'), feature('a', 'spring', '2021')]);
    await expect(buildVectorCatalog(path, options)).rejects.toThrow(
      /feature whose from is "spring", which is no date/,
    );
    const years = await buildVectorCatalog(path, { dateProperty: 'to', dateFormat: '%Y' });
    expect(String(only(years.catalog).interval)).toBe('2021-01-01T00:00:00.000Z/2021-12-31T23:59:59.999Z');
    await expect(buildVectorCatalog(path, { rows: 'feature', idProperty: 'id' })).rejects.toThrow(
      /the id a twice/,
    );
    await expect(buildVectorCatalog(path, { rows: 'feature', idProperty: 'no' })).rejects.toThrow(
      /has the no undefined/,
    );
  });

  it('reports files that cannot be read', async () => {
    const bad = join(folder, 'bad.geojson');
    await writeFile(bad, '{');
    const { catalog, unreadable } = await buildVectorCatalog([bad, fixture('parks.fgb')]);
    expect(catalog.length).toBe(1);
    expect(unreadable.map(({ path }) => path)).toEqual([bad]);
  });
});
