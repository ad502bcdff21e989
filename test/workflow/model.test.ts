import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/inference/node/index.js';
import { openNpy, writeNpy } from '../../src/raster/node/index.js';
import { importModel, readModelSpec, runModel } from '../../src/workflow/index.js';
import { chooseStatistics, makeCard } from '../../src/workflow/model/card.js';
import { temporaryFolder } from '../support/files.js';
import { smallFloodTensors, type Tensors, writeSafetensors } from '../support/terramind.js';

const folder = await temporaryFolder();
const checkpoint = await writeSafetensors(join(folder, 'small.safetensors'), smallFloodTensors());
const model = join(folder, 'model');
const report = await importModel({
  checkpoint,
  output: model,
  chip: 32,
  phases: ['before', 'after'],
  statistics: 'impactmesh-flood',
});

async function arrays(name: string, radar: Float32Array): Promise<Map<string, string>> {
  const paths = new Map([
    ['S1RTC', join(folder, `${name}-s1.npy`)],
    ['DEM', join(folder, `${name}-dem.npy`)],
  ]);
  const chips = radar.length / (2 * 2 * 32 * 32);
  await writeNpy(paths.get('S1RTC') ?? '', { shape: [chips, 2, 2, 32, 32], dtype: 'float32' }, radar);
  const dem = new Float32Array(chips * 32 * 32).fill(141.786);
  await writeNpy(paths.get('DEM') ?? '', { shape: [chips, 1, 1, 32, 32], dtype: 'float32' }, dem);
  return paths;
}

async function read(path: string): Promise<{ values: number[]; shape: readonly number[] }> {
  const array = await openNpy(path);
  const { data, shape } = await array.read();
  await array.close();
  return { values: Array.from(data, Number), shape };
}

describe('default statistics', () => {
  const { architecture } = report;
  if (architecture?.family !== 'terramind') throw new Error('the report lacks the architecture');
  const four = { ...architecture, timestamps: 4 };
  const flood = '22627584c2db618c2f6ddb64b411a95762a893becb25104e3f66bfebecaa71e9';
  const chosen = async (architecture: typeof four, name: string, sha256 = '0'): Promise<string> =>
    (await chooseStatistics(architecture, { name, sha256 }, undefined)).name;

  it('are ImpactMesh’s for the published file, and for segmentations of four phases called flood', async () => {
    expect(await chosen(four, 'TerraMind_v1_small_ImpactMesh_flood.pt')).toBe('impactmesh-flood');
    // The statistics of other models of the same shapes are not known.
    expect(await chosen(four, 'last.ckpt')).toBe('terramind-v1');
    expect(await chosen({ ...four, classes: 3 }, 'flood.pt')).toBe('terramind-v1');
    expect(await chosen(architecture, 'renamed.pt', flood)).toBe('impactmesh-flood');
    expect(await chosen(architecture, 'last.ckpt')).toBe('terramind-v1');
    expect(await chosen({ ...four, decoder: null }, 'last.ckpt')).toBe('terramind-v1');
  });

  it('come with the phases of ImpactMesh, which other models of four dates do not get', async () => {
    const phasesOf = async (name: string): Promise<readonly string[]> => {
      const file = { name, sha256: '0' };
      const statistics = await chooseStatistics(four, file, undefined);
      return makeCard(four, statistics, { name: 'four', file, chip: 32 }).phases;
    };
    const flood = await phasesOf('TerraMind_v1_small_ImpactMesh_flood.pt');
    expect(flood).toEqual(['pre_month', 'pre_event', 'event', 'post_event']);
    expect(await phasesOf('crops.ckpt')).toEqual(['phase_1', 'phase_2', 'phase_3', 'phase_4']);
  });

  it('are absent for a fire model with the same shapes', async () => {
    const name = 'TerraMind_v1_base_ImpactMesh_Fire.pt';
    await expect(chosen(four, name)).rejects.toThrow(
      `statistics is missing: ${name} looks like a model of fires, whose statistics terrachip does not have; give`,
    );
    const given = await chooseStatistics(four, { name, sha256: '0' }, 'impactmesh-flood');
    expect(given).toMatchObject({ name: 'impactmesh-flood', why: 'asked for' });
  });
});

