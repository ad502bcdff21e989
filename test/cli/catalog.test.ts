import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { commandsIn } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';
import { writeSafe } from '../support/safe.js';
import { serveFolder } from '../support/stores.js';

const folder = await temporaryFolder();

const catalog = commandsIn(folder, 'catalog');

interface Item {
  path: string;
  id: string;
  bbox: number[];
  interval: [string, string];
  assets: Record<string, string>;
  properties: Record<string, unknown>;
}

async function items(...args: string[]): Promise<Item[]> {
  const { status, stdout, stderr } = await catalog(...args, '--json');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const document = JSON.parse(stdout);
  expect(document.schemaVersion).toBe(1);
  expect(document.count).toBe(document.items.length);
  return document.items;
}

const ids = (found: readonly Item[]): string[] => found.map(({ id }) => id).sort();

/** Four tiles side by side in UTM 32, a day apart, of two bands each. */
beforeAll(async () => {
  await mkdir(join(folder, 'scenes'));
  for (let k = 0; k < 4; k++) {
    for (const band of ['B04', 'B08']) {
      const geobox = new GeoBox(32632, new Affine(10, 0, 300_000 + 1000 * k, 0, -10, 5_500_050), 100, 100);
      await writeCog(join(folder, 'scenes', `T${k}_2021071${k}_${band}.tif`), [new Uint16Array(10_000)], {
        geobox,
        bands: 1,
        dtype: 'uint16',
        nodata: 0,
      });
    }
  }
  await copyFile('test/fixtures/vector/parks.gpkg', join(folder, 'parks.gpkg'));
});

const REGEX = ['--regex', '(?<tile>T\\d)_(?<date>\\d{8})_(?<band>B\\d+)', '--collection', 's2'];

