import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatPlan } from '../../src/cli/table.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { commandsIn } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const terrachip = commandsIn(folder);
const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 500_000, 0, -10, 5_500_000), 12, 9);
const plane = Uint8Array.from({ length: 108 }, (_, k) => k % 3);
await writeCog(join(folder, 'two.tif'), [plane, plane], {
  geobox,
  bands: 2,
  dtype: 'uint8',
  overviews: 'none',
});
const ring = [
  [500_000, 5_500_000],
  [500_050, 5_500_000],
  [500_050, 5_499_950],
  [500_000, 5_500_000],
];
const square = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } };
const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
await writeFile(
  join(folder, 'zones.geojson'),
  JSON.stringify({ type: 'FeatureCollection', crs, features: [square] }),
);

/** Commands, and the line that they print before they start. */
const COMMANDS: readonly (readonly [command: string, line: string])[] = [
  [
    'warp two.tif warped.tif --like two.tif --backend cpu',
    'warp will read 2 bands of 12 × 9 pixels of two.tif; and write 2 bands of 12 × 9 pixels of uint8 to warped.tif',
  ],
  [
    'calc a+b --band a=two.tif b=two.tif:2 -o sum.tif --backend cpu',
    'calc will read 2 bands of 12 × 9 pixels of two.tif; and write 1 band of 12 × 9 pixels of float32 to sum.tif',
  ],
  [
    'polygonize two.tif -o areas.geojson',
    'polygonize will read 1 band of 12 × 9 pixels of two.tif; and write outlines of areas of equal pixels to areas.geojson',
  ],
  [
    'rasterize zones.geojson -o burned.tif --like two.tif',
    'rasterize will read 1 feature of zones.geojson; and write 1 band of 12 × 9 pixels of uint8 to burned.tif',
  ],
  // The triangle is within 5 × 5 pixels.
  [
    'zonal two.tif --zones zones.geojson -o zones.csv',
    'zonal will read 25 pixels of two.tif around 1 zone; and write a table of 2 rows',
  ],
  [
    'catalog build two.tif -o two.geojson',
    'catalog will read the headers of 1 file, 16 at a time; and write a row for each, or for several',
  ],
  ['quicklook two.tif -o two.png --size 64', 'quicklook will read 1 band of 12 × 9 pixels of two.tif'],
];

describe('commands that may take long', () => {
  it.each(COMMANDS)('%s prints its expected work', async (command, line) => {
    const { status, stderr } = await terrachip(...command.split(' '));
    expect([status, stderr]).toEqual([0, expect.stringContaining(line)]);
  });

  it('print it for each step of the demo, with disk and memory, in few lines', async () => {
    const { status, stderr } = await terrachip(
      'demo',
      '--size',
      '128',
      '128',
      '-o',
      'demo',
      '--backend',
      'cpu',
    );
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining('demo will read nothing; its event is made up'),
    ]);
    for (const stage of ['package', 'infer', 'finalize'])
      expect(stderr).toMatch(
        new RegExp(`^${stage} will read .+; and write .+\\n${stage} will take disk: about \\d+ MiB`, 'm'),
      );
    expect(stderr).toMatch(/^infer will take disk: .*; memory: about \d+/m);
    expect(stderr).toMatch(/^evaluate will read \d+ × \d+ pixels of .*; and write statistics and scores to/m);
    // One line for the demo and the evaluation, two for the others.
    expect(stderr.match(/^\S+ will .*$/gm)).toHaveLength(8);
  });

  it('are described in one or two lines', () => {
    const disk = { bytes: 3 * 2 ** 20, freeBytes: null };
    expect(formatPlan({ stage: 'warp', reads: 'a', writes: 'b' })).toEqual(['warp will read a; and write b']);
    expect(formatPlan({ stage: 'warp', reads: 'a', writes: 'b', disk, memoryBytes: 2 ** 31 })).toEqual([
      'warp will read a; and write b',
      'warp will take disk: about 3 MiB; memory: about 2.00 GiB',
    ]);
  });
});
