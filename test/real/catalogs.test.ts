import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildRasterCatalog, buildVectorCatalog, buildZarrCatalog } from '../../src/catalog/node/index.js';
import { idsOf } from '../support/catalog.js';
import { sharedFolder, sharedPath } from '../support/files.js';

/** Files that are not part of the project, so absent on most machines. */
const absent = sharedFolder === null;

interface Truth {
  epsg: string | null;
  geotransform: number[];
  width: number;
  height: number;
}

describe.skipIf(absent)('catalogs of real files', () => {
  it("list every georeferenced raster, on GDAL's grid", async () => {
    const { catalog, unreadable } = await buildRasterCatalog([sharedPath('eo'), sharedPath('cog')]);
    expect(catalog.length + unreadable.length).toBe(99);
    // Ground control points, no reference system, pixels taken for degrees.
    expect(unreadable).toHaveLength(10);
    const truth: Record<string, Truth> = JSON.parse(
      readFileSync(sharedPath('derived-reference', 'gdal_pixel_truth.json'), 'utf8').replace(
        /-?\b(NaN|Infinity)\b/g,
        'null',
      ),
    );
    let compared = 0;
    for (const row of catalog) {
      const known = truth[row.href.slice(sharedPath('x').length - 1)];
      const { geobox } = row.assets.data;
      if (known === undefined || geobox === undefined) continue;
      const { a, b, c, d, e, f } = geobox.transform;
      for (const [k, value] of [c, a, b, f, d, e].entries()) {
        expect(value, row.href).toBeCloseTo(known.geotransform[k], 6);
      }
      if (known.epsg !== null) expect(String(geobox.crs.epsg ?? known.epsg), row.href).toBe(known.epsg);
      compared++;
    }
    expect(compared).toBeGreaterThan(60);
    const spain = catalog.query({ geometry: [-0.78, 38.09, -0.74, 38.12] }, { predicate: 'contains' });
    expect(
      idsOf(spain)
        .filter((id) => id.startsWith('Spain'))
        .sort(),
    ).toEqual(['Spain_7370579_LabelHand', 'Spain_7370579_S1Hand', 'Spain_7370579_S2Hand']);
    const dateline = catalog.filter(({ id }) => id === 'cog_dateline');
    expect(dateline.query({ geometry: [179.5, 51, 180, 52] }).length).toBe(1);
    expect(dateline.query({ geometry: [-180, 51, -179.5, 52] }).length).toBe(1);
    expect(dateline.query({ geometry: [0, 51, 1, 52] }).length).toBe(0);
  });

  it('have the times of netCDF files', async () => {
    const folder = sharedPath('netcdf-hdf5', 'gdal', 'netcdf');
    const { catalog } = await buildZarrCatalog([`${folder}/trmm.nc`, `${folder}/netcdf-4d.nc`]);
    expect(Array.from(catalog, ({ id, interval }) => [id, String(interval)])).toEqual([
      ['netcdf-4d', '2000-01-01T00:00:00.000Z/2000-01-01T18:00:00.000Z'],
      ['trmm', '2011-01-01T00:00:00.000Z/2011-01-01T00:00:00.000Z'],
    ]);
    const steps = await buildZarrCatalog(`${folder}/netcdf-4d.nc`, { rows: 'step' });
    expect(Array.from(steps.catalog, ({ interval }) => new Date(interval.start).getUTCHours())).toEqual([
      0, 6, 12, 18,
    ]);
  });

  it('have flood polygons as rows', async () => {
    const { catalog } = await buildVectorCatalog(
      sharedPath('vector', 'CEMS_EMSR332', 'shapefiles', 'observed_event', '*.shp'),
      { rows: 'feature', filenameRegex: '(?<event>EMSR\\d+)_(?<band>\\d\\d)' },
    );
    expect(catalog.length).toBe(784 + 622 + 1);
    expect(catalog.row(0).properties).toMatchObject({ event: 'EMSR332', event_type: '5-Flood' });
  });
});