describe('terrachip catalog', () => {
  it.each(['build', 'query', 'intersect', 'union', 'info'])('%s prints help', async (command) => {
    const { status, stdout } = await catalog(command, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--json');
  });

  it.each(['parquet', 'geojson'])('builds, describes and queries a catalog in %s', async (ending) => {
    const file = `s2.${ending}`;
    const built = await catalog('build', 'scenes/*.tif', '-o', file, ...REGEX, '--json');
    expect(built.status).toBe(0);
    expect(JSON.parse(built.stdout)).toEqual({
      schemaVersion: 1,
      output: file,
      type: 'raster',
      count: 4,
      unreadable: [],
      unmatched: [],
    });
    const info = JSON.parse((await catalog('info', file, '--json')).stdout);
    expect(info).toMatchObject({
      schemaVersion: 1,
      count: 4,
      static: 0,
      interval: ['2021-07-10T00:00:00.000Z', '2021-07-13T23:59:59.999Z'],
      collections: { s2: 4 },
      crs: { 'EPSG:32632': 8 },
      assets: ['B04', 'B08'],
      properties: ['tile'],
    });
    const utm = ['--crs', 'EPSG:32632', '--bbox', '300500', '5499500', '301500', '5499600'];
    const found = await items('query', file, ...utm);
    expect(ids(found)).toEqual(['T0_20210710', 'T1_20210711']);
    const first = found.find(({ id }) => id === 'T0_20210710');
    expect(first).toMatchObject({
      path: join(folder, 'scenes/T0_20210710_B04.tif'),
      collection: 's2',
      interval: ['2021-07-10T00:00:00.000Z', '2021-07-10T23:59:59.999Z'],
      assets: { B08: join(folder, 'scenes/T0_20210710_B08.tif') },
      properties: { tile: 'T0' },
    });
    expect(first?.bbox).toHaveLength(4);
    expect(ids(await items('query', file, ...utm, '--datetime', '2021-07-11/..'))).toEqual(['T1_20210711']);
    expect(ids(await items('query', file))).toEqual([0, 1, 2, 3].map((k) => `T${k}_2021071${k}`));
    expect(ids(await items('query', file, '--datetime', '2021-07-12'))).toEqual(['T2_20210712']);
    expect(ids(await items('query', file, '--where', "tile = 'T3' or id = 'T1_20210711'"))).toEqual([
      'T1_20210711',
      'T3_20210713',
    ]);
    const within = ['--bbox', '299990', '5498990', '301010', '5500060', '--predicate', 'within'];
    expect(ids(await items('query', file, '--crs', 'EPSG:32632', ...within))).toEqual(['T0_20210710']);
    expect(ids(await items('query', file, '--geometry', 'parks.gpkg'))).toEqual(['T0_20210710']);
  });

  it('names the files whose names do not match', async () => {
    const only = ['--regex', '(?<date>\\d{8})_(?<band>B04)'];
    const { status, stdout } = await catalog('build', 'scenes', '-o', 'red.parquet', ...only);
    expect(status).toBe(0);
    const names = [0, 1, 2, 3].map((k) => `  ${join(folder, `scenes/T${k}_2021071${k}_B08.tif`)}`);
    expect(stdout).toBe(['red.parquet: 4 rows, 4 whose names do not match', ...names, ''].join('\n'));
  });

  it('prints rows, and writes the found rows', async () => {
    await catalog('build', 'scenes', '-o', 'people.parquet', ...REGEX);
    const { stdout } = await catalog('query', 'people.parquet', '--datetime', '2021-07-12');
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['id', 'time', 'west south east north', 'path'],
      [
        'T2_20210712',
        '2021-07-12',
        expect.stringMatching(/^6\.\d{3} 49\./),
        expect.stringMatching(/T2_.*_B04\.tif$/),
      ],
      ['1 row'],
      [''],
    ]);
    expect((await catalog('query', 'people.parquet', '--datetime', '1999-01-01')).stdout).toBe('no rows\n');
    const written = await catalog(
      'query',
      'people.parquet',
      '--datetime',
      '2021-07-12/..',
      '-o',
      'late.geojson',
    );
    expect(written.stdout).toBe('late.geojson: 2 rows\n');
    const document = JSON.parse(await readFile(join(folder, 'late.geojson'), 'utf8'));
    expect(document.features).toHaveLength(2);
    expect(document.features[0].assets.B04).toMatchObject({ geobox: { crs: 'EPSG:32632', width: 100 } });
    expect(ids(await items('query', 'late.geojson', '--datetime', '2021-07-13'))).toEqual(['T3_20210713']);
  });

  it('intersects with labels, and unites', async () => {
    await catalog('build', 'scenes', '-o', 'all.parquet', ...REGEX);
    const events = ['2021-07-10', '2021-07-30'].map((date, k) => ({
      type: 'Feature',
      properties: { date, name: `event ${k}` },
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [6, 49],
            [7, 49],
            [7, 50],
            [6, 50],
            [6, 49],
          ],
        ],
      },
    }));
    await writeFile(
      join(folder, 'events.geojson'),
      JSON.stringify({ type: 'FeatureCollection', features: events }),
    );
    const build = ['--rows', 'feature', '--date-property', 'date'];
    expect((await catalog('build', 'events.geojson', '-o', 'events.parquet', ...build)).status).toBe(0);
    const both = await items('intersect', 'all.parquet', 'events.parquet');
    expect(both).toHaveLength(1);
    expect(both[0].properties).toMatchObject({ tile: 'T0', name: 'event 0' });
    expect(await items('intersect', 'all.parquet', 'events.parquet', '--spatial-only')).toHaveLength(8);
    await catalog('query', 'events.parquet', '--datetime', '2021-07-30', '-o', 'later.parquet');
    const none = await catalog('intersect', 'all.parquet', 'later.parquet');
    expect([none.status, none.stdout]).toEqual([0, 'no rows\n']);
    expect(none.stderr).toMatch(/^warning: .*time/);
    await catalog('query', 'all.parquet', '--datetime', '2021-07-11/2021-07-12', '-o', 'middle.parquet');
    expect(await items('union', 'all.parquet', 'middle.parquet', 'events.parquet')).toHaveLength(6);
    expect(await items('union', 'all.parquet', 'middle.parquet', '--dedupe', 'none')).toHaveLength(6);
  });

  it('reads catalogs and files from a server', async () => {
    await catalog('build', 'scenes', '-o', 'served.parquet', ...REGEX);
    const { url } = await serveFolder(folder);
    const query = ['query', `${url}/served.parquet`, '--datetime', '2021-07-12'];
    expect(ids(await items(...query, '--allow-local'))).toEqual(['T2_20210712']);
    // Its paths are from the machine that built it.
    expect(await catalog(...query)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/comes from a server but names the file .*--allow-local/),
    });
    for (const command of ['info', 'union', 'intersect']) {
      const given = Array(command === 'info' ? 1 : 2).fill(`${url}/served.parquet`);
      expect((await catalog(command, ...given, '--allow-local')).status).toBe(0);
    }
    const remote = `${url}/scenes/T1_20210711_B04.tif`;
    expect((await catalog('build', remote, '-o', 'remote.geojson')).status).toBe(0);
    expect((await items('query', 'remote.geojson', '--bbox', '-10', '40', '10', '60'))[0].path).toBe(remote);
  });

  it('takes saved searches as catalogs in every command', async () => {
    const item = (id: string, datetime: string) => ({
      type: 'Feature',
      stac_version: '1.0.0',
      id,
      geometry: { type: 'Point', coordinates: [9, 45] },
      properties: { datetime },
      links: [],
      assets: { red: { href: `https://example.com/${id}.tif` } },
    });
    const features = [item('A', '2021-07-01T10:00:00Z'), item('B', '2021-07-11T10:00:00Z')];
    await writeFile(join(folder, 'search.json'), JSON.stringify({ type: 'FeatureCollection', features }));
    await writeFile(join(folder, 'search.ndjson'), features.map((each) => JSON.stringify(each)).join('\n'));
    for (const name of ['search.json', 'search.ndjson']) {
      expect(ids(await items('query', name, '--datetime', '2021-07-01'))).toEqual(['A']);
      const { stdout } = await catalog('build', name, '-o', 'search.parquet');
      expect(stdout).toBe('search.parquet: 2 rows\n');
      const [first] = await items('query', 'search.parquet', '--datetime', '2021-07-01');
      expect(first.assets).toEqual({ red: 'https://example.com/A.tif' });
      expect((await catalog('build', name, '-o', 'x.parquet', '--type', 'product')).stderr).toMatch(
        /--type stac/,
      );
      expect((await catalog('build', name, '-o', 'x.parquet', '--type', 'vector')).status).toBe(2);
    }
    expect(ids(await items('union', 'search.json', 'search.ndjson'))).toEqual(['A', 'B']);
  });

  it('takes an empty catalog in every command', async () => {
    await catalog('build', 'scenes', '-o', 'some.parquet');
    for (const name of ['none.parquet', 'none.geojson']) {
      expect(await items('query', 'some.parquet', '--bbox', '170', '-80', '171', '-79', '-o', name)).toEqual(
        [],
      );
      expect(await items('query', name, '--datetime', '2021')).toEqual([]);
      const { status, stdout } = await catalog('info', name);
      expect(status).toBe(0);
      expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toContainEqual([
        'collections',
        '—',
      ]);
      expect((await catalog('intersect', name, 'some.parquet')).stdout).toBe('no rows\n');
      expect(await items('union', name, name)).toEqual([]);
    }
  });

  it('builds a catalog of products', async () => {
    await writeSafe(join(folder, 'products'));
    const { status, stdout } = await catalog('build', 'products/*.SAFE', '-o', 'products.parquet');
    expect([status, stdout]).toEqual([0, 'products.parquet: 1 row\n']);
    const where = `"s2:processing_baseline" = '05.00'`;
    const [found] = await items('query', 'products.parquet', '--where', where);
    expect(found.interval[0]).toMatch(/^2021-07-15T10:50:31/);
    expect(Object.keys(found.assets)).toContain('SCL');
  });

  it('reports unreadable files, and fails on them on request', async () => {
    await mkdir(join(folder, 'bad'));
    await copyFile(join(folder, 'scenes/T0_20210710_B04.tif'), join(folder, 'bad/good.tif'));
    await writeFile(join(folder, 'bad/bad.tif'), 'no tiff');
    const { status, stdout, stderr } = await catalog('build', 'bad', '-o', 'bad.geojson');
    expect([status, stdout]).toEqual([0, 'bad.geojson: 1 row, 1 unreadable file left out\n']);
    expect(stderr).toMatch(/warning: left out: .*bad\.tif/);
    const strict = await catalog('build', 'bad', '-o', 'strict.geojson', '--strict');
    expect(strict.status).toBe(2);
    expect(await readdir(folder)).not.toContain('strict.geojson');
  });

  it.each<[string[], RegExp]>([
    [['build', 'absent.tif', '-o', 'x.parquet'], /absent\.tif does not exist and matches no file/],
    [
      ['build', 'scenes', '-o', 'x.csv'],
      /x\.csv ends with \.csv, but would be written as GeoParquet or GeoJSON; give a name that ends with \.parquet/,
    ],
    [
      ['build', 'scenes', '-o', 'x.parquet', '--regex', '(\\d+)'],
      /--regex has none of the groups date, start and stop, band/,
    ],
    [['build', 'scenes', '-o', 'x.parquet', '--regex', '('], /--regex is not a regular expression/],
    [
      ['build', 'scenes', '-o', 'x.parquet', '--date-format', '%Y'],
      /--date-format has no meaning without --regex/,
    ],
    [
      ['build', 'scenes', '-o', 'x.parquet', '--regx', '(?<date>\\d{8})'],
      /unknown option '--regx' \(Did you mean --regex\?\); see terrachip catalog build --help/,
    ],
    [['biuld'], /unknown command 'biuld' \(Did you mean build\?\); see terrachip catalog --help/],
    [
      ['build', 'a.SAFE', '-o', 'x.parquet', '--regex', 'x'],
      /--regex has no meaning for a catalog of type product/,
    ],
    [
      ['build', 'scenes', '-o', 'x.parquet', '--layer', 'a'],
      /--layer has no meaning for a catalog of type raster/,
    ],
    [['build', 'scenes', '-o', 'x.parquet', '--rows', 'step'], /--rows has no meaning/],
    [['build', 'parks.gpkg', '-o', 'x.parquet', '--rows', 'step'], /--rows cannot be step for type vector/],
    [['build', 'parks.gpkg', 'a.tif', '-o', 'x.parquet'], /--type cannot be inferred/],
    [['query', 'absent.parquet', '--datetime', '2021-07-12'], /absent\.parquet does not exist/],
    [['query', 'parks.gpkg', '--datetime', '2021-07-12'], /parks\.gpkg/],
    [['query', 'all.parquet', '--bbox', '1', '2', '3'], /--bbox got 3 values; give 4/],
    [['query', 'all.parquet', '--bbox', '1', '2', '1', '3'], /do not enclose an area/],
    [['query', 'all.parquet', '--bbox', '1', '2', 'x', '3'], /--bbox cannot be "x"/],
    [
      ['query', 'all.parquet', '--crs', 'EPSG:32632', '--datetime', '2021-07-12'],
      /--crs is the CRS of --bbox/,
    ],
    [
      ['query', 'all.parquet', '--bbox', '1', '2', '3', '4', '--geometry', 'parks.gpkg'],
      /cannot be combined/,
    ],
    [['query', 'all.parquet', '--datetime', 'yesterday'], /"yesterday" is not a date/],
    [['query', 'all.parquet', '--datetime', '2021-07-13/2021-07-12'], /ends before it starts; give both/],
    [['query', 'all.parquet', '--where', 'tile ='], /tile =/],
    [['query', 'all.parquet', '--where', 'cloud < 3'], /cloud/],
    [
      ['query', 'all.parquet', '--bbox', '1', '2', '3', '4', '--predicate', 'near'],
      /--predicate cannot be "near"/,
    ],
    [['union', 'all.parquet'], /name two or more/],
    [['info'], /missing required argument/],
  ])('refuses %j', async (args, message) => {
    const { status, stdout, stderr } = await catalog(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([status, stdout]).toEqual([2, '']);
  });
});
