import { utimesSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSystemStore } from '@zarrita/storage';
import { describe, expect, it } from 'vitest';
import * as zarr from 'zarrita';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { CpuBackend, InlineExecutor } from '../../src/gpu/index.js';
import { openEmbeddingModel, openSession } from '../../src/inference/node/index.js';
import type { OnProgress } from '../../src/progress.js';
import { openNpy, writeCog, writeNpy } from '../../src/raster/node/index.js';
import {
  type ChipSource,
  embedChips,
  embedScenes,
  importModel,
  runModel,
  SceneChips,
} from '../../src/workflow/index.js';
import { contents, temporaryFolder } from '../support/files.js';
import { onFullDisk, onSmallDisk } from '../support/full-disk.js';
import { encoderTensors, smallFloodTensors, writeSafetensors } from '../support/terramind.js';

const SIZE = 32;
const [WIDTH, HEIGHT] = [100, 70];
const PIXELS = WIDTH * HEIGHT;
const GAP = 33;
const folder = await temporaryFolder();
const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_500_000), WIDTH, HEIGHT);

/** Rows of chips start at 0, 32 and 38, columns at 0, 32, 64 and 68. */
const ORIGINS = [0, 32, 38].flatMap((y) => [0, 32, 64, 68].map((x) => [x, y] as const));

const waves = (bands: number, seed: number, centre: number, spread: number): Float32Array =>
  Float32Array.from(
    { length: bands * PIXELS },
    (_, k) => centre + spread * Math.sin(0.37 * k + seed + k ** 1.5),
  );

/** Radar in two phases and elevation; the first radar image has a gap of `GAP` × `GAP` pixels in the upper left. */
async function writeScene(id: string, seed: number): Promise<{ path: string; images: Float32Array[] }> {
  const [before, after] = [waves(2, seed, -12, 4), waves(2, seed + 1, -14, 5)];
  for (const k of before.keys()) {
    const pixel = k % PIXELS;
    if (pixel % WIDTH < GAP && pixel / WIDTH < GAP) before[k] = Number.NaN;
  }
  const images = [before, after, waves(1, seed + 2, 200, 90)];
  for (const [k, name] of ['before', 'after', 'dem'].entries()) {
    const bands = images[k].length / PIXELS;
    const planes = Array.from({ length: bands }, (_, band) =>
      images[k].subarray(band * PIXELS, (band + 1) * PIXELS),
    );
    await writeCog(join(folder, `${id}-${name}.tif`), planes, {
      geobox,
      bands,
      dtype: 'float32',
      nodata: Number.NaN,
    });
  }
  const radar = (phase: string): object => ({
    VV: { href: `${id}-${phase}.tif`, band: 1 },
    VH: { href: `${id}-${phase}.tif`, band: 2 },
  });
  const path = join(folder, `${id}.json`);
  const scene = {
    schemaVersion: 1,
    id,
    datetime: '2021-07-15T05:50:12Z',
    grid: { like: `${id}-dem.tif` },
    phases: ['before', 'after'],
    inputs: {
      S1RTC: {
        units: 'dB',
        resampling: 'nearest',
        phases: { before: radar('before'), after: radar('after') },
      },
      DEM: { units: 'm', resampling: 'nearest', static: { DEM: { href: `${id}-dem.tif`, band: 1 } } },
    },
  };
  await writeFile(path, JSON.stringify(scene));
  return { path, images };
}

const encoder = join(folder, 'encoder');
const common = { chip: SIZE, statistics: 'impactmesh-flood' } as const;
await importModel({
  ...common,
  checkpoint: await writeSafetensors(join(folder, 'encoder.safetensors'), encoderTensors()),
  output: encoder,
});
const flood = join(folder, 'flood');
await importModel({
  ...common,
  checkpoint: await writeSafetensors(join(folder, 'flood.safetensors'), smallFloodTensors()),
  output: flood,
  phases: ['before', 'after'],
  stride: SIZE,
  split: true,
});
const first = await writeScene('first', 1);
const second = await writeScene('second', 5);
const quick = { backend: 'cpu', threads: 0, provider: 'cpu' } as const;

