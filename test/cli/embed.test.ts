import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { GeoCatalog, saveCatalog } from '../../src/catalog/node/index.js';
import { importModel } from '../../src/workflow/index.js';
import { commandsIn, PROGRAM } from '../support/command.js';
import { contents, temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';
import { encoderTensors, writeSafetensors } from '../support/terramind.js';

const folder = await temporaryFolder();

const embed = commandsIn(folder, 'embed');

/** Markers of finished units of a run. */
const markers = async (store: string): Promise<string[]> =>
  (await readdir(join(folder, `${store}.run`), { recursive: true }).catch(() => [])).filter((name) =>
    /done\/\d+\.json$/.test(name),
  );

const [LEFT, TOP] = [500_000, 5_000_000];
const quick = ['--model', 'encoder', '--backend', 'cpu', '--threads', '0', '--provider', 'cpu'];
const grid = ['--crs', 'EPSG:32631', '--res', '10'];

beforeAll(async () => {
  await importModel({
    chip: 32,
    statistics: 'impactmesh-flood',
    checkpoint: await writeSafetensors(join(folder, 'encoder.safetensors'), encoderTensors()),
    output: join(folder, 'encoder'),
  });
  const geobox = gridAt(LEFT, TOP, 128, 96);
  const wave = (seed: number) =>
    Float32Array.from({ length: geobox.pixelCount }, (_, k) => -12 + 4 * Math.sin(seed + k * 0.3));
  const clouds = Uint8Array.from({ length: geobox.pixelCount }, (_, k) => (k % 128 < 32 ? 9 : 4));
  const radar = await writeRow(
    folder,
    'radar',
    {
      // As in a catalog of files without metadata.
      main: { geobox, bands: [wave(1), wave(2)], names: ['co', 'cross'] },
      SCL: { geobox, bands: [clouds], names: ['SCL'] },
    },
    { interval: '2021-07-15' },
  );
  const dem = await writeRow(folder, 'dem', {
    data: {
      geobox: gridAt(LEFT, TOP, 22, 16, 60),
      bands: [new Float32Array(22 * 16).fill(250)],
      names: ['h'],
    },
  });
  await saveCatalog(GeoCatalog.from([radar]), join(folder, 's1.parquet'));
  await saveCatalog(GeoCatalog.from([dem]), join(folder, 'dem.geojson'));
});

const sources = ['S1RTC=s1.parquet', 'DEM=dem.geojson'];
const described = ['--bands', 'S1RTC=co,cross', 'DEM=1', '--units', 'S1RTC=dB', 'DEM=m'];

describe('terrachip embed, of catalogs', () => {
  it('prints help and a summary', async () => {
    const help = await embed('--help');
    expect(help.stdout).toMatch(/Catalog options:[\s\S]*--where/);
    const { status, stdout } = await embed(...sources, ...quick, ...grid, ...described, '-o', 'one.zarr');
    expect(stdout).toMatch(
      /one\.zarr: \(12, 64\), the mean of the tokens of 12 chips on cpu; 0 without data/,
    );
    expect(status).toBe(0);
  });

  it('selects an area, and masks clouds', async () => {
    const masked = await embed(
      ...sources,
      ...['--bbox', `${LEFT}`, `${TOP - 310}`, `${LEFT + 630}`, `${TOP}`, '--bbox-crs', 'EPSG:32631'],
      ...['--mask', 'S1RTC=SCL:9,10', '--resampling', 'nearest', '--json', '-o', 'masked.zarr'],
      ...[...quick, ...grid, ...described],
    );
    expect(masked.status).toBe(0);
    expect(JSON.parse(masked.stdout)).toMatchObject({ shape: [2, 64], chipsRun: 1, chipsSkipped: 1 });
  });

  it('resumes after SIGKILL and SIGTERM, to the same bytes; SIGTERM leaves no temporary files', async () => {
    const args = [...sources, ...quick, ...grid, ...described, '--stride', '8', '--unit-chips', '16'];
    expect((await embed(...args, '-o', 'whole.zarr')).status).toBe(0);
    for (const [name, expected] of [
      ['SIGKILL', { code: null, signal: 'SIGKILL' }],
      ['SIGTERM', { code: 143, signal: null }],
    ] as const) {
      const store = `${name}.zarr`;
      const child = spawn(process.execPath, [PROGRAM, 'embed', ...args, '-o', store], { cwd: folder });
      let text = '';
      child.stderr.on('data', (data: Buffer) => (text += String(data)));
      const ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
      while ((await markers(store)).length < 2 && child.exitCode === null) await setTimeout(10);
      child.kill(name);
      expect(await ended).toEqual(expected);
      await expect(stat(join(folder, store))).rejects.toThrow();
      const kept = (await markers(store)).length;
      expect(kept).toBeGreaterThanOrEqual(2);
      if (name === 'SIGTERM') {
        expect(text).toMatch(/units are done \(.*\); run it again with --resume to continue/);
        const files = await readdir(join(folder, `${store}.run`), { recursive: true });
        expect(files.filter((file) => /\.tmp$/.test(file))).toEqual([]);
      }
      const resumed = await embed(...args, '-o', `${store}/`, '--resume', '--json');
      expect(resumed.status).toBe(0);
      expect(JSON.parse(resumed.stdout)).toMatchObject({ shape: [117, 64], unitsKept: kept });
      expect(await contents(join(folder, store))).toEqual(await contents(join(folder, 'whole.zarr')));
    }
    const again = await embed(...args, '-o', 'whole.zarr', '--resume');
    expect(again).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^these embeddings are finished already: whole\.zarr: \(117, 64\)/),
    });
    const other = await embed(...args, '--pool', 'max', '-o', 'whole.zarr', '--resume');
    expect(other).toMatchObject({ status: 2, stderr: expect.stringMatching(/whole\.zarr exists already/) });
    expect((await embed(...args, '-o', 'whole.zarr')).status).toBe(2);
  });

  it.each<[string, string[], RegExp]>([
    ['no grid', [...sources, ...described], /--crs and --res are needed for catalogs/],
    ['scenes and catalogs', ['scene.json', 's1.parquet'], /sources are scenes and catalogs/],
    [
      'catalogs of no input',
      ['s1.parquet', 'DEM=dem.geojson', ...grid],
      /sources name s1\.parquet among other catalogs/,
    ],
    ['an input twice', ['DEM=s1.parquet', 'DEM=dem.geojson', ...grid], /sources names DEM twice/],
    [
      'options of catalogs for scenes',
      ['scene.json', '--where', 'x = 1'],
      /--where has no meaning for scenes/,
    ],
    ['a mask without classes', [...sources, ...grid, '--mask', 'S1RTC=SCL'], /--mask cannot be "SCL"/],
    [
      'bands that the rows lack',
      [...sources, ...grid],
      /s1\.parquet has no row with VV, VH, which the model needs for S1RTC \(radar has co, cross, SCL\)/,
    ],
    [
      'units that nobody declares',
      [...sources, ...grid, ...described.slice(0, 3)],
      /radar: band "co" does not say in which units it is, and dB is wanted/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const { status, stderr } = await embed(...args, ...quick, '-o', 'no.zarr');
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
