import { describe, expect, it } from 'vitest';
import { clcPlusEndpoint, coverageUrl } from '../../src/archives/clc-plus.js';
import { CLC_PLUS_CLASSES, CLC_PLUS_YEARS, readClcPlus } from '../../src/archives/index.js';
import { serveCoverage } from '../support/coverage-server.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();

/** Classes in a pattern in which each pixel differs from its neighbours, with gaps. */
const valueAt = (x: number, y: number): number => [0, 1, 2, 3, 10, 254, 255][(x / 10 + (3 * y) / 10) % 7];

describe('CLC+ Backbone', async () => {
  const server = await serveCoverage(folder, valueAt, 60);

  it('has ten classes', () => {
    expect(CLC_PLUS_CLASSES.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(CLC_PLUS_CLASSES[9]).toEqual({ value: 10, name: 'Water', colour: '#0080ff' });
    expect(CLC_PLUS_YEARS).toEqual([2018, 2021]);
  });

  it('is requested by GetCoverage of WCS 2.0.1, pixel by pixel', () => {
    const url = new URL(
      coverageUrl(clcPlusEndpoint(2021), 'Coverage1', [3649890, 2331750, 3652390, 2334250]),
    );
    expect(url.origin + url.pathname).toBe(
      'https://copernicus.discomap.eea.europa.eu/arcgis/services/CLC_plus/CLMS_CLCplus_RASTER_2021_010m_eu/ImageServer/WCSServer',
    );
    expect(url.searchParams.getAll('SUBSET')).toEqual(['x(3649890,3652390)', 'y(2331750,2334250)']);
    expect(() => clcPlusEndpoint(2020)).toThrow(/year cannot be "2020"; choose one of 2018, 2021/);
  });

  it('is read in tiles within the limit of the service, and joined without seams', async () => {
    const bounds = [4_000_000, 2_900_000, 4_001_300, 2_900_700] as const;
    const { values, geobox, counts } = await readClcPlus({
      bounds,
      year: 2021,
      endpoint: server.url,
      mostSide: 60,
    });
    expect([geobox.width, geobox.height]).toEqual([130, 70]);
    expect(server.asked).toHaveLength(6);
    // The upper left pixel, and one of the lower right tile.
    const at = (column: number, row: number): number => {
      const value = valueAt(4_000_000 + 10 * column, 2_900_700 - 10 * (row + 1));
      return value > 253 ? 0 : value;
    };
    const expected = Array.from(values, (_, k) => at(k % 130, Math.floor(k / 130)));
    expect([...values]).toEqual(expected);
    // Seven values have equal shares; 0, 254 and 255 are not classes.
    expect(counts).toEqual({ 0: 3900, 1: 1300, 2: 1300, 3: 1300, 10: 1300 });
  });

  it('is refused for any other response', async () => {
    const ask = (more: object): Promise<unknown> =>
      readClcPlus({ bounds: [0, 0, 100, 100], year: 2021, endpoint: server.url, ...more });
    await expect(ask({ bounds: [0, 0, 1000, 100] })).rejects.toThrow(
      /answered with no GeoTIFF, but with "The requested image exceeds the size limit\."; check the year/,
    );
    await expect(ask({ coverage: 'land' })).rejects.toThrow(/but with "not found: .*land/);
    await expect(ask({ bounds: [5, 0, 100, 100] })).rejects.toThrow(/as rising multiples of 10 m/);
    await expect(ask({ bounds: [100, 0, 0, 100] })).rejects.toThrow(/as rising multiples of 10 m/);
    await expect(ask({ bounds: [0, 0, 1e7, 1e7] })).rejects.toThrow(/choose smaller bounds/);
    server.shift = 5;
    await expect(ask({})).rejects.toThrow(
      /\[5, 0, 105, 100\]\).*instead of one of uint8 on .*\[0, 0, 100, 100\]/,
    );
    server.shift = 0;
    await expect(ask({})).resolves.toBeDefined();
  });
});
