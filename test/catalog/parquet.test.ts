import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  GeoCatalog,
  openCatalog,
  type PlaceAndTime,
  writeCatalog,
} from '../../src/catalog/node/index.js';
import { Affine, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import { boxOutline, catalogRow } from '../support/catalog.js';
import { catalogRows } from '../support/catalog-rows.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';

const folder = await temporaryFolder();

function sorted(rows: Iterable<CatalogRow>): CatalogRow[] {
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function ids(rows: Iterable<CatalogRow>): string[] {
  return sorted(rows).map(({ id }) => id);
}

async function roundTrip(rows: readonly CatalogRow[], name: string): Promise<CatalogRow[]> {
  const path = join(folder, name);
  await writeCatalog(GeoCatalog.from(rows), path);
  const file = await openCatalog(path);
  const loaded = await file.load();
  await file.dispose();
  return sorted(loaded);
}

/** Small rows all over the globe, some across the antimeridian, over ten years. */
function manyRows(count: number, seed = 1): CatalogRow[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, k) => {
    const [x, y] = [360 * random() - 180, 170 * random() - 85];
    const day = Date.UTC(2015, 0, 1) + Math.floor(3650 * random()) * 86_400_000;
    const footprint =
      x > 179
        ? [boxOutline([x, y, 180, y + 1]), boxOutline([-180, y, x - 359, y + 1])]
        : [boxOutline([x, y, x + 1, y + 1])];
    const interval = new TimeInterval(day, day + 86_399_999);
    return { ...catalogRow(`row ${k}`, footprint, '2021-07-15'), interval, properties: { k } };
  });
}

describe('a catalog in a file', () => {
  it('test_properties.py test_roundtrip_preserves_rowset: to the millisecond', async () => {
    await fc.assert(
      fc.asyncProperty(catalogRows, async (rows) => {
        expect(await roundTrip(rows, 'property.parquet')).toEqual(sorted(rows));
      }),
      { numRuns: 40 },
    );
  });

  it('test_duckdb.py test_empty_catalog_round_trip', async () => {
    expect(await roundTrip([], 'empty.parquet')).toEqual([]);
    const file = await openCatalog(join(folder, 'empty.parquet'));
    expect(file.length).toBe(0);
    expect((await file.query({ geometry: [0, 0, 1, 1] })).length).toBe(0);
    await file.dispose();
  });

  it('keeps assets with their bands, NaN and grids', async () => {
    const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_600_000), 100, 200);
    const assets: CatalogRow['assets'] = {
      B04: {
        href: 'B04.tif',
        mediaType: 'image/tiff',
        roles: ['data'],
        units: 'dn_harmonised',
        bands: [{ name: 'B04', commonName: 'red', index: 1, nodata: 0, scale: 0.0001, offset: -0.1 }],
        geobox,
      },
      dem: { href: 'dem.tif', bands: [{ name: 'h', index: 1, nodata: Number.NaN }] },
      low: { href: 'low.tif', bands: [{ name: 'h', index: 2, nodata: Number.NEGATIVE_INFINITY }] },
    };
    const row = { ...catalogRow('one', [5, 49, 6, 50], '2021-07-15'), assets };
    const [back] = await roundTrip([row], 'assets.parquet');
    expect(back).toEqual(row);
    expect(back.assets.B04.geobox?.crs.epsg).toBe(32632);
  });

  it('test_duckdb.py test_open_handles_paths_with_apostrophe: and letters of any script', async () => {
    const rows = [catalogRow("it's", [5, 49, 6, 50], '2021-07-15')];
    expect(await roundTrip(rows, "d'Alzette été 東京.parquet")).toEqual(rows);
  });

  it('test_duckdb.py test_iter_rows_does_not_leak_schema_metadata_into_extras', async () => {
    const row = { ...catalogRow('one', [5, 49, 6, 50]), properties: { bbox: 1, schemaVersion: 'mine' } };
    const [back] = await roundTrip([row], 'extras.parquet');
    expect(Object.keys(back).sort()).toEqual(Object.keys(row).sort());
    expect(back.properties).toEqual({ bbox: 1, schemaVersion: 'mine' });
  });

  it('refuses properties that a file cannot hold', async () => {
    const row = { ...catalogRow('bad', [5, 49, 6, 50]), properties: { cloud: Number.NaN } };
    await expect(writeCatalog(GeoCatalog.from([row]), join(folder, 'nan.parquet'))).rejects.toThrow(
      /the row "bad" has the property cloud = NaN/,
    );
    await expect(stat(join(folder, 'nan.parquet'))).rejects.toThrow(/ENOENT/);
  });

  it('test_streaming.py test_empty_input_leaves_existing_artifact_intact: a failed write leaves the existing file intact', async () => {
    const path = join(folder, 'kept.parquet');
    const good = [catalogRow('good', [5, 49, 6, 50])];
    await writeCatalog(GeoCatalog.from(good), path);
    const bad = { ...good[0], properties: { cloud: Number.POSITIVE_INFINITY } };
    await expect(writeCatalog(GeoCatalog.from([bad]), path)).rejects.toThrow(/cloud/);
    const file = await openCatalog(path);
    expect(file.hasIndex).toBe(true);
    expect(ids(await file.load())).toEqual(['good']);
    await file.dispose();
  });

  it('stops at an abort signal', async () => {
    const path = join(folder, 'aborted.parquet');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(writeCatalog(GeoCatalog.from(manyRows(10)), path, { signal })).rejects.toThrow('enough');
    await expect(stat(path)).rejects.toThrow(/ENOENT/);
  });

  it('writes the same bytes for the same rows', async () => {
    const catalog = GeoCatalog.from(manyRows(500));
    for (const name of ['a', 'b']) await writeCatalog(catalog, join(folder, `same-${name}.parquet`));
    for (const end of ['', '.index']) {
      const [a, b] = await Promise.all(
        ['a', 'b'].map((name) => readFile(join(folder, `same-${name}.parquet${end}`))),
      );
      expect(a.equals(b)).toBe(true);
    }
  });
});

