import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import {
  type CatalogFile,
  type CatalogRow,
  catalogFromStac,
  GeoCatalog,
  openCatalog,
  writeStacGeoParquet,
} from '../../src/catalog/node/index.js';
import { Affine, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import { openSource } from '../../src/io/node/index.js';
import { ParquetFile } from '../../src/parquet/file.js';
import type { Position } from '../../src/vector/index.js';
import { encodeWkb } from '../../src/vector/wkb.js';
import { boxOutline, catalogRow, idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();

const rows: CatalogRow[] = [
  {
    ...catalogRow('S2_one', [5, 49, 6, 50], TimeInterval.instant(Date.UTC(2021, 6, 15, 10, 50, 12, 24))),
    collection: 'sentinel-2-l2a',
    assets: {
      B04: {
        href: 'B04.tif',
        mediaType: 'image/tiff; application=geotiff',
        roles: ['data'],
        bands: [{ name: 'B04', commonName: 'red', index: 1, nodata: 0, scale: 0.0001, offset: -0.1 }],
        geobox: new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_600_000), 100, 200),
      },
      SCL: { href: 'SCL.tif', units: 'class' },
    },
    href: 'B04.tif',
    properties: {
      datetime: '2021-07-15T10:50:12.024Z',
      'eo:cloud_cover': 12.5,
      gsd: 10,
      platform: 'sentinel-2a',
      flag: true,
      instruments: ['msi'],
      nested: { a: 1, b: ['x'] },
      mixed: [1, 'two', { three: 3 }],
      created: '2021-07-16T00:00:00.000Z',
    },
  },
  {
    ...catalogRow('DEM', [5, 49, 6, 50], '2021-01-01/2021-12-31'),
    collection: '',
    assets: { data: { href: 'dem.tif', bands: [{ name: 'h', index: 1, nodata: Number.NaN }] } },
    href: 'dem.tif',
    properties: {
      datetime: null,
      start_datetime: '2021-01-01T00:00:00.000Z',
      end_datetime: '2021-12-31T23:59:59.999Z',
      gsd: 29.5,
      mixed: 'text',
    },
  },
  {
    ...catalogRow('fiji', [boxOutline([177, -19, 180, -16]), boxOutline([-180, -19, -178, -16])]),
    interval: TimeInterval.instant(Date.UTC(2021, 6, 15)),
    assets: { data: { href: 'fiji.tif', roles: ['data'] } },
    properties: { datetime: '2021-07-15T00:00:00.000Z' },
  },
];

function byId(catalog: Iterable<CatalogRow>): Map<string, CatalogRow> {
  return new Map(Array.from(catalog, (row) => [row.id, row]));
}

