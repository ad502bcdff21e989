import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { GeoCatalog, saveCatalog } from '../../src/catalog/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { commandsIn } from '../support/command.js';
import { contents, temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const chips = commandsIn(folder, 'catalog', 'chips');
const geobox = gridAt(500_000, 5_000_000, 96, 64);

beforeAll(async () => {
  const values = Uint16Array.from({ length: 96 * 64 }, (_, k) => 1 + k);
  const clouds = Uint8Array.from({ length: 96 * 64 }, (_, k) => (k % 96 < 32 ? 9 : 4));
  const row = await writeRow(
    folder,
    'image',
    { main: { geobox, bands: [values], names: ['red'] }, SCL: { geobox, bands: [clouds], names: ['SCL'] } },
    { interval: '2021-07-15' },
  );
  await saveCatalog(GeoCatalog.from([row]), join(folder, 'scenes.parquet'));
  // The left half is class 1, the right half class 2.
  const classes = Uint8Array.from({ length: 96 * 64 }, (_, k) => (k % 96 < 48 ? 1 : 2));
  await writeCog(join(folder, 'classes.tif'), [classes], { geobox, bands: 1, dtype: 'uint8' });
});

describe('terrachip catalog chips', () => {
  it('writes chips, and prints the number of each class and the disk space', async () => {
    const { status, stdout, stderr } = await chips(
      ...['scenes.parquet', '--size', '32', '--band', 'red', '--mask', 'scl', '--labels', 'classes.tif'],
      ...['--label-classes', 'land=1', 'water=2', '-o', 'one'],
    );
    expect(stderr).toMatch(
      /chips will read 1 row of the catalog; and write 6 chips of 1 band of 32 × 32 pixels/,
    );
    // Six positions: the two on the left are clouds, the next two are half of each class.
    expect(stdout).toMatch(/^one: 4 chips \(train 4\), 2 left out for too little data\n/);
    expect(stdout).toMatch(/1 land +1024 in 2\n2 water +3072 in 4/);
    expect(status).toBe(0);
    const statistics = JSON.parse(await readFile(join(folder, 'one', 'statistics.json'), 'utf8'));
    // Columns 32 to 95 of all rows: the mean of 1 + column + 96 · row.
    expect(statistics.bands).toMatchObject([{ name: 'red', pixels: 64 * 64, mean: 1 + 63.5 + 96 * 31.5 }]);
  });

  it('resumes only with the same options, and names differences as flags', async () => {
    const random = ['scenes.parquet', '--size', '16', '--sampler', 'random', '--count', '9', '--band', 'red'];
    expect((await chips(...random, '--seed', '4', '-o', 'random')).status).toBe(0);
    expect((await chips(...random, '--seed', '4', '-o', 'again')).status).toBe(0);
    expect(await contents(join(folder, 'again'))).toEqual(await contents(join(folder, 'random')));
    const finished = await chips(...random, '--seed', '4', '-o', 'random', '--resume');
    expect(finished.stdout).toMatch(/^these chips are finished already: random: 9 chips/);
    const other = await chips(...random, '--seed', '5', '--stored', '-o', 'random', '--resume');
    expect(other.stderr).toMatch(/random exists already, and was made with other values of --seed, --stored/);
    expect(other.status).toBe(2);
  });

  it.each<[string, string[], RegExp]>([
    ['no size', [], /--size/],
    [
      'another kind of split',
      ['--size', '16', '--split', 'random', '0.8', '0.2'],
      /--split cannot be "random 0\.8 0\.2"/,
    ],
    [
      'blocks that are too small',
      ['--size', '16', '--split', 'block', '0.8', '0.2', '--block', '20'],
      /--block cannot be 20/,
    ],
    [
      'balanced chips without labels',
      ['--size', '16', '--sampler', 'balanced', '--count', '3'],
      /balanced without --labels/,
    ],
    [
      'a stride of random chips',
      ['--size', '16', '--sampler', 'random', '--count', '3', '--stride', '4'],
      /--stride has no meaning/,
    ],
    ['half of a grid', ['--size', '16', '--res', '10'], /--crs and --res define the grid together/],
  ])('refuses %s', async (_, args, message) => {
    const { status, stderr } = await chips('scenes.parquet', '--band', 'red', ...args, '-o', 'no');
    expect(stderr).toMatch(message);
    expect(status).not.toBe(0);
  });
});