describe('queries of a file', async () => {
  const rows = manyRows(5000);
  const whole = GeoCatalog.from(rows);
  const path = join(folder, 'many.parquet');
  await writeCatalog(whole, path, { rowGroupSize: 700 });

  const questions: PlaceAndTime[] = [
    { geometry: [5, 40, 25, 60] },
    { geometry: [5, 40, 25, 60], interval: '2019-01-01/2020-12-31' },
    { interval: '2018-05' },
    { geometry: [170, -60, -170, 60] },
    { geometry: [300_000, 5_500_000, 900_000, 6_500_000], crs: 'EPSG:32632' },
    {
      geometry: [-3_000_000, -3_000_000, 3_000_000, 3_000_000],
      crs: 'EPSG:3413',
      interval: '2016-01/2021-12',
    },
    { geometry: { type: 'Point', coordinates: [10, 50] } },
    { geometry: [0, 0, 0.001, 0.001], interval: '1999-01-01' },
  ];

  for (const index of ['use', 'ignore'] as const) {
    it(`find the same rows as the catalog in memory (index: ${index})`, async () => {
      const file = await openCatalog(path, { index });
      expect(file.hasIndex).toBe(index === 'use');
      for (const where of questions) {
        for (const predicate of ['intersects', 'within', 'contains'] as const) {
          const found = await file.query(where, { predicate });
          expect(ids(found)).toEqual(ids(whole.query(where, { predicate })));
        }
      }
      const some = await file.query(questions[0]);
      expect(some.length).toBeGreaterThan(20);
      expect(sorted(some)).toEqual(sorted(whole.query(questions[0])));
      await file.dispose();
    });
  }

  it('give the same rows by a rebuilt index', async () => {
    const copy = join(folder, 'copy.parquet');
    await writeFile(copy, await readFile(path));
    const bare = await openCatalog(copy);
    expect(bare.hasIndex).toBe(false);
    await bare.dispose();
    const file = await openCatalog(copy, { index: 'rebuild' });
    expect(file.hasIndex).toBe(true);
    expect((await readFile(`${copy}.index`)).equals(await readFile(`${path}.index`))).toBe(true);
    await file.dispose();
  });

  it('throw for impossible options, and after dispose', async () => {
    const file = await openCatalog(path);
    await expect(file.query({ geometry: [2, 2, 1, 3], crs: 'EPSG:32632' })).rejects.toThrow(
      /do not enclose an area/,
    );
    await expect(file.query({})).rejects.toThrow(/neither a place nor a time/);
    await file.dispose();
    await file.dispose();
    await expect(file.query({ interval: '2020-01' })).rejects.toThrow(/after it was closed/);
  });

  it('do not use an index of another version of the file', async () => {
    const stale = join(folder, 'stale.parquet');
    await writeCatalog(whole, stale, { rowGroupSize: 700 });
    const index = await readFile(`${stale}.index`);
    // One property of one row differs: only the checksum in the footer detects it.
    const changed = rows.map((row) => (row.id === 'row 7' ? { ...row, properties: { k: 8 } } : row));
    await writeCatalog(GeoCatalog.from(changed), stale, { rowGroupSize: 700 });
    await writeFile(`${stale}.index`, index);
    await expect(openCatalog(stale)).rejects.toThrow(/belongs to another version of the file/);
    await (await openCatalog(stale, { index: 'ignore' })).dispose();
    const file = await openCatalog(stale, { index: 'rebuild' });
    expect(ids(await file.query(questions[0]))).toEqual(ids(whole.query(questions[0])));
    await file.dispose();
  });

  it('do not use a damaged index', async () => {
    const broken = join(folder, 'broken.parquet');
    await writeFile(broken, await readFile(path));
    const index = await readFile(`${path}.index`);
    const random = seeded(3);
    for (let k = 0; k < 60; k++) {
      const bytes = Buffer.from(index);
      const at = k < 20 ? k * 2 : Math.floor(random() * bytes.length);
      bytes[at] ^= 1 << Math.floor(random() * 8);
      await writeFile(`${broken}.index`, k % 10 === 9 ? bytes.subarray(0, at) : bytes);
      const attempt = async (): Promise<string> => {
        const file = await openCatalog(broken);
        try {
          await file.query({ interval: '2015-01/2030-01' });
          return 'answered';
        } catch (error) {
          return String(error);
        } finally {
          await file.dispose();
        }
      };
      const outcome = await attempt().catch(String);
      expect(outcome).toMatch(/damaged index|another version|newer|index of version/);
    }
  });

  it('refuse to make an index on a server', async () => {
    await expect(openCatalog('http://127.0.0.1:1/x.parquet', { index: 'rebuild' })).rejects.toThrow(
      /index is "rebuild" for a file on a server/,
    );
  });

  it('work without an index', async () => {
    const bare = join(folder, 'bare.parquet');
    await writeCatalog(whole, bare, { index: false });
    const file = await openCatalog(bare);
    expect(file.hasIndex).toBe(false);
    expect(ids(await file.query(questions[0]))).toEqual(ids(whole.query(questions[0])));
    await file.dispose();
    await rm(bare);
  });
});