describe('STAC-GeoParquet', async () => {
  const path = join(folder, 'items.parquet');
  await writeStacGeoParquet(GeoCatalog.from(rows), path);

  it('is read back as written', async () => {
    const file = await openCatalog(path);
    const back = byId(await file.load());
    for (const row of rows) {
      // A property that only other items have is null in the file, and read as missing.
      const properties = Object.fromEntries(
        Object.entries(row.properties).filter(([, value]) => value !== null),
      );
      expect(back.get(row.id)).toEqual({ ...row, properties });
    }
    await file.dispose();
  });

  it('has the columns of the specification', async () => {
    const source = await openSource(path);
    const file = await ParquetFile.open(source);
    expect(file.columns).toEqual(
      expect.arrayContaining([
        'type',
        'stac_version',
        'stac_extensions',
        'id',
        'geometry',
        'bbox',
        'links',
        'assets',
        'collection',
        'datetime',
        'start_datetime',
        'eo:cloud_cover',
      ]),
    );
    const [first] = await file.readColumn(file.groups[0], 'assets');
    expect(first).toMatchObject({ B04: { href: 'B04.tif', 'proj:code': 'EPSG:32632' } });
    expect((await file.readColumn(file.groups[0], 'gsd'))[1]).toBe(29.5);
    await source.close();
  });

  it('can be queried', async () => {
    const file = await openCatalog(path);
    expect(file.hasIndex).toBe(false);
    expect(idsOf(await file.query({ geometry: [5.5, 49.5, 5.6, 49.6] })).sort()).toEqual(['DEM', 'S2_one']);
    const day = { geometry: [5.5, 49.5, 5.6, 49.6] as const, interval: '2021-07-15T10:50:12Z' };
    expect(idsOf(await file.query({ ...day, interval: '2021-07-14' }))).toEqual(['DEM']);
    expect(idsOf(await file.query({ geometry: [179, -18, -179, -17] }))).toEqual(['fiji']);
    await file.dispose();
  });

  it('can be empty', async () => {
    const empty = join(folder, 'empty.parquet');
    await writeStacGeoParquet(GeoCatalog.empty, empty);
    const file = await openCatalog(empty);
    expect((await file.load()).length).toBe(0);
    await file.dispose();
  });

  it('refuses rows that STAC cannot represent', async () => {
    const write = (row: CatalogRow) =>
      writeStacGeoParquet(GeoCatalog.from([row]), join(folder, 'refused.parquet'));
    await expect(write(catalogRow('static', [5, 49, 6, 50]))).rejects.toThrow(/"static" has an open time/);
    await expect(write({ ...rows[0], properties: { assets: 1 } })).rejects.toThrow(/a property named assets/);
  });

  it('refuses an index, since its rows are not sorted', async () => {
    await expect(openCatalog(path, { index: 'rebuild' })).rejects.toThrow(/was not written by terrachip/);
  });
});

const GEO = JSON.stringify({
  version: '1.1.0',
  primary_column: 'geometry',
  columns: { geometry: { encoding: 'WKB', geometry_types: [] } },
});

describe('footprints written by other tools', () => {
  /** A row as DuckDB writes items: geometries without bbox. */
  async function fileOf(name: string, ring: readonly Position[]): Promise<CatalogFile> {
    const path = join(folder, `${name}.parquet`);
    const text = (column: string, value: string) => ({
      name: column,
      data: [value],
      type: 'STRING' as const,
    });
    await writeFile(
      path,
      Buffer.from(
        parquetWriteBuffer({
          kvMetadata: [{ key: 'geo', value: GEO }],
          columnData: [
            text('id', name),
            text('datetime', '2023-08-21T22:19:41Z'),
            text('assets', '{"d":{"href":"https://example.com/a.tif"}}'),
            { name: 'geometry', data: [encodeWkb([[ring]])], type: 'BYTE_ARRAY' },
          ],
        }),
      ),
    );
    return openCatalog(path);
  }

  it.each([
    [
      'not cut',
      [
        [179.24, -17.24],
        [-179.73, -17.25],
        [-179.72, -16.26],
        [179.3, -16.25],
        [179.24, -17.24],
      ],
    ],
    [
      'beyond -180',
      [
        [-178.55, -16.66],
        [-178.94, -18.39],
        [-180.67, -18.03],
        [-180.27, -16.3],
        [-178.55, -16.66],
      ],
    ],
    [
      'beyond 180',
      [
        [179.24, -17.24],
        [180.27, -17.25],
        [180.28, -16.26],
        [179.3, -16.25],
        [179.24, -17.24],
      ],
    ],
  ] as [string, Position[]][])('%s: lie where those of items in JSON lie', async (name, ring) => {
    const file = await fileOf(name, ring);
    const geometry = { type: 'Polygon', coordinates: [ring] };
    const item = { type: 'Feature', stac_version: '1.0.0', id: name, geometry, links: [], assets: {} };
    const json = catalogFromStac({ ...item, properties: { datetime: '2023-08-21T22:19:41Z' } });
    expect((await file.load()).row(0).footprint).toEqual(json.row(0).footprint);
    for (const [place, count] of [
      [[0, -17, 1, -16.5], 0],
      [[179.7, -17, 179.9, -16.5], 1],
      [[-179.95, -17, -179.85, -16.5], 1],
    ] as const) {
      expect(await file.query({ geometry: place })).toHaveLength(count);
      expect(json.query({ geometry: place })).toHaveLength(count);
    }
    await file.dispose();
  });
});
