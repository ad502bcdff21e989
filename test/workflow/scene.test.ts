/** Units and nodata in a scene file, of the scene, an input, a phase or a band. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { openModel } from '../../src/inference/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { checkUnits, identityOfImage, imagesOnGrid, planImages } from '../../src/workflow/plan-images.js';
import { readScene, resolveGrid } from '../../src/workflow/scene.js';
import { openImages } from '../../src/workflow/scene-images.js';
import { SceneRasters } from '../../src/workflow/scene-rasters.js';
import { temporaryFolder } from '../support/files.js';
import { answer, startRangeServer } from '../support/http-server.js';
import { writeModel } from '../support/models.js';

const folder = await temporaryFolder();
const geobox = new GeoBox(32633, new Affine(10, 0, 500000, 0, -10, 5000000), 40, 36);

// The ground is the same in both images; the second has the offset of baseline 04.00. The first row is outside the swath.
const ground = Uint16Array.from({ length: geobox.pixelCount }, (_, i) => (i < 40 ? 0 : 300 + i));
const image = { geobox, bands: 2, dtype: 'uint16' } as const;
await writeCog(join(folder, 'before.tif'), [ground, ground], image);
const shifted = ground.map((value) => (value === 0 ? 0 : value + 1000));
await writeCog(join(folder, 'after.tif'), [shifted, shifted], image);
const model = await openModel(
  await writeModel(join(folder, 'model'), {
    inputs: [
      { name: 'x', bands: ['B03', 'B04'], kind: 'temporal', weights: [1, 1, 1, 1], units: 'dn_harmonised' },
    ],
    phases: ['before', 'after'],
  }),
);

interface Said {
  scene?: object;
  input?: object;
  phases?: Partial<Record<'before' | 'after', object>>;
  bands?: Partial<Record<'B03' | 'B04', object>>;
}

/** The model's input for a scene: first the nodata pixels, then the first valid ones. */
async function read(said: Said): Promise<{ gaps: number[]; first: number[]; identity: unknown }> {
  const path = join(folder, 'scene.json');
  const phase = (name: 'before' | 'after'): object => ({
    ...said.phases?.[name],
    B03: { href: `${name}.tif`, band: 1, ...said.bands?.B03 },
    B04: { href: `${name}.tif`, band: 2, ...said.bands?.B04 },
  });
  await writeFile(
    path,
    JSON.stringify({
      schemaVersion: 1,
      grid: { like: 'before.tif' },
      ...said.scene,
      inputs: {
        x: {
          resampling: 'nearest',
          ...said.input,
          phases: { before: phase('before'), after: phase('after') },
        },
      },
    }),
  );
  const scene = await readScene(path);
  const rasters = new SceneRasters();
  const backend = new CpuBackend();
  try {
    const grid = await resolveGrid(scene, rasters);
    const found = await planImages(scene, model.spec, rasters);
    const planned = await imagesOnGrid(found, model.spec, rasters, grid);
    await checkUnits(planned, model.spec.inputs, rasters, undefined);
    const images = await openImages(planned, {
      spec: model.spec,
      geobox: await resolveGrid(scene, rasters),
      rasters,
      backend,
    });
    const gaps: number[] = [];
    const first: number[] = [];
    for (const { image: opened } of images) {
      const planes = [0, 1].map(() => backend.allocate([geobox.height, geobox.width], 'float32'));
      await opened.readRows({ start: 0, end: geobox.height }, planes, 0);
      for (const plane of planes) {
        const values = await backend.download(plane);
        gaps.push(Array.from(values).filter(Number.isNaN).length);
        first.push(values[40]);
      }
    }
    return { gaps, first, identity: planned.map(identityOfImage) };
  } finally {
    backend.dispose();
    await rasters.close();
  }
}

const harmonised = { units: 'dn_harmonised' };
const offset = { units: 'dn_offset_1000' };

describe('a scene with images of another area', () => {
  const beyond = {
    scene: { grid: { crs: 'EPSG:32633', resolution: 10, bounds: [600000, 5100000, 601000, 5101000] } },
  };

  it('is refused with the bounds of each image', async () => {
    await expect(read({ input: harmonised, ...beyond })).rejects.toThrow(
      /before\.tif does not overlap the scene’s grid: it lies at longitude 15 to 15\.0051, latitude .*, the scene’s grid at longitude 16\.2925/,
    );
  });
});