describe('model import', () => {
  it('writes a folder with its provenance', async () => {
    const { spec } = await openModel(model);
    expect(report.files).toEqual(['model.onnx', 'model.json']);
    expect(spec).toMatchObject({
      name: 'small',
      phases: ['before', 'after'],
      chip: { size: 32, stride: 26 },
      inputs: [
        { name: 'S1RTC', bands: ['VV', 'VH'], units: 'dB', kind: 'temporal', mean: [-9.98, -15.968] },
        { name: 'DEM', units: 'm', kind: 'static', mean: [141.786], std: [189.363] },
      ],
    });
    expect(spec.provenance).toMatchObject({
      source: { sha256: createHash('sha256').update(readFileSync(checkpoint)).digest('hex') },
      statistics: { name: 'impactmesh-flood' },
      parameters: report.parameters,
    });
    // The score of the published model is not copied.
    expect(JSON.stringify(spec)).not.toMatch(/0\.383|IoU/);
    expect(existsSync(join(model, 'model.onnx.data'))).toBe(false);
    expect(await readModelSpec(model)).toEqual(spec);
  });

  it('takes statistics of a two-date model from pre-training, and others from a file', async () => {
    const other = await importModel({ checkpoint, output: join(folder, 'v1'), chip: 32 });
    expect(other.statistics?.name).toBe('terramind-v1');
    const file = join(folder, 'statistics.json');
    const own = { mean: [1, 2], std: [3, 4] };
    await writeFile(file, JSON.stringify({ S1RTC: own, DEM: { mean: [5], std: [6] } }));
    const custom = await importModel({ checkpoint, output: join(folder, 'own'), chip: 32, statistics: file });
    expect(custom.spec.inputs[0]).toMatchObject(own);
    await writeFile(file, JSON.stringify({ S1RTC: own }));
    await expect(
      importModel({ checkpoint, output: join(folder, 'own'), chip: 32, statistics: file }),
    ).rejects.toThrow(/statistics has nothing for DEM: .*statistics\.json is for S1RTC;/);
  });

  it.each([
    [
      { mean: [1], std: [3, 4] },
      /gives 1 means and 2 standard deviations for the 2 bands of S1RTC; .* VV, VH\./,
    ],
    [{ mean: [1, 2], std: [3] }, /gives 2 means and 1 standard deviations for the 2 bands of S1RTC/],
    [{ mean: [1, 2], std: [3, 0] }, /S1RTC\.std\.1: must be positive/],
    [{ mean: [1, 2], std: [3, -4] }, /S1RTC\.std\.1: must be positive/],
    ['{"mean":[1,1e999],"std":[3,4]}', /S1RTC\.mean\.1: must be a finite number/],
    ['{"mean":[1,2],"std":[3,1e999]}', /S1RTC\.std\.1: must be a finite number/],
    ['{"mean":[1,2]}', /S1RTC\.std: is missing/],
  ])('refuses the statistics %j', async (own, message) => {
    const file = join(folder, 'odd-statistics.json');
    const text = typeof own === 'string' ? own : JSON.stringify(own);
    await writeFile(file, `{"S1RTC":${text},"DEM":{"mean":[5],"std":[6]}}`);
    const output = join(folder, 'odd-statistics');
    await expect(importModel({ checkpoint, output, chip: 32, statistics: file })).rejects.toThrow(message);
    expect(existsSync(output)).toBe(false);
  });

  it.each([
    [{ chip: 4112 }, /chip cannot be 4112; give at most 4096/],
    [{ stride: 40 }, /stride cannot be 40 for chips of 32 pixels, which would leave gaps/],
    [{ name: 'my model' }, /name cannot be "my model"; use 1 to 64 letters/],
    [{ phases: ['a', 'a'] }, /phases names a twice/],
    [{ phases: ['a', 'b', 'c'] }, /phases names 3, but the model has 2/],
    [{ classes: ['dry land', 'water'] }, /classes cannot be "dry land"/],
    [{ classes: ['water', 'water'] }, /classes names water twice/],
  ])('refuses %j, and writes nothing', async (options, message) => {
    const output = join(folder, 'odd-options');
    await expect(importModel({ checkpoint, output, chip: 32, ...options })).rejects.toThrow(message);
    expect(existsSync(output)).toBe(false);
  });

  it('names a model by its file', async () => {
    const odd = join(folder, 'my flood – model (1).safetensors');
    await copyFile(checkpoint, odd);
    const output = join(folder, 'named');
    await importModel({ checkpoint: odd, output, chip: 32 });
    expect((await openModel(output)).spec.name).toBe('my-flood-model-1-');
  });

  it('replaces a model atomically', async () => {
    const output = join(folder, 'replaced');
    await importModel({ checkpoint, output, chip: 32, split: true });
    expect(readdirSync(output).sort()).toEqual(['decoder.onnx', 'encoder.onnx', 'model.json', 'model.onnx']);
    await importModel({ checkpoint, output, chip: 48, name: 'second' });
    expect(readdirSync(output).sort()).toEqual(['model.json', 'model.onnx']);
    const { sha256, spec } = await openModel(output);
    expect(spec.name).toBe('second');
    const tensors = smallFloodTensors();
    // One of the last tensors written.
    tensors['model.head.head.2.bias'].values[0] = Number.NaN;
    const broken = await writeSafetensors(join(folder, 'broken.safetensors'), tensors);
    await expect(importModel({ checkpoint: broken, output, chip: 32 })).rejects.toThrow(
      /holds the value NaN/,
    );
    expect(readdirSync(output).sort()).toEqual(['model.json', 'model.onnx']);
    expect((await openModel(output)).sha256).toBe(sha256);
  });

  it('does not make an encoder of a model with an unknown decoder', async () => {
    const tensors: Tensors = { 'model.head.head.2.weight': { shape: [2], values: new Float32Array(2) } };
    for (const [name, tensor] of Object.entries(smallFloodTensors())) {
      if (name.startsWith('model.encoder.')) tensors[name] = tensor;
    }
    tensors['model.decoder.convs.0.weight'] = { shape: [2], values: new Float32Array(2) };
    const other = await writeSafetensors(join(folder, 'fcn.safetensors'), tensors);
    const options = { checkpoint: other, output: join(folder, 'fcn'), chip: 32, timestamps: 2 };
    await expect(importModel(options)).rejects.toThrow(
      /has a decoder other than UNet, UperNet, FCN and Linear/,
    );
    const imported = await importModel({ ...options, allowUnused: true });
    expect(imported.spec.output).toMatchObject({ name: 'embeddings' });
  });

  it('refuses unused tensors, unless allowed', async () => {
    const tensors = smallFloodTensors();
    tensors['model.aux_heads.0.weight'] = { shape: [2], values: new Float32Array(2) };
    const odd = await writeSafetensors(join(folder, 'odd.safetensors'), tensors);
    const output = join(folder, 'odd');
    await expect(importModel({ checkpoint: odd, output, chip: 32 })).rejects.toThrow(
      /has 1 tensor that the model does not use \(model\.aux_heads\.0\.weight\)/,
    );
    expect(existsSync(output)).toBe(false);
    const imported = await importModel({ checkpoint: odd, output, chip: 32, allowUnused: true });
    expect(imported.leftovers.unused).toEqual(['model.aux_heads.0.weight']);
  });

  it('makes an encoder from a checkpoint without a decoder', async () => {
    const prefix = 'model.encoder.encoder.';
    const bare = Object.fromEntries(
      Object.entries(smallFloodTensors()).flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
      ),
    );
    const encoder = await writeSafetensors(join(folder, 'encoder.safetensors'), {
      ...bare,
      mask_token: { shape: [1], values: new Float32Array(1) },
    });
    const output = join(folder, 'encoder');
    const made = await importModel({ checkpoint: encoder, output, chip: 64 });
    expect(made.spec.output).toEqual({ name: 'embeddings', tokens: 16, channels: 64 });
    expect(made.leftovers.expected).toEqual({ 'the pre-training decoder': 1 });
    await expect(importModel({ checkpoint: encoder, output, split: true })).rejects.toThrow(/split/);
    await expect(openModel(output)).rejects.toThrow(/is an encoder, which returns embeddings, not classes/);
    await expect(
      importModel({ checkpoint: encoder, output, chip: 64, classes: ['land', 'water'] }),
    ).rejects.toThrow(/classes is for segmentation models/);
  });
});

