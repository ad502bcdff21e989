/**
 * Defects of the published flood notebook: values that were not normalised, radar power given to a model of decibels,
 * NaN in chips, the first phase taken for the event, one image for two phases, borders without a map, and weights that
 * did not fit. terrachip avoids or reports each of them.
 */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openModel } from '../../src/inference/node/index.js';
import { openNpy, openRaster, writeCog, writeNpy } from '../../src/raster/node/index.js';
import { importModel, infer, runModel } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { smallFloodTensors, type Tensors, writeSafetensors } from '../support/terramind.js';

const SIZE = 32;
const PHASES = ['before', 'after'];

const folder = await temporaryFolder();
const model = join(folder, 'model');

type Pixel = (phase: number, band: number, x: number, y: number) => number;

const power: Pixel = (phase, band, x, y) =>
  10 ** ((-9 - 6 * band + 4 * Math.sin(x / 5 + phase) + 2 * Math.cos(y / 7 + band)) / 10);
const elevation = (x: number, y: number): number => 150 + 3 * x - 2 * y;

const decibel: Pixel = (...at) => 10 * Math.log10(power(...at));

/** The scene's only chip, normalised by hand with ImpactMesh's statistics. */
async function writeChip(): Promise<Map<string, string>> {
  const statistics = [
    [-9.98, 4.24],
    [-15.968, 4.105],
  ];
  const pixels = SIZE * SIZE;
  const radar = Float32Array.from({ length: 4 * pixels }, (_, k) => {
    const [band, phase, pixel] = [Math.floor(k / pixels / 2), Math.floor(k / pixels) % 2, k % pixels];
    const [mean, std] = statistics[band];
    return (decibel(phase, band, pixel % SIZE, Math.floor(pixel / SIZE)) - mean) / std;
  });
  const dem = Float32Array.from(
    { length: pixels },
    (_, k) => (elevation(k % SIZE, Math.floor(k / SIZE)) - 141.786) / 189.363,
  );
  await writeNpy(join(folder, 's1.npy'), { shape: [1, 2, 2, SIZE, SIZE], dtype: 'float32' }, radar);
  await writeNpy(join(folder, 'dem.npy'), { shape: [1, 1, SIZE, SIZE], dtype: 'float32' }, dem);
  return new Map([
    ['S1RTC', join(folder, 's1.npy')],
    ['DEM', join(folder, 'dem.npy')],
  ]);
}

const chip = await writeChip();

/** Imports a checkpoint, and returns its logit of water minus that of land per pixel of the chip. */
async function importFlood(tensors: Tensors): Promise<Float32Array> {
  const checkpoint = await writeSafetensors(join(folder, 'flood.safetensors'), tensors);
  const statistics = 'impactmesh-flood';
  await importModel({ checkpoint, output: model, chip: SIZE, phases: PHASES, statistics, split: true });
  const output = join(folder, 'logits.npy');
  await runModel({ model, inputs: chip, output, normalized: true, provider: 'cpu' });
  const array = await openNpy(output);
  const { data } = await array.read();
  await array.close();
  const logits = Float32Array.from(data, Number);
  return logits.slice(SIZE * SIZE).map((water, k) => water - logits[k]);
}

/** Random weights give nearly constant maps: a stronger, balanced head shows every input in the map. */
async function importDecisive(): Promise<Float32Array> {
  const tensors = smallFloodTensors();
  const raw = (await importFlood(tensors)).sort();
  const strength = 4 / (raw[raw.length - 1] - raw[0]);
  for (const part of ['weight', 'bias']) {
    const { values } = tensors[`model.head.head.2.${part}`];
    for (let k = 0; k < values.length; k++) values[k] *= strength;
  }
  tensors['model.head.head.2.bias'].values[0] += strength * raw[raw.length >> 1];
  return importFlood(tensors);
}

const difference = await importDecisive();

interface SceneOptions {
  width?: number;
  height?: number;
  radar?: Pixel;
  units?: string;
  /** The scene's own order of its phases. */
  order?: readonly string[];
  /** The phase whose file each phase names. */
  files?: readonly number[];
}

let scenes = 0;