/** A chip's pixels of every band. */
function cut(image: Float32Array, [x, y]: readonly [number, number]): Float32Array {
  const bands = image.length / PIXELS;
  return Float32Array.from({ length: bands * SIZE * SIZE }, (_, k) => {
    const [band, pixel] = [Math.floor(k / SIZE ** 2), k % SIZE ** 2];
    return image[band * PIXELS + (y + Math.floor(pixel / SIZE)) * WIDTH + x + (pixel % SIZE)];
  });
}

/** The tokens of one chip by `model run`, (token, channel). */
async function tokensOf(radar: Float32Array, elevation: Float32Array): Promise<Float32Array> {
  const inputs = new Map([
    ['S1RTC', join(folder, 's1.npy')],
    ['DEM', join(folder, 'dem.npy')],
  ]);
  const files = [radar, elevation];
  for (const [k, path] of [...inputs.values()].entries()) {
    await writeNpy(path, { shape: [1, 2 - k, SIZE, SIZE], dtype: 'float32' }, files[k]);
  }
  const output = join(folder, 'tokens.npy');
  await runModel({ model: encoder, inputs, output, provider: 'cpu' });
  const array = await openNpy(output);
  const { data } = await array.read();
  await array.close();
  return Float32Array.from(data, Number);
}

async function read(store: string, name: string): Promise<{ data: ArrayLike<unknown>; shape: number[] }> {
  const array = await zarr.open.v3(new FileSystemStore(join(store, name)), { kind: 'array' });
  const { data, shape } = await zarr.get(array);
  return { data: Array.from(data as Iterable<unknown>), shape };
}

async function numbers(store: string, name: string): Promise<number[]> {
  return Array.from((await read(store, name)).data, Number);
}

