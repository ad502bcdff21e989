import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildRasterCatalog,
  type LoadRasterOptions,
  loadRaster,
  loadRasterTimeseries,
} from '../../src/catalog/node/index.js';
import type { Units } from '../../src/raster/node/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, type RowOptions, valuesOf, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(500_000, 5_000_020, 3, 1);

const row = (id: string, values: readonly number[], units?: Units, options: RowOptions = {}) =>
  writeRow(
    folder,
    id,
    {
      data: {
        geobox: grid,
        bands: [Float32Array.from(values)],
        names: ['B04'],
        options: { nodata: NAN },
        asset: units === undefined ? {} : { units },
      },
    },
    options,
  );

describe('bands of categories', () => {
  const classes = Uint8Array.from({ length: 16 }, (_, k) => [4, 4, 8, 11][k % 4]);
  const files = (key: string, names: string[], asset: object) => {
    const file = { geobox: gridAt(0, 40, 4, 4), bands: [classes], names, asset };
    return writeRow(folder, `classes-${key}`, { [key]: file }, { interval: '2021-07-15' });
  };
  // Pixels of half the size repeat the pixel that they are in (NumPy: np.repeat).
  const fine = gridAt(0, 40, 8, 8, 5);
  const repeated = [4, 4, 4, 4, 8, 8, 11, 11];

  it.each([
    ['SCL_20m', ['1'], {}],
    ['scl_60m', ['1'], {}],
    ['data', ['T32TQM_20210715T101031_SCL_20m'], {}],
    ['ESA_WORLDCOVER_10M_MAP', ['1'], {}],
    ['sr_qa_aerosol', ['1'], {}],
    ['Fmask', ['1'], {}],
    ['label', ['1'], {}],
    ['landuse', ['x'], { units: 'class' }],
    ['other', ['x'], { bands: [{ name: 'x', index: 1, units: 'bits' }] }],
  ])('are not interpolated: %s', async (key, names, asset) => {
    const row = await files(key, names, asset);
    const [name] = row.assets[key].bands?.map((band) => band.name) ?? [];
    const bands = [key === 'data' ? name : key];
    expect(valuesOf(await loadRaster([row], fine, { bands })).slice(0, 8)).toEqual(repeated);
    const series = await loadRasterTimeseries([row], fine, { bands });
    expect([...series.data].slice(0, 8)).toEqual(repeated);
    await expect(loadRaster([row], fine, { bands, resampling: 'cubic' })).rejects.toThrow(/holds categories/);
    await expect(loadRaster([row], fine, { bands, method: 'mean' })).rejects.toThrow(/holds categories/);
  });

  it('are recognised by the file name when nothing else declares them', async () => {
    const row = await files('data', ['band1'], {});
    const path = join(folder, 'T32TQM_20210715T101031_SCL_20m.tif');
    await copyFile(row.href, path);
    const { catalog } = await buildRasterCatalog(path);
    expect(valuesOf(await loadRaster(catalog, fine, { bands: ['band1'] })).slice(0, 8)).toEqual(repeated);
  });

  it('are matched by whole names, not by similar ones', async () => {
    for (const key of ['B04', 'nir', 'classic', 'B8A_20m', 'masked_dem']) {
      const row = await files(key, ['1'], {});
      const tensor = await loadRaster([row], fine, { bands: [key] });
      expect(new Set(valuesOf(tensor)).size).toBeGreaterThan(3);
    }
  });
});

describeBackends('units of loaded values', (backend) => {
  const load = async (
    rows: Parameters<typeof loadRaster>[0],
    options: LoadRasterOptions,
    to = grid,
  ): Promise<number[]> =>
    valuesOf(await loadRaster(rows, to, { backend: backend(), resampling: 'nearest', ...options }));

  it('are converted to one unit, source by source', async () => {
    const rows = [
      await row('new', [1500, NAN, NAN], 'dn_offset_1000', { interval: '2022-07-01' }),
      await row('old', [7, 800, NAN], 'dn_harmonised', { interval: '2021-07-01' }),
      await row('reflectance', [7, 7, 0.0625], 'reflectance', { interval: '2020-07-01' }),
    ];
    const options = { bands: ['B04'], units: 'dn_harmonised', order: 'given' } as const;
    expect(await load(rows, options)).toEqual([500, 800, 625]);
    expect(await load(rows.slice(0, 2), { ...options, method: 'max' })).toEqual([500, 800, NAN]);
    expect(await load([rows[2]], options)).toEqual([70_000, 70_000, 625]);
  });

  it('power is averaged as power, then converted to decibels', async () => {
    const power = await row('power', [1, 100, NAN], 'linear_power');
    const half = gridAt(500_005, 5_000_020, 1, 1);
    const [value] = await load([power], { units: 'dB', resampling: 'bilinear' }, half);
    expect(value).toBeCloseTo(10 * Math.log10(50.5), 3);
  });

  it('values are clipped at 0 before resampling', async () => {
    const dark = await row('dark', [500, 3000, NAN], 'dn_offset_1000');
    const half = gridAt(500_005, 5_000_020, 1, 1);
    expect(await load([dark], { units: 'dn_harmonised', resampling: 'bilinear' }, half)).toEqual([1000]);
    const below = await row('below', [-0.05, 0.2, NAN], 'reflectance');
    expect(await load([below], { units: 'dn_harmonised', resampling: 'bilinear' }, half)).toEqual([1000]);
  });
});

describe('undeclared units', async () => {
  const silent = await row('silent', [-12, -13, -14]);
  const radar = await row('radar', [-12, -13, -14], 'dB');
  const load = (from: typeof silent, options: LoadRasterOptions) => loadRaster([from], grid, options);

  it('can be declared by the caller', async () => {
    const tensor = await load(silent, { units: 'linear_power', sourceUnits: 'dB', resampling: 'nearest' });
    expect(tensor.data).toBeCloseToArray([10 ** -1.2, 10 ** -1.3, 10 ** -1.4], 1e-6);
    expect(valuesOf(await load(silent, { resampling: 'nearest' }))).toEqual([-12, -13, -14]);
  });

  it.each<[string, typeof silent, LoadRasterOptions, RegExp]>([
    ['nobody declares', silent, { units: 'dB' }, /^silent: band 1 does not say in which units it is/],
    [
      'two declare differently',
      radar,
      { units: 'dB', sourceUnits: 'linear_power' },
      /^radar: band 1 is in dB by its catalog, but declared as linear_power/,
    ],
    ['cannot be converted', radar, { units: 'm' }, /^radar: band 1 is in dB, but m is wanted, and there/],
  ])('are refused where %s', async (_, from, options, message) => {
    await expect(load(from, options)).rejects.toThrow(message);
  });
});
