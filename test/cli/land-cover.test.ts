import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { commandsIn, type Outcome } from '../support/command.js';
import { serveCoverage } from '../support/coverage-server.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const terrachip = commandsIn(folder);
const landCover = (...args: string[]): Promise<Outcome> => terrachip('land-cover', ...args);

/** The western half is sealed, the eastern half water; a corner is outside. */
const server = await serveCoverage(
  folder,
  (x, y) => (x < 3_649_990 && y < 2_331_770 ? 254 : x < 3_651_140 ? 1 : 10),
  2000,
);

const PATCH = 'images/FRJ27/2018/250/3649890_2331750_0_937.tif';

beforeAll(async () => {
  const geobox = new GeoBox(3035, new Affine(10, 0, 3_649_890, 0, -10, 2_334_250), 250, 250);
  const planes = Array.from({ length: 14 }, (_, band) =>
    Uint16Array.from({ length: 62_500 }, (_, k) => 100 * band + (k % 250)),
  );
  const options = { geobox, bands: 14, dtype: 'uint16', overviews: 'none' } as const;
  await writeCog(join(folder, '3649890_2331750_0_937.tif'), planes, options);
  const ring = [
    [3_600_000, 2_300_000],
    [3_700_000, 2_300_000],
    [3_700_000, 2_400_000],
    [3_600_000, 2_400_000],
    [3_600_000, 2_300_000],
  ];
  const feature = {
    type: 'Feature',
    properties: { NUTS_ID: 'FRJ27', NAME_LATN: 'Tarn' },
    geometry: { type: 'Polygon', coordinates: [ring] },
  };
  const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::3035' } };
  const regions = { type: 'FeatureCollection', crs, features: [feature] };
  await writeFile(join(folder, 'NUTS_RG_01M_2021_3035_LEVL_3.geojson'), JSON.stringify(regions));
});

describe('terrachip land-cover', () => {
  it('writes the label of a patch as .npy and as COG', async () => {
    const { stdout, stderr } = await landCover(
      'label',
      ...['--patch', PATCH, '--endpoint', server.url, '--allow-local', '-o', '3649890_2331750_0_937.npy'],
    );
    expect(stderr).toBe('read land cover\n');
    expect(stdout).toBe(
      '3649890_2331750_0_937.npy: 250 × 250 pixels of 2 classes, 2018\n' +
        'its place: labels/FRJ27/2018/250/3649890_2331750_0_937.npy\n',
    );
    const npy = await readFile(join(folder, '3649890_2331750_0_937.npy'));
    expect(npy.toString('latin1', 0, 128)).toContain("'|u1', 'fortran_order': False, 'shape': (250, 250)");
    const values = npy.subarray(npy.length - 62_500);
    // The north-western and north-eastern corners, and the south-western one, which is outside.
    expect([values[0], values[249], values[62_250], values[62_260]]).toEqual([1, 10, 0, 1]);
    const report = await landCover(
      'label',
      ...['--bounds', '3649890', '2331750', '3652390', '2334250', '--year', '2021'],
      ...['--endpoint', server.url, '--allow-local', '-o', 'label.tif', '--json'],
    );
    expect(JSON.parse(report.stdout)).toMatchObject({ year: 2021, counts: { 0: 20, 1: 31_230, 10: 31_250 } });
    await using raster = await openRaster(join(folder, 'label.tif'));
    expect(raster.geobox?.bounds).toEqual([3649890, 2331750, 3652390, 2334250]);
    expect(raster.bands[0].nodata).toBe(0);
  });

  it('names the region and area of a patch, and of a raster', async () => {
    const regions = ['--regions', 'NUTS_RG_01M_2021_3035_LEVL_3.geojson'];
    const { stdout, stderr } = await landCover('region', PATCH, ...regions);
    expect(stderr).toBe('');
    expect(stdout).toBe(`${PATCH}: 6.2500 km²\n  FRJ27 Tarn: 6.2500 km², 100.0 %\n`);
    const raster = await landCover('region', 'label.tif', ...regions, '--json');
    expect(JSON.parse(raster.stdout).regions).toMatchObject([{ id: 'FRJ27', name: 'Tarn' }]);
  });

  it('draws an image and its label side by side', async () => {
    const { stdout, stderr } = await landCover(
      'picture',
      ...['3649890_2331750_0_937.tif', '3649890_2331750_0_937.npy', '-o', 'pair.png', '--json'],
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ shares: { 1: 0.49968, 5: 0, 10: 0.5 } });
    const { width, data } = decode(await readFile(join(folder, 'pair.png')));
    const colours = new Map<string, number>();
    for (let k = 0; k < data.length; k += 4) {
      const colour = data.slice(k, k + 3).join();
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    // Half of the label's 250 × 250 pixels each, and the legend.
    expect(colours.get('255,0,0')).toBeGreaterThan(31_230);
    expect(colours.get('0,128,255')).toBeGreaterThan(31_250);
    // Each class has a field in the legend.
    for (const colour of ['34,139,34', '128,255,0', '0,255,8', '128,64,0', '204,242,77', '255,128,255']) {
      expect(colours.get(colour)).toBeGreaterThan(300);
    }
    expect(width).toBeGreaterThan(2 * 250);
  });

  it('refuses in one sentence', async () => {
    const year = await landCover('label', '--patch', '1_2_3_4.tif', '-o', 'x.npy');
    expect(year.stderr).toMatch(/^terrachip: --year is needed; give 2018 or 2021.*\n$/);
    const both = await landCover('label', '-o', 'x.npy');
    expect(both.stderr).toMatch(/--patch or --bounds is needed/);
    const other = await landCover('picture', 'label.tif', '3649890_2331750_0_937.npy', '-o', 'x.png');
    expect(other.stderr).toMatch(/--bands names band 4 of 1/);
    expect(other.status).toBe(2);
  });
});