describe('embedScenes', async () => {
  const store = join(folder, 'store.zarr');
  const report = await embedScenes({
    ...quick,
    scenes: [first.path, second.path],
    model: encoder,
    output: store,
    phases: ['after'],
    unitChips: 16,
  });
  const embeddings = await numbers(store, 'embeddings');

  it('stops on a full disk with status 75, and goes on to the same bytes', async () => {
    const output = join(folder, 'full.zarr');
    const options = { ...quick, model: encoder, output, phases: ['after'], unitChips: 16 };
    const scenes = [first.path, second.path];
    // 24 chips of 64 values, and 256 bytes of attributes for each chip.
    const needed = 24 * (64 * 4 + 256);
    await expect(onSmallDisk(needed - 1, () => embedScenes({ ...options, scenes }))).rejects.toMatchObject({
      code: 'DISK',
      exitStatus: 75,
      message: expect.stringContaining(`about ${needed} are needed`),
    });
    let kept = 0;
    // The metadata of the store, and then the first of two units, of 16 and 8 chips.
    for (let room = 20_000; kept === 0; room += 4_000) {
      const embedding = onFullDisk(room, () => embedScenes({ ...options, scenes, resume: true }));
      await expect(embedding).rejects.toMatchObject({ code: 'DISK', exitStatus: 75 });
      const left = await readdir(folder, { recursive: true });
      expect(left).not.toContainEqual(expect.stringMatching(/\.tmp$/));
      kept = left.filter((name) => /^full.*done.\d+\.json$/.test(name)).length;
    }
    expect(await embedScenes({ ...options, scenes, resume: true })).toMatchObject({
      unitsKept: 1,
      chipsRun: 8,
    });
    expect(await contents(output)).toEqual(await contents(store));
  });

  it("stores the model's mean token of every chip", async () => {
    expect(report).toMatchObject({
      shape: [24, 64],
      pool: 'mean',
      provider: 'cpu',
      chipsRun: 24,
      chipsSkipped: 0,
    });
    for (const [scene, chip] of [
      [0, 0],
      [0, 6],
      [1, 11],
    ]) {
      const [, radar, elevation] = [first, second][scene].images;
      const tokens = await tokensOf(cut(radar, ORIGINS[chip]), cut(elevation, ORIGINS[chip]));
      for (let channel = 0; channel < 64; channel++) {
        const own = tokens.filter((_, k) => k % 64 === channel);
        expect(own).toHaveLength(4);
        const mean = own.reduce((sum, value) => sum + value, 0) / 4;
        expect(embeddings[(12 * scene + chip) * 64 + channel]).toBeCloseTo(mean, 5);
      }
    }
  });

  it('has the id, position and time of each chip', async () => {
    const ids = (await read(store, 'id')).data;
    expect([ids[0], ids[7], ids[23]]).toEqual([
      'first_00000_00000',
      'first_00032_00068',
      'second_00038_00068',
    ]);
    expect(new Set(Array.from(ids)).size).toBe(24);
    expect((await read(store, 'crs')).data).toEqual(new Array(24).fill('EPSG:32632'));
    const bounds = await numbers(store, 'bounds');
    expect(bounds.slice(7 * 4, 8 * 4)).toEqual([300_680, 5_499_360, 301_000, 5_499_680]);
    const time = Date.UTC(2021, 6, 15, 5, 50, 12);
    expect(await numbers(store, 'time')).toEqual(new Array(48).fill(time));
    expect(await numbers(store, 'valid')).toEqual(new Array(24).fill(1));
    const group = JSON.parse(await readFile(join(store, 'zarr.json'), 'utf8'));
    expect(group.attributes).toMatchObject({ schemaVersion: 1, pool: 'mean', chip: { size: SIZE } });
    expect(Object.keys(group.consolidated_metadata.metadata).sort()).toEqual([
      'bounds',
      'crs',
      'embeddings',
      'id',
      'time',
      'valid',
    ]);
  });

  it('stores every token, or the maxima', async () => {
    const options = { ...quick, scenes: [first.path], model: encoder, phases: ['after'] };
    const all = join(folder, 'tokens.zarr');
    expect((await embedScenes({ ...options, output: all, pool: 'none' })).shape).toEqual([12, 4, 64]);
    const most = join(folder, 'max.zarr');
    expect((await embedScenes({ ...options, output: most, pool: 'max' })).shape).toEqual([12, 64]);
    const [tokens, largest] = [await numbers(all, 'embeddings'), await numbers(most, 'embeddings')];
    for (let k = 0; k < 64; k++) {
      const own = [0, 1, 2, 3].map((token) => tokens[(5 * 4 + token) * 64 + k]);
      expect(largest[5 * 64 + k]).toBe(Math.max(...own));
      expect(embeddings[5 * 64 + k]).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / 4, 5);
    }
  });

  it('gives NaN for chips without data, and fills gaps of others', async () => {
    const output = join(folder, 'gaps.zarr');
    const found = await embedScenes({
      ...quick,
      scenes: [first.path],
      model: encoder,
      output,
      phases: ['before'],
    });
    expect(found).toMatchObject({ chipsRun: 11, chipsSkipped: 1 });
    const [values, valid] = [await numbers(output, 'embeddings'), await numbers(output, 'valid')];
    expect(values.slice(0, 64).every(Number.isNaN)).toBe(true);
    expect(values.slice(64).every(Number.isFinite)).toBe(true);
    const missing = SIZE * 1;
    expect(valid.slice(0, 3)).toEqual([0, Math.fround(1 - missing / SIZE ** 2), 1]);
  });

  it('stops when a file changes while it is read', async () => {
    const { path } = await writeScene('changing', 3);
    const image = join(folder, 'changing-after.tif');
    const output = join(folder, 'changing.zarr');
    const onProgress: OnProgress = (event) => {
      if (event.type === 'progress' && event.unit === 'units' && event.done === 1) utimesSync(image, 1, 1);
    };
    const options = {
      ...quick,
      scenes: [first.path, path],
      model: encoder,
      phases: ['after'],
      unitChips: 16,
    };
    await expect(embedScenes({ ...options, output, onProgress })).rejects.toThrow(
      `${image} changed while it was being read; run again.`,
    );
    await expect(stat(output)).rejects.toThrow();
  });

  it('concatenates the encodings of the phases of a two-graph model', async () => {
    const output = join(folder, 'phases.zarr');
    const found = await embedScenes({ ...quick, scenes: [second.path], model: flood, output });
    expect(found.shape).toEqual([12, 128]);
    const values = await numbers(output, 'embeddings');
    const alone = embeddings.slice((12 + 6) * 64, (12 + 7) * 64);
    for (const [k, value] of alone.entries()) expect(values[6 * 128 + 64 + k]).toBeCloseTo(value, 5);
  });

  it.each<[string, object, RegExp]>([
    ['an output that exists', { output: store }, /store\.zarr exists already/],
    ['two scenes of one id', { scenes: [first.path, first.path] }, /has the id first of another scene/],
    ['a unit of no whole chunks', { unitChips: 20 }, /unitChips cannot be 20; give a multiple of 16/],
    ['phases that the scene lacks', { phases: ['event'] }, /phases names event/],
  ])('refuses %s', async (_, change, message) => {
    const options = {
      ...quick,
      scenes: [first.path],
      model: encoder,
      output: join(folder, 'no.zarr'),
      phases: ['after'],
    };
    await expect(embedScenes({ ...options, ...change })).rejects.toThrow(message);
  });

  it('refuses a segmentation model in one graph', async () => {
    const one = join(folder, 'one');
    await importModel({ ...common, checkpoint: join(folder, 'flood.safetensors'), output: one });
    await expect(
      embedScenes({ ...quick, scenes: [first.path], model: one, output: join(folder, 'no.zarr') }),
    ).rejects.toThrow(/one is a segmentation in one graph, .* import the checkpoint with `split`/);
  });
});