/** The checkpoint with class biases that give a chip equal numbers of pixels of both classes. */
async function balanced(): Promise<string> {
  const radar = Float32Array.from({ length: 4096 }, (_, k) => -12 + 6 * Math.sin(k * 0.7));
  const output = join(folder, 'balance.npy');
  await runModel({ model, inputs: await arrays('balance', radar), output });
  const { values } = await read(output);
  const differences = values.slice(0, 1024).map((value, k) => values[1024 + k] - value);
  const tensors = smallFloodTensors();
  tensors['model.head.head.2.bias'].values[0] += differences.sort((a, b) => a - b)[512];
  return writeSafetensors(join(folder, 'balanced.safetensors'), tensors);
}

describe('an RGB model', () => {
  it('accepts red, green and blue from 0 to 255', async () => {
    const prefix = 'model.encoder.encoder.';
    const renamed = Object.entries(smallFloodTensors()).flatMap(([name, tensor]) => {
      if (!name.startsWith(prefix) || name.includes('untok_dem')) return [];
      const key = name.slice(prefix.length).replace('untok_sen1rtc', 'untok_sen2rgb');
      const values = new Float32Array(64 * 3 * 256).fill(0.01);
      return [
        [key, key.endsWith('proj.weight') && key.includes('rgb') ? { shape: [64, 768], values } : tensor],
      ];
    });
    const path = await writeSafetensors(join(folder, 'rgb.safetensors'), Object.fromEntries(renamed));
    const { spec } = await importModel({ checkpoint: path, output: join(folder, 'rgb'), chip: 32 });
    expect(spec.inputs).toMatchObject([
      {
        name: 'RGB',
        bands: ['R', 'G', 'B'],
        units: 'display_8bit',
        mean: [87.271, 80.931, 66.667],
        std: [58.767, 47.663, 42.631],
      },
    ]);
  });
});