async function writeScene(options: SceneOptions = {}): Promise<string> {
  const { width = SIZE, height = SIZE, radar = power, units = 'linear_power', order = PHASES } = options;
  const { files = [0, 1] } = options;
  const name = `scene-${scenes++}`;
  const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_500_000), width, height);
  const write = async (path: string, bands: readonly ((x: number, y: number) => number)[]): Promise<void> => {
    const planes = bands.map((pixel) =>
      Float32Array.from({ length: width * height }, (_, k) => pixel(k % width, Math.floor(k / width))),
    );
    const layout = { geobox, bands: planes.length, dtype: 'float32', nodata: Number.NaN } as const;
    await writeCog(join(folder, path), planes, layout);
  };
  for (const phase of [0, 1]) {
    await write(
      `${name}-s1-${phase}.tif`,
      [0, 1].map((band) => (x: number, y: number) => radar(phase, band, x, y)),
    );
  }
  await write(`${name}-dem.tif`, [elevation]);
  const images = order.map((phase) => {
    const href = `${name}-s1-${files[PHASES.indexOf(phase)]}.tif`;
    return [phase, { VV: { href, band: 1 }, VH: { href, band: 2 } }];
  });
  const path = join(folder, `${name}.json`);
  const document = {
    schemaVersion: 1,
    id: name,
    grid: { like: `${name}-dem.tif` },
    phases: order,
    inputs: {
      S1RTC: { units, phases: Object.fromEntries(images) },
      DEM: { units: 'm', static: { DEM: { href: `${name}-dem.tif` } } },
    },
  };
  await writeFile(path, JSON.stringify(document));
  return path;
}

/** Infers a scene: the probability of water, and the counters of the run. */
async function mapOf(scene: string, options: { reusePhases?: boolean } = {}) {
  const output = `${scene}.map`;
  const { run } = await infer({
    scene,
    model,
    output,
    backend: 'cpu',
    threads: 0,
    provider: 'cpu',
    ...options,
  });
  const raster = await openRaster(join(output, 'probability.tif'));
  const [, water] = await raster.readPlanes();
  await raster.close();
  return { water: Float32Array.from(water), counters: run.counters };
}

const reference = await mapOf(await writeScene());

