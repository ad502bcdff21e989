import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allocateArray } from '../../src/geo/dtype.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { makeFolder } from '../../src/io/node/output.js';
import { writeCog } from '../../src/raster/node/index.js';
import { initScene, type SceneInitOptions } from '../../src/workflow/index.js';
import { readScene, resolveGrid } from '../../src/workflow/scene.js';
import { SceneRasters } from '../../src/workflow/scene-rasters.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
await makeFolder(join(folder, 'rasters'));

/** Writes a raster of constant bands into the folder `rasters`. */
async function write(
  name: string,
  values: readonly number[],
  dtype: 'float32' | 'int16' | 'uint8',
  descriptions: string[] = [],
  pixel = 10,
): Promise<string> {
  const geobox = new GeoBox('EPSG:32632', new Affine(pixel, 0, 300_000, 0, -pixel, 5_500_000), 4, 4);
  const planes = values.map((value) => allocateArray(dtype, 16).fill(value));
  const path = join(folder, 'rasters', name);
  await writeCog(path, planes, { geobox, bands: planes.length, dtype, nodata: null, descriptions });
  return path;
}

const before = await write('S1_20210711.tif', [-9.5, -16.5], 'float32', ['VV', 'VH']);
const during = await write('S1_20210715.tif', [-19.5, -26.5], 'float32', ['VV', 'VH']);
const optical = await write('S2_2021-07-16.tif', [400, 500, 4], 'int16', ['B04', 'B8A', 'SCL'], 20);
const heights = await write('cop_dem.tif', [300], 'float32', undefined, 30);

const output = join(folder, 'scene.json');
const init = (options: Partial<SceneInitOptions>) => initScene({ files: [before], output, ...options });
const document = async (): Promise<unknown> => JSON.parse(await readFile(output, 'utf8'));