describe('a scene file', () => {
  it('declares nodata of the scene, an input, a phase or a band', async () => {
    const of = async (said: Said): Promise<number[]> => (await read({ input: harmonised, ...said })).gaps;
    expect(await of({})).toEqual([0, 0, 0, 0]);
    expect(await of({ scene: { nodata: 0 } })).toEqual([40, 40, 40, 40]);
    expect(await of({ input: { ...harmonised, nodata: 0 } })).toEqual([40, 40, 40, 40]);
    expect(await of({ phases: { after: { nodata: 0 } } })).toEqual([0, 0, 40, 40]);
    expect(await of({ bands: { B04: { nodata: 0 } } })).toEqual([0, 40, 0, 40]);
    // The innermost declaration counts; null means that every value is data.
    expect(await of({ scene: { nodata: 0 }, bands: { B04: { nodata: null } } })).toEqual([40, 0, 40, 0]);
    expect(await of({ scene: { nodata: 0 }, phases: { before: { nodata: 340 } } })).toEqual([1, 1, 40, 40]);
  });

  it('declares units of an input, a phase or a band', async () => {
    // 300 + 40 is the first value of the ground.
    const after = { phases: { after: offset } };
    expect((await read({ input: harmonised })).first).toEqual([340, 340, 1340, 1340]);
    expect((await read({ input: harmonised, ...after })).first).toEqual([340, 340, 340, 340]);
    expect((await read({ phases: { before: harmonised, after: offset } })).first).toEqual([
      340, 340, 340, 340,
    ]);
    const band = { input: harmonised, bands: { B04: offset } };
    // 340 − 1000 is clipped at 0.
    expect((await read(band)).first).toEqual([340, 0, 1340, 340]);
  });

  it('with other units or nodata is another plan', async () => {
    const plans = [{}, { phases: { after: offset } }, { scene: { nodata: 0 } }, { scene: { nodata: null } }];
    const identities: string[] = [];
    for (const said of plans)
      identities.push(JSON.stringify((await read({ input: harmonised, ...said })).identity));
    expect(new Set(identities).size).toBe(plans.length);
  });

  it.each<[string, Said, RegExp]>([
    ['nodata that the type cannot hold', { scene: { nodata: -9999 } }, /before\.tif is uint16, which cannot hold the scene's nodata value -9999/],
    ['nodata that is no number', { bands: { B04: { nodata: '0' } } }, /B04\.nodata: must be a number, "nan", or null/],
    ['unknown units', { phases: { after: { units: 'dn' } } }, /after\.B03\.units: must be one of dn_harmonised/],
    ['units without a conversion', { bands: { B04: { units: 'dB' } } }, /B04 of x in phase before is in dB, but dn_harmonised is wanted/],
    ['no units', { input: { units: undefined }, phases: { after: offset } }, /inputs\.x\.units/],
    ['a URL that is none', { bands: { B04: { href: 'https://[1' } } }, /scene\.json names https:\/\/\[1, which is no valid URL; correct it/],
    ['a grid at a URL that is none', { scene: { grid: { like: 'https://[1?key=1' } } }, /scene\.json names https:\/\/\[1, which/],
  ])('is refused with %s', async (_, said, message) => {
    await expect(read({ input: harmonised, ...said })).rejects.toThrow(message);
  }); // biome-ignore format: a table
});

describe('the rasters of a scene', () => {
  it('are opened concurrently, and one that fails is named when it is needed', async () => {
    const path = join(await temporaryFolder(), 'a.tif');
    const geobox = new GeoBox(32631, new Affine(10, 0, 0, 0, -10, 0), 4, 4);
    await writeCog(path, [new Uint8Array(16)], { geobox, bands: 1, dtype: 'uint8' });
    const server = await startRangeServer(await readFile(path));
    // The first four requests wait for each other: sequential requests would wait forever.
    let waiting: (() => void)[] = [];
    let isOpen = false;
    server.fault = (request, response) => {
      if (request.url?.endsWith('bad') === true) response.writeHead(404).end();
      else if (isOpen) return false;
      else waiting.push(() => answer(server, request, response));
      if (waiting.length === 4) {
        isOpen = true;
        for (const go of waiting) go();
        waiting = [];
      }
      return true;
    };
    await using rasters = new SceneRasters();
    const files = [1, 2, 3, 4].map((k) => `${server.url}?file=${k}`);
    const bad = `${server.url}?file=bad`;
    await rasters.prepare([...files, bad, files[0]]);
    const requests = server.ranges.length;
    for (const file of files) expect((await rasters.open(file)).geobox?.toJSON()).toEqual(geobox.toJSON());
    // They are open already.
    expect(server.ranges).toHaveLength(requests);
    await expect(rasters.open(bad)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