describe('defects of the published notebook', () => {
  it('values that were not normalised: the map is equal to chips normalised by hand', () => {
    const expected = difference.map((logit) => 1 / (1 + Math.exp(-logit)));
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.5);
    expect(reference.water).toBeCloseToArray(expected, 1e-3);
  });

  it.each([
    ['without means', { mean: undefined }, /inputs\.0\.mean: is missing/],
    ['with too few', { mean: [1] }, /gives input S1RTC 1 means and 2 standard deviations for 2 bands/],
    ['with a deviation of 0', { std: [1, 0] }, /inputs\.0\.std\.1: must be positive/],
    ['with a mean that JSON cannot hold', { mean: [1, null] }, /inputs\.0\.mean\.1/],
    ['without units', { units: undefined }, /inputs\.0\.units: is missing/],
  ])('a model %s is refused', async (name, change, message) => {
    const other = join(folder, `model ${name}`);
    await cp(model, other, { recursive: true });
    const document = JSON.parse(await readFile(join(other, 'model.json'), 'utf8'));
    Object.assign(document.inputs[0], change);
    await writeFile(join(other, 'model.json'), JSON.stringify(document));
    await expect(openModel(other)).rejects.toThrow(message);
  });

  it('power in place of decibels: declared power is converted, undeclared power is refused', async () => {
    const { water } = await mapOf(await writeScene({ radar: decibel, units: 'dB' }));
    expect(water).toBeCloseToArray(reference.water, 1e-3);
    const bordered: Pixel = (phase, band, x, y) => (x < 4 ? 0 : power(phase, band, x, y));
    for (const radar of [power, bordered]) {
      const scene = await writeScene({ radar, units: 'dB' });
      await expect(mapOf(scene)).rejects.toThrow(
        /S1RTC VV declares its units as dB, but .* as it is with power/,
      );
    }
    const negative = await writeScene({ radar: decibel });
    await expect(mapOf(negative)).rejects.toThrow(/declares its units as linear_power, but holds negative/);
    const silent = await writeScene();
    const document = JSON.parse(await readFile(silent, 'utf8'));
    delete document.inputs.S1RTC.units;
    await writeFile(silent, JSON.stringify(document));
    await expect(mapOf(silent)).rejects.toThrow(/inputs\.S1RTC\.units: is missing/);
  });

  it.each([Number.NaN, Infinity, -Infinity])(
    'a pixel of %s in a chip: all other pixels keep their class',
    async (odd) => {
      const radar: Pixel = (phase, band, x, y) =>
        phase === 1 && x === 9 && y === 20 ? odd : decibel(phase, band, x, y);
      const { water } = await mapOf(await writeScene({ radar, units: 'dB' }));
      const missing = [...water.keys()].filter((k) => !Number.isFinite(water[k]));
      // On its own grid a pixel's neighbours have the weight 0, also if they are infinite.
      expect(missing).toEqual([20 * SIZE + 9]);
    },
  );

  it('the first phase taken for the event: phases are matched by name, in any order', async () => {
    const { water } = await mapOf(await writeScene({ order: ['after', 'before'] }));
    expect(water).toEqual(reference.water);
    const { water: swapped } = await mapOf(await writeScene({ files: [1, 0] }));
    const differences = swapped.map((value, k) => Math.abs(value - reference.water[k]));
    expect(Math.max(...differences)).toBeGreaterThan(1e-3);
  });

  it('one image for two phases: it is encoded once, and the run reports it', async () => {
    const once = await mapOf(await writeScene({ files: [1, 1] }));
    const each = await mapOf(await writeScene({ files: [1, 1] }), { reusePhases: false });
    expect(once.counters).toMatchObject({ chipsRun: 1, phasesEncoded: 1, phasesReused: 1 });
    expect(each.counters).toMatchObject({ chipsRun: 1, phasesEncoded: 2, phasesReused: 0 });
    expect(reference.counters).toMatchObject({ chipsRun: 1, phasesEncoded: 2, phasesReused: 0 });
    expect(new Uint32Array(once.water.buffer)).toEqual(new Uint32Array(each.water.buffer));
  });

  it("phases that differ only in gaps are one phase when the model's inputs are equal", async () => {
    // Gaps become 0 dB before normalisation: in both phases of the model's input.
    const radar: Pixel = (phase, band, x, y) => {
      if (x === 9 && y === 20) return phase === 0 ? 1 : Number.NaN;
      return power(0, band, x, y);
    };
    const { water, counters } = await mapOf(await writeScene({ radar }));
    expect(counters).toMatchObject({ phasesEncoded: 1, phasesReused: 1 });
    expect(Number.isNaN(water[20 * SIZE + 9])).toBe(true);
    const other: Pixel = (phase, band, x, y) =>
      x === 9 && y === 20 && phase === 0 ? 0.5 : radar(phase, band, x, y);
    expect((await mapOf(await writeScene({ radar: other }))).counters).toMatchObject({ phasesEncoded: 2 });
  });

  it('borders without a map: every pixel of a scene of any size has a class', async () => {
    const { water } = await mapOf(await writeScene({ width: 61, height: 45 }));
    expect(water).toHaveLength(61 * 45);
    expect(water.every(Number.isFinite)).toBe(true);
  });

  it('weights that do not fit: what is missing or left over is an error', async () => {
    const output = join(folder, 'mismatch');
    const { 'model.neck.2.fpn2.0.bias': lost, ...rest } = smallFloodTensors();
    const incomplete = await writeSafetensors(join(folder, 'incomplete.safetensors'), rest);
    await expect(importModel({ checkpoint: incomplete, output, chip: SIZE })).rejects.toThrow(
      /holds no model\.neck\.2\.fpn2\.0\.bias/,
    );
    const more = await writeSafetensors(join(folder, 'more.safetensors'), {
      ...smallFloodTensors(),
      'model.neck.2.fpn4.0.bias': lost,
    });
    await expect(importModel({ checkpoint: more, output, chip: SIZE })).rejects.toThrow(
      /does not use \(model\.neck\.2\.fpn4\.0\.bias\)/,
    );
  });
});