describe('initScene', () => {
  it('finds inputs, dates, units and the grid, and reports its assumptions', async () => {
    const warnings: string[] = [];
    const report = await init({
      files: [before, during, optical, heights],
      units: { S2L2A: 'dn_harmonised' },
      phases: { pre_event: '2021-07-10', event: '2021-07-15' },
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    const s1 = (name: string): object => ({
      VV: { href: `rasters/${name}`, band: 1 },
      VH: { href: `rasters/${name}`, band: 2 },
    });
    const s2 = 'rasters/S2_2021-07-16.tif';
    expect(await document()).toEqual({
      schemaVersion: 1,
      grid: { like: 'rasters/S1_20210711.tif' },
      phases: ['pre_event', 'event'],
      inputs: {
        S1RTC: { units: 'dB', phases: { pre_event: s1('S1_20210711.tif'), event: s1('S1_20210715.tif') } },
        S2L2A: {
          units: 'dn_harmonised',
          phases: { event: { B04: { href: s2, band: 1 }, B8A: { href: s2, band: 2 } } },
        },
        SCL: { units: 'class', phases: { event: { SCL: { href: s2, band: 3 } } } },
        DEM: { units: 'm', static: { DEM: { href: 'rasters/cop_dem.tif', band: 1 } } },
      },
    });
    expect(report).toMatchObject({
      path: output,
      phases: ['pre_event', 'event'],
      inputs: { S1RTC: { units: 'dB', bands: ['VV', 'VH'], files: 2 }, DEM: { files: 1 } },
    });
    expect(warnings).toEqual(report.assumed);
    expect(report.assumed).toContain(
      `${before} and 1 more: assumed that its S1RTC is in dB, as its values are`,
    );
    expect(report.assumed).toContain(`${heights}: assumed that its DEM is in m, as is usual`);
    expect(report.assumed.at(-1)).toMatch(/the grid is that of .*S1_20210711\.tif, whose pixels of 10 m/);
    const scene = await readScene(output);
    await using rasters = new SceneRasters();
    expect((await resolveGrid(scene, rasters)).width).toBe(4);
  });

  it('takes dates as phases, and one date as the phase event', async () => {
    expect((await init({ files: [during, before] })).phases).toEqual(['2021-07-11', '2021-07-15']);
    expect((await init({ files: [during] })).phases).toEqual(['event']);
    expect((await init({ files: [`S1RTC@after=${during}`, `S1RTC@earlier=${before}`] })).phases).toEqual([
      'earlier',
      'after',
    ]);
  });

  it('takes what is declared, tiles of a band, and a grid', async () => {
    const [plain, other] = [
      await write('a.tif', [0.1, 0.2], 'float32'),
      await write('b.tif', [0.3, 0.4], 'float32'),
    ];
    const cover = await write('cover.tif', [7], 'uint8');
    await init({
      files: [`S1RTC@event=${plain}`, `S1RTC@event=${other}`, `LC@static:class=${cover}`],
      units: { S1RTC: 'linear_power', LC: 'class' },
      crs: 'EPSG:32632',
      resolution: 20,
      bounds: [300_000, 5_499_960, 300_040, 5_500_000],
      id: 'here',
    });
    const tiled = (band: number): object => ({
      href: 'rasters/a.tif',
      band,
      tiles: [{ href: 'rasters/b.tif', band }],
    });
    expect(await document()).toMatchObject({
      id: 'here',
      grid: { crs: 'EPSG:32632', resolution: 20, bounds: [300_000, 5_499_960, 300_040, 5_500_000] },
      inputs: {
        S1RTC: { units: 'linear_power', phases: { event: { VV: tiled(1), VH: tiled(2) } } },
        LC: { units: 'class', static: { class: { href: 'rasters/cover.tif', band: 1 } } },
      },
    });
  });

  it('takes Sentinel-2 with B10 for Level-1C', async () => {
    const level1 = await write('toa.tif', [0.2, 0.01], 'float32', ['B04', 'B10']);
    expect((await init({ files: [level1] })).inputs).toEqual({
      S2L1C: { units: 'reflectance', bands: ['B04', 'B10'], files: 1 },
    });
  });

  it('asks for undeclared units, or refuses', async () => {
    const asked: string[] = [];
    await init({
      files: [optical],
      askUnits: async (input, choices) => {
        asked.push(input);
        return choices[1];
      },
    });
    expect(asked).toEqual(['S2L2A']);
    expect(await document()).toMatchObject({ inputs: { S2L2A: { units: 'dn_offset_1000' } } });
    await expect(init({ files: [optical] })).rejects.toThrow(
      /^units must say the units of S2L2A.*; give S2L2A=dn_harmonised or S2L2A=dn_offset_1000 or/,
    );
  });

  it('refuses unknown properties, and units that the values contradict', async () => {
    const plain = await write('plain.tif', [1, 2, 3], 'int16');
    await expect(init({ files: [plain] })).rejects.toThrow(/3 bands without names.*INPUT:NAME,NAME=/);
    await expect(init({ files: [`X:a,b=${plain}`] })).rejects.toThrow(/has 3 bands, and 2 are named/);
    const named = await write('named.tif', [1], 'int16', ['chlorophyll']);
    await expect(init({ files: [named] })).rejects.toThrow(/which input its band chlorophyll belongs to/);
    await expect(init({ units: { S1RTC: 'linear_power' } })).rejects.toThrow(
      /linear_power, but holds negative/,
    );
    await expect(init({ units: { DEM: 'm' } })).rejects.toThrow(
      /^units names DEM, but no file has this input; name S1RTC/,
    );
    await expect(init({ crs: 'EPSG:32632' })).rejects.toThrow(/^resolution is missing beside `crs`/);
    await expect(init({ output: before })).rejects.toThrow(/S1_20210711\.tif/);
  });
});

describe('initScene for a model', () => {
  it('writes inputs and bands in the order of the model, and phases by its names', async () => {
    const swapped = await write('S1_20210716.tif', [-26.5, -19.5], 'float32', ['VH', 'VV']);
    const report = await init({ files: [heights, swapped], model: 'water-threshold' });
    expect(report.phases).toEqual(['event']);
    expect(report.assumed.join('\n')).toMatch(/the model water-threshold does not need DEM/);
    const { inputs } = JSON.parse(await readFile(output, 'utf8'));
    expect(Object.keys(inputs)).toEqual(['S1RTC', 'DEM']);
    expect(Object.entries(inputs.S1RTC.phases.event)).toEqual([
      ['VV', { href: 'rasters/S1_20210716.tif', band: 2 }],
      ['VH', { href: 'rasters/S1_20210716.tif', band: 1 }],
    ]);
  });

  it('names dates as the phases of the model, in order', async () => {
    const days = ['20210601', '20210630', '20210712', '20210719'];
    const files: string[] = [heights];
    const bands = ['B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B09', 'B11', 'B12'];
    for (const day of days) {
      files.push(await write(`S1_${day}.tif`, [-9.5, -16.5], 'float32', ['VV', 'VH']));
      files.push(
        await write(
          `S2_${day}.tif`,
          bands.map(() => 500),
          'int16',
          bands,
        ),
      );
    }
    const report = await init({ files, units: { S2L2A: 'dn_harmonised' }, model: 'demo-flood' });
    expect(report.phases).toEqual(['pre_month', 'pre_event', 'event', 'post_event']);
    expect(report.assumed.join('\n')).toMatch(
      /its phases 2021-06-01, 2021-06-30, 2021-07-12, 2021-07-19 are pre_month, pre_event, event, post_event of the model/,
    );
    const { inputs } = JSON.parse(await readFile(output, 'utf8'));
    expect(Object.keys(inputs)).toEqual(['S2L2A', 'S1RTC', 'DEM']);
    expect(inputs.S1RTC.phases.post_event.VH.href).toBe('rasters/S1_20210719.tif');
  });

  it('names everything that the files lack, and writes nothing', async () => {
    const target = join(folder, 'lacking.json');
    const run = init({ files: [before, during], output: target, model: 'demo-flood' });
    await expect(run).rejects.toThrow(
      /lacks what the model demo-flood needs: the phase pre_month; .*S2L2A \(B01, .* in dn_harmonised\); DEM \(DEM in m\); give files/,
    );
    await expect(
      init({
        files: [`S1RTC@event:VV=${heights}`],
        units: { S1RTC: 'm' },
        output: target,
        model: 'water-threshold',
      }),
    ).rejects.toThrow(/VH of S1RTC in the phase event; S1RTC in the phase event in dB, since it is in m/);
    await expect(readFile(target)).rejects.toThrow(/ENOENT/);
  });
});
