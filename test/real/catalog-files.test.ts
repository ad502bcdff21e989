import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  openCatalog,
  writeCatalog,
  writeStacGeoParquet,
} from '../../src/catalog/node/index.js';
import { idsOf } from '../support/catalog.js';
import { sharedFolder, sharedPath, temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();

function byId(catalog: Iterable<CatalogRow>): Map<string, CatalogRow> {
  return new Map(Array.from(catalog, (row) => [row.id, row]));
}

describe.skipIf(sharedFolder === null)('STAC-GeoParquet of other projects', () => {
  it('reads rustac’s 100 Sentinel-2 items', async () => {
    const path = sharedPath('stac', 'stac-utils__rustac', 'duckdb', 'data', '100-sentinel-2-items.parquet');
    const file = await openCatalog(path);
    const whole = await file.load();
    expect(whole.length).toBe(100);
    const row = byId(whole).get('S2B_MSIL2A_20241203T174629_R098_T13TDE_20241203T211406');
    expect(row?.collection).toBe('sentinel-2-l2a');
    expect(row?.interval.toJSON()[0]).toBe('2024-12-03T17:46:29.024Z');
    expect(row?.properties['eo:cloud_cover']).toBe(0.146308);
    expect(row?.properties['proj:epsg']).toBe(32613);
    expect(row?.assets.B08.bands?.[0]).toMatchObject({ name: 'B08', commonName: 'nir', index: 1 });
    expect(row?.assets.B08.geobox?.crs.epsg).toBe(32613);
    const where = { geometry: [-105.3, 39.7, -105, 40] as const, interval: '2024-12-03' };
    expect(idsOf(await file.query(where)).sort()).toEqual(idsOf(whole.query(where)).sort());
    expect((await file.query(where)).length).toBeGreaterThan(0);

    const [ours, theirs] = ['ours.parquet', 'stac.parquet'].map((name) => join(folder, name));
    await writeCatalog(whole, ours);
    await writeStacGeoParquet(whole, theirs);
    for (const copy of [ours, theirs]) {
      const again = await openCatalog(copy);
      expect(byId(await again.load())).toEqual(byId(whole));
      await again.dispose();
    }
    await file.dispose();
  });

  it('reads an item with all extensions', async () => {
    const file = await openCatalog(
      sharedPath('stac', 'stac-utils__rustac', 'core', 'data', 'extended-item.parquet'),
    );
    const [row] = await file.load();
    expect(row.id).toBe('20201211_223832_CS2');
    expect(row.properties['view:off_nadir']).toBe(3.8);
    await file.dispose();
  });

  it('refuses GeoParquet that is not a catalog', async () => {
    const example = sharedPath('vector', 'opengeospatial__geoparquet', 'examples', 'example.parquet');
    await expect(openCatalog(example)).rejects.toThrow(/neither a catalog of terrachip nor STAC-GeoParquet/);
    await expect(openCatalog(sharedPath('vector', 'gdal', 'parquet', 'poly.parquet'))).rejects.toThrow(
      /has outlines in/,
    );
  });
});