describe('model import in float16', () => {
  const options = {
    ...common,
    checkpoint: join(folder, 'flood.safetensors'),
    phases: ['before', 'after'],
    precision: 'fp16',
    provider: 'cpu',
  } as const;

  it('compares on the chips with data', async () => {
    const { halfPrecision } = await importModel({
      ...options,
      stride: SIZE,
      output: join(folder, 'half'),
      sample: first.path,
      sampleChips: 100,
    });
    // All except the one without radar before.
    expect(halfPrecision).toMatchObject({ sample: first.path, chips: 11, provider: 'cpu' });
    expect(halfPrecision?.agreement).toHaveProperty('samePixels');
  });

  it('refuses an unsuitable scene before it writes', async () => {
    const output = join(folder, 'half-no');
    const phases = ['then', 'now'];
    await expect(importModel({ ...options, phases, output, sample: first.path })).rejects.toThrow(
      /first\.json has the phases before, after, but the model needs then, now/,
    );
    await expect(stat(output)).rejects.toThrow();
  });
});

describe('embedChips', async () => {
  const backend = new CpuBackend(new InlineExecutor());
  const model = await openEmbeddingModel(encoder);
  const session = await openSession(model, { provider: 'cpu' });
  const scene = await SceneChips.open(second.path, {
    spec: model.spec,
    backend,
    phases: ['after'],
    maxPixels: 1e6,
  });
  /** The chips of a scene four times, and the number requested. */
  let read = 0;
  const source = (stopAt = Infinity): ChipSource => ({
    count: 48,
    identity: 'four times',
    async *chips(start, end, signal) {
      for (let k = start; k < end; k++) {
        if (k === stopAt) throw new Error('killed');
        read++;
        for await (const chip of scene.chips(k % 12, (k % 12) + 1, signal))
          yield { ...chip, id: `chip ${k}` };
      }
    },
  });
  const options = { model, backend, session, unitChips: 16, batchSize: 3 };

  it('geopatcher test_patch_journal_survives_crash_simulation: resumes after a kill, to the same bytes', async () => {
    const [whole, cut] = [join(folder, 'whole.zarr'), join(folder, 'cut.zarr')];
    await embedChips({ ...options, source: source(), output: whole });
    const warnings: string[] = [];
    const onProgress: OnProgress = (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    const stopped = embedChips({ ...options, source: source(37), output: cut, onProgress });
    await expect(stopped).rejects.toThrow('killed');
    await expect(stat(cut)).rejects.toThrow();
    const [run] = await readdir(`${cut}.run`);
    expect(warnings).toEqual([
      `2 of 3 units are done (${join(`${cut}.run`, run)}); run it again with \`resume\` to continue`,
    ]);
    read = 0;
    const report = await embedChips({ ...options, source: source(), output: cut, resume: true });
    expect(report).toMatchObject({ unitsKept: 2, chipsRun: 16 });
    expect(read).toBe(16);
    expect(await contents(cut)).toEqual(await contents(whole));
    await expect(stat(`${cut}.run`)).rejects.toThrow();
  });

  it('refuses to resume when an option changed, and computes again only when told so', async () => {
    const output = join(folder, 'anew.zarr');
    await expect(embedChips({ ...options, source: source(20), output })).rejects.toThrow('killed');
    const change = { ...options, source: source(), output, pool: 'max' } as const;
    await expect(embedChips({ ...change, resume: true })).rejects.toThrow(
      /has units that were made with other values of `pool`; give the same/,
    );
    await expect(embedChips({ ...options, source: source(), output })).rejects.toThrow(
      /has 1 finished unit of 3 of this plan; give `resume` to keep them, or `overwrite`/,
    );
    const report = await embedChips({ ...options, source: source(), output, overwrite: true });
    expect(report.unitsKept).toBe(0);
  });

  it('computes damaged units again, whatever file of theirs was changed', async () => {
    const [whole, cut] = [join(folder, 'intact.zarr'), join(folder, 'damaged.zarr')];
    await embedChips({ ...options, source: source(), output: whole });
    await expect(embedChips({ ...options, source: source(37), output: cut })).rejects.toThrow('killed');
    const [run] = await readdir(`${cut}.run`);
    const times = join(`${cut}.run`, run, 'embeddings.zarr', 'time', 'c', '1', '0');
    const bytes = await readFile(times);
    bytes[3] ^= 1;
    await writeFile(times, bytes);
    const warnings: string[] = [];
    const onProgress: OnProgress = (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    const resumed = { ...options, source: source(), output: cut, resume: true, onProgress };
    expect((await embedChips(resumed)).unitsKept).toBe(1);
    expect(warnings).toEqual([`unit 1 is computed again: ${times} has changed since it was written`]);
    expect(await contents(cut)).toEqual(await contents(whole));
  });

  it('refuses chips of another size, and a source that ends early', async () => {
    const output = join(folder, 'bad.zarr');
    const short: ChipSource = { ...source(), chips: (start, end) => source().chips(start, end - 1) };
    await expect(embedChips({ ...options, source: short, output })).rejects.toThrow(/gave 15 of 16 chips/);
    const small: ChipSource = {
      ...source(),
      async *chips(start, end) {
        for await (const chip of source().chips(start, end)) {
          const inputs = new Map([
            ['S1RTC', new Float32Array(2 * SIZE ** 2)],
            ['DEM', new Float32Array(256)],
          ]);
          yield { ...chip, inputs };
        }
      },
    };
    await expect(embedChips({ ...options, source: small, output })).rejects.toThrow(
      /chip 0 holds 256 values of DEM, not 1024/,
    );
    const without: ChipSource = {
      ...source(),
      async *chips(start, end) {
        for await (const chip of source().chips(start, end)) yield { ...chip, inputs: new Map() };
      },
    };
    await expect(embedChips({ ...options, source: without, output })).rejects.toThrow(
      /chip 0 holds 0 values of S1RTC, not 2048/,
    );
  });
});