describe('model import in float16', async () => {
  const own = await balanced();
  const options = { checkpoint, chip: 32, statistics: 'impactmesh-flood', precision: 'fp16' } as const;

  it('reports the share of equal pixels, and stores it with the model', async () => {
    const output = join(folder, 'half');
    const half = await importModel({ ...options, checkpoint: own, output, sampleChips: 6, split: true });
    const found = half.halfPrecision;
    expect(found).toMatchObject({
      sample: 'made-up chips',
      chips: 6,
      provider: 'cpu',
      arithmetic: 'float32, each result rounded to float16',
    });
    const agreement = found?.agreement;
    if (agreement === undefined || !('samePixels' in agreement)) throw new Error('no agreement of maps');
    expect(agreement.samePixels).toBeGreaterThan(0.99);
    expect(agreement.largestProbabilityDifference).toBeGreaterThan(1e-6);
    expect(agreement.largestProbabilityDifference).toBeLessThan(0.01);
    expect(agreement.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(Math.min(...agreement.shares)).toBeGreaterThan(0);
    expect((await readModelSpec(output)).provenance).toMatchObject({
      precision: 'fp16',
      halfPrecision: found,
    });
    expect(statSync(join(output, 'model.onnx')).size).toBeLessThan(
      0.65 * statSync(join(model, 'model.onnx')).size,
    );
    expect(readdirSync(output).sort()).toEqual(['decoder.onnx', 'encoder.onnx', 'model.json', 'model.onnx']);
    // Bit for bit the same again.
    const again = await importModel({ ...options, checkpoint: own, output, sampleChips: 6 });
    expect(again.halfPrecision).toEqual(found);
  });

  it("gives nearly float32's logits", async () => {
    const radar = Float32Array.from({ length: 4096 }, (_, k) => -12 + 6 * Math.sin(k * 0.7));
    const inputs = await arrays('half', radar);
    await importModel({ ...options, output: join(folder, 'half-small'), sampleChips: 1 });
    await runModel({ model, inputs, output: join(folder, 'full.npy') });
    await runModel({ model: join(folder, 'half-small'), inputs, output: join(folder, 'half.npy') });
    const [full, half] = [await read(join(folder, 'full.npy')), await read(join(folder, 'half.npy'))];
    const differences = full.values.map((value, k) => Math.abs(value - half.values[k]));
    expect(Math.max(...differences)).toBeLessThan(0.01);
    expect(Math.max(...differences)).toBeGreaterThan(0);
  });

  it('refuses weights beyond float16, and an unneeded sample', async () => {
    const tensors = smallFloodTensors();
    const [name] = Object.keys(tensors).filter((key) => key.endsWith('fc1.weight'));
    tensors[name].values[3] = 1e5;
    const large = await writeSafetensors(join(folder, 'large.safetensors'), tensors);
    await expect(
      importModel({ ...options, checkpoint: large, output: join(folder, 'large') }),
    ).rejects.toThrow(/large\.safetensors has 100000 in fc1\.weight, beyond 65504/);
    await expect(
      importModel({ checkpoint, chip: 32, output: join(folder, 'x'), sampleChips: 2 }),
    ).rejects.toThrow(/sampleChips is for models in float16/);
  });

  it('refuses a model whose results overflow', async () => {
    const tensors = smallFloodTensors();
    for (const [name, { values }] of Object.entries(tensors)) {
      if (/fpn1\.[03]\.weight$/.test(name)) for (let k = 0; k < values.length; k++) values[k] *= 3000;
    }
    const large = await writeSafetensors(join(folder, 'overflow.safetensors'), tensors);
    await expect(
      importModel({ ...options, checkpoint: large, output: join(folder, 'overflow') }),
    ).rejects.toThrow(/overflow\.safetensors overflows in float16/);
  });

  it('compares embeddings of an encoder by their angles', async () => {
    const output = join(folder, 'half-encoder');
    const made = await importModel({
      checkpoint: join(folder, 'encoder.safetensors'),
      output,
      chip: 64,
      precision: 'fp16',
      sampleChips: 2,
    });
    const agreement = made.halfPrecision?.agreement;
    if (agreement === undefined || !('leastCosine' in agreement))
      throw new Error('no agreement of embeddings');
    expect(agreement.leastCosine).toBeGreaterThan(0.999);
    expect(agreement.largestDifference).toBeGreaterThan(0);
    expect(agreement.largestDifference).toBeLessThan(0.01);
  });
});

describe('model run', () => {
  const radar = Float32Array.from({ length: 2 * 4096 }, (_, k) => -12 + 6 * Math.sin(k * 0.7));

  it('normalises by the spec', async () => {
    const means = [-9.98, -15.968];
    const stds = [4.24, 4.105];
    const band = (k: number): number => Math.floor(k / 2048) % 2;
    const normalised = radar.map((value, k) => (value - means[band(k)]) / stds[band(k)]);
    const stored = { model, inputs: await arrays('stored', radar), output: join(folder, 'a.npy') };
    expect(await runModel({ ...stored, provider: 'cpu' })).toMatchObject({
      shape: [2, 2, 32, 32],
      provider: 'cpu',
      notFinite: 0,
    });
    const inputs = await arrays('normalised', normalised);
    await writeNpy(
      inputs.get('DEM') ?? '',
      { shape: [2, 1, 32, 32], dtype: 'float32' },
      new Float32Array(2048),
    );
    await runModel({
      model,
      inputs,
      output: join(folder, 'b.npy'),
      normalized: true,
      provider: 'cpu',
      batch: 2,
    });
    const [a, b] = [await read(join(folder, 'a.npy')), await read(join(folder, 'b.npy'))];
    expect(Math.max(...a.values.map(Math.abs))).toBeGreaterThan(0.05);
    a.values.forEach((value, k) => {
      expect(value).toBeCloseTo(b.values[k], 4);
    });
  });

  it('never gives NaN to a model', async () => {
    const holes = radar.map((value, k) => (k % 100 === 0 ? Number.NaN : value));
    const inputs = await arrays('holes', holes);
    const output = join(folder, 'c.npy');
    expect((await runModel({ model, inputs, output })).notFinite).toBe(0);
    await expect(runModel({ model, inputs, output, normalized: true })).rejects.toThrow(/not finite/);
  });

  it('refuses inputs that do not fit', async () => {
    const inputs = await arrays('good', radar);
    const output = join(folder, 'd.npy');
    const only = new Map([['DEM', inputs.get('DEM') ?? '']]);
    await expect(runModel({ model, inputs: only, output })).rejects.toThrow(/inputs lack S1RTC/);
    const more = new Map([...inputs, ['S2L2A', 'x.npy']]);
    await expect(runModel({ model, inputs: more, output })).rejects.toThrow(/inputs name S2L2A/);
    const swapped = new Map([...inputs, ['S1RTC', inputs.get('DEM') ?? '']]);
    const none = await arrays('none', new Float32Array(0));
    await expect(runModel({ model, inputs: none, output })).rejects.toThrow(/none-s1\.npy holds no chips/);
    await expect(runModel({ model, inputs: swapped, output })).rejects.toThrow(
      /but S1RTC must be \(chip, 2, 2, 32, 32\)/,
    );
  });

  it('refuses a graph that differs from its spec', async () => {
    const other = join(folder, 'other-graph');
    await importModel({ checkpoint, output: other, chip: 48 });
    const document = JSON.parse(await readFile(join(other, 'model.json'), 'utf8'));
    document.chip = { size: 32, stride: 32 };
    await writeFile(join(other, 'model.json'), JSON.stringify(document));
    const inputs = await arrays('good', radar);
    const output = join(folder, 'e.npy');
    await expect(runModel({ model: other, inputs, output })).rejects.toThrow(
      /other-graph\/model\.onnx takes S1RTC as \(chip, 2, 2, 48, 48\), but model\.json describes \(chip, 2, 2, 32, 32\)/,
    );
    document.output.name = 'scores';
    await writeFile(join(other, 'model.json'), JSON.stringify(document));
    await expect(runModel({ model: other, inputs, output })).rejects.toThrow(
      /has no output scores, but logits/,
    );
    expect(existsSync(output)).toBe(false);
  });
});
