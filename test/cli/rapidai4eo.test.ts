import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandsIn, type Outcome } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';
import { serveFolder } from '../support/stores.js';

const folder = await temporaryFolder();
const terrachip = commandsIn(folder);
const rapid = (...args: string[]): Promise<Outcome> => terrachip('rapidai4eo', ...args);

/** Four squares in a row, a degree apart; coniferous forest covers none, a quarter, a half and three quarters. */
beforeAll(async () => {
  const features = [0, 1, 2, 3].map((k) => {
    const [x, y] = [10 + k, 50];
    const ring = [
      [x, y],
      [x + 0.01, y],
      [x + 0.01, y + 0.01],
      [x, y + 0.01],
      [x, y],
    ];
    const geometry = { type: 'Polygon', coordinates: [ring] };
    return { type: 'Feature', properties: { sample_id: `32N_1E-2N_0${k}_00` }, geometry };
  });
  const collection = JSON.stringify({ type: 'FeatureCollection', features });
  await writeFile(join(folder, 'geometries.geojson.gz'), gzipSync(collection));
  const lines = [0, 25, 50, 75].map((share, k) => `32N_1E-2N_0${k}_00,${share},${100 - share}`);
  await writeFile(join(folder, 'labels.csv'), `sample_id,clc_312,clc_211\n${lines.join('\n')}\n`);
  // The outline of two squares and a half, as a topology.
  const outline = { type: 'Polygon', arcs: [[0]] };
  const arc = [
    [9.5, 49.5],
    [12.005, 49.5],
    [12.005, 50.5],
    [9.5, 50.5],
    [9.5, 49.5],
  ];
  const topology = { type: 'Topology', arcs: [arc], objects: { region: outline } };
  await writeFile(join(folder, 'region.topojson'), JSON.stringify(topology));
});

async function listed(...args: string[]): Promise<{ locations: number; images: number }> {
  const { stdout, stderr, status } = await rapid('list', 'locations.parquet', ...args, '--json');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

describe('terrachip rapidai4eo', () => {
  it('makes a catalog of locations, and lists images of selected ones', async () => {
    const built = await rapid(
      'index',
      ...['--geometries', 'geometries.geojson.gz', '--labels', 'labels.csv', '-o', 'locations.parquet'],
    );
    expect(built.stderr).toBe('');
    expect(built.stdout).toBe('locations.parquet: 4 locations, with the shares of classes\n');
    expect(await listed()).toMatchObject({ locations: 4, images: 4 * 304 });
    expect(await listed('--where', 'clc_312 >= 0.5', '--products', 'pfsr')).toMatchObject({
      locations: 2,
      images: 292,
    });
    expect(await listed('--where', 'clc_31 > 0', '--bbox', '9', '49', '11.5', '51')).toMatchObject({
      locations: 1,
    });
    const region = ['--geometry', 'region.topojson'];
    expect(await listed(...region)).toMatchObject({ locations: 3 });
    expect(await listed(...region, '--predicate', 'within')).toMatchObject({ locations: 2 });
  });

  it('writes addresses, or paths for azcopy', async () => {
    const may = ['--datetime', '2018-05', '--products', 'pfsr', 's2', '--where', 'clc_312 > 0.6'];
    const report = await rapid('list', 'locations.parquet', ...may, '--relative', '-o', 'list.txt');
    expect(report.stderr).toBe('');
    expect(report.stdout).toContain(
      'list.txt: 7 images of 1 locations\nazcopy copy https://radiantearth.blob',
    );
    const lines = (await readFile(join(folder, 'list.txt'), 'utf8')).trimEnd().split('\n');
    expect(lines[0]).toBe('32N/1E-2N/32N_1E-2N_03_00/PF-SR/2018-05-03.tif');
    expect(lines[6]).toBe('32N/1E-2N/32N_1E-2N_03_00/S2-SR/2018-05.tif');
    await rapid('list', 'locations.parquet', ...may, '-o', 'urls.txt');
    expect(await readFile(join(folder, 'urls.txt'), 'utf8')).toBe(
      lines
        .map((line) => `https://radiantearth.blob.core.windows.net/mlhub/rapidai4eo/imagery/${line}\n`)
        .join(''),
    );
  });

  it('writes a catalog of images for other commands', async () => {
    const { stderr } = await rapid(
      'list',
      'locations.parquet',
      '--datetime',
      '2018-05',
      '-o',
      'images.parquet',
    );
    expect(stderr).toBe('');
    const { stdout } = await terrachip(
      'catalog',
      'query',
      'images.parquet',
      ...['--datetime', '2018-05-07/2018-05-09', '--where', "product = 'pfsr' and clc_312 = 0.5", '--json'],
    );
    const { items } = JSON.parse(stdout);
    expect(items.map(({ id }: { id: string }) => id)).toEqual(['32N_1E-2N_02_00_pfsr_2018-05-08']);
  });

  it('reads the files from a server', async () => {
    const { url } = await serveFolder(folder);
    const { stdout, stderr } = await rapid(
      'index',
      ...['--geometries', `${url}/geometries.geojson.gz`, '--labels', 'none', '-o', 'remote.geojson'],
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('remote.geojson: 4 locations, without labels\n');
  });

  it('refuses invalid requests in one sentence', async () => {
    const wrong = await rapid('index', '--geometries', 'labels.csv', '--labels', 'none', '-o', 'x.parquet');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/^terrachip: .*labels.csv is not a GeoJSON FeatureCollection; .*\.\n$/);
    const product = await rapid('list', 'locations.parquet', '--products', 'sar');
    expect(product.stderr).toMatch(/--products cannot be "sar"; choose one of pfsr, pfqa, s2/);
    const time = await rapid('list', 'locations.parquet', '--datetime', 'May');
    expect(time.stderr).toMatch(/"May" is not a date/);
  });
});
