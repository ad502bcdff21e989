import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/inference/index.js';
import { openNpy, writeNpy } from '../../src/raster/index.js';
import { importModel, readCard, runModel } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { smallFloodTensors, writeSafetensors } from '../support/terramind.js';

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

describe('model import', () => {
  it('writes a folder that says where it comes from', async () => {
    const { manifest } = await openModel(model);
    expect(report.files).toEqual(['model.onnx', 'model.json']);
    expect(manifest).toMatchObject({
      name: 'small',
      phases: ['before', 'after'],
      chip: { size: 32, stride: 26 },
      inputs: [
        { name: 'S1RTC', bands: ['VV', 'VH'], units: 'dB', kind: 'temporal', mean: [-9.98, -15.968] },
        { name: 'DEM', units: 'm', kind: 'static', mean: [141.786], std: [189.363] },
      ],
    });
    expect(manifest.provenance).toMatchObject({
      source: { sha256: createHash('sha256').update(readFileSync(checkpoint)).digest('hex') },
      statistics: { name: 'impactmesh-flood' },
      parameters: report.parameters,
    });
    expect(existsSync(join(model, 'model.onnx.data'))).toBe(false);
    expect(await readCard(model)).toEqual(manifest);
  });

  it('takes statistics of a model of two dates from pre-training, and others from a file', async () => {
    const other = await importModel({ checkpoint, output: join(folder, 'v1'), chip: 32 });
    expect(other.statistics.name).toBe('terramind-v1');
    const file = join(folder, 'statistics.json');
    const own = { mean: [1, 2], std: [3, 4] };
    await writeFile(file, JSON.stringify({ S1RTC: own, DEM: { mean: [5], std: [6] } }));
    const custom = await importModel({ checkpoint, output: join(folder, 'own'), chip: 32, statistics: file });
    expect(custom.manifest.inputs[0]).toMatchObject(own);
    await writeFile(file, JSON.stringify({ S1RTC: own }));
    await expect(
      importModel({ checkpoint, output: join(folder, 'own'), chip: 32, statistics: file }),
    ).rejects.toThrow(/--statistics of custom have none for DEM/);
  });

  it('refuses tensors that it has no place for, unless told', async () => {
    const tensors = smallFloodTensors();
    tensors['model.aux_heads.0.weight'] = { shape: [2], values: new Float32Array(2) };
    const odd = await writeSafetensors(join(folder, 'odd.safetensors'), tensors);
    const output = join(folder, 'odd');
    await expect(importModel({ checkpoint: odd, output, chip: 32 })).rejects.toThrow(
      /has 1 tensors that the model has no place for \(model\.aux_heads\.0\.weight\)/,
    );
    expect(existsSync(output)).toBe(false);
    const told = await importModel({ checkpoint: odd, output, chip: 32, allowUnused: true });
    expect(told.leftovers.unused).toEqual(['model.aux_heads.0.weight']);
  });

  it('makes an encoder of a checkpoint without decoder', async () => {
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
    expect(made.manifest.output).toEqual({ name: 'embeddings', tokens: 16, channels: 64 });
    expect(made.leftovers.expected).toEqual({ 'the pre-training decoder': 1 });
    await expect(importModel({ checkpoint: encoder, output, split: true })).rejects.toThrow(/--split/);
    await expect(openModel(output)).rejects.toThrow(/output/);
  });
});

describe('model run', () => {
  const radar = Float32Array.from({ length: 2 * 4096 }, (_, k) => -12 + 6 * Math.sin(k * 0.7));

  it('normalises as the manifest says', async () => {
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
    await expect(runModel({ model, inputs: only, output })).rejects.toThrow(/--input is missing for S1RTC/);
    const more = new Map([...inputs, ['S2L2A', 'x.npy']]);
    await expect(runModel({ model, inputs: more, output })).rejects.toThrow(/--input names S2L2A/);
    const swapped = new Map([...inputs, ['S1RTC', inputs.get('DEM') ?? '']]);
    await expect(runModel({ model, inputs: swapped, output })).rejects.toThrow(
      /where S1RTC is \(chip, 2, 2, 32, 32\)/,
    );
  });
});
