/** Models of Prithvi-EO's checkpoints: their cards, and refusals instead of assumptions. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpointFile } from '../../src/inference/node/checkpoint-file.js';
import { openModel } from '../../src/inference/node/index.js';
import { openNpy, openRaster, writeCog, writeNpy } from '../../src/raster/node/index.js';
import { type ImportOptions, importModel, infer, runModel } from '../../src/workflow/index.js';
import { readPrithvi } from '../../src/workflow/model/prithvi-model.js';
import { temporaryFolder } from '../support/files.js';
import { decoderShapes, prithviShapes, shapesOnly } from '../support/prithvi.js';
import { gridAt } from '../support/raster-rows.js';
import { type Tensors, writeSafetensors } from '../support/terramind.js';

const FIXTURES = 'test/fixtures/prithvi';
const folder = await temporaryFolder();
const statistics = join(folder, 'statistics.json');
const own = { mean: [101, 102, 103, 104, 105, 106], std: [10, 20, 30, 40, 50, 60] };
await writeFile(statistics, JSON.stringify({ S2L2A: own, HLS: own }));
const S2 = ['B02', 'B03', 'B04', 'B8A', 'B11', 'B12'];
const small: ImportOptions = {
  checkpoint: `${FIXTURES}/small.pt`,
  output: join(folder, 'small'),
  heads: 1,
  bands: { S2L2A: S2 },
  statistics,
};
const report = await importModel({ ...small, phases: ['before', 'after'], classes: ['a', 'b', 'c'] });

/** Normalisation by the card gives sin(0.37 k), the input of `scripts/truth/prithvi.py`: (band, date, y, x). */
const CHIP = Float32Array.from({ length: 12 * 32 * 32 }, (_, k) => {
  const band = Math.floor(k / 2048);
  return own.mean[band] + own.std[band] * Math.sin(0.37 * k);
});

async function readNumbers(path: string): Promise<number[]> {
  const array = await openNpy(path);
  const { data } = await array.read();
  await array.close();
  return Array.from(data, Number);
}

/** The encoder of the fixture in the form of the pre-training: positions of four dates of 224 pixels, and a decoder. */
async function encoderFile(
  name: string,
  change: (tensors: Tensors) => void = () => undefined,
): Promise<string> {
  await using checkpoint = await openCheckpointFile(`${FIXTURES}/small.pt`);
  const tensors: Tensors = { 'decoder.mask_token': { shape: [1], values: new Float32Array(1) } };
  for (const [key, { shape }] of checkpoint.tensors) {
    const [, part] = /^model\.(encoder\..*)$/.exec(key) ?? [];
    if (part !== undefined) tensors[part] = { shape, values: await checkpoint.readFloat32(key) };
  }
  const count = 1 + 4 * 56 ** 2;
  tensors['encoder.pos_embed'] = { shape: [1, count, 16], values: new Float32Array(count * 16) };
  change(tensors);
  return writeSafetensors(join(folder, name), tensors);
}

describe('the import of a Prithvi-EO checkpoint', () => {
  it('writes a folder that gives the logits of PyTorch', async () => {
    const { spec } = await openModel(small.output);
    expect(spec).toMatchObject({
      name: 'small',
      phases: ['before', 'after'],
      chip: { size: 32, stride: 26 },
      inputs: [
        { name: 'S2L2A', tensor: 'image', bands: S2, units: 'dn_harmonised', ...own, nodataReplacement: 0 },
      ],
      output: { name: 'logits', classes: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
      provenance: { architecture: { family: 'prithvi', patch: 4, timestamps: 2, decoder: 'fcn' } },
    });
    expect(spec.pixelSize).toBeUndefined();
    expect(report.assumed).toEqual([
      'coordinates in time and space are not given to the model, which was trained to work without them',
    ]);
    const shape = [1, 6, 2, 32, 32];
    const image = join(folder, 'image.npy');
    await writeNpy(image, { shape, dtype: 'float32' }, CHIP);
    const output = join(folder, 'logits.npy');
    await runModel({ model: small.output, inputs: new Map([['S2L2A', image]]), output });
    const expected = await readNumbers(`${FIXTURES}/logits_32.npy`);
    const worst = Math.max(...(await readNumbers(output)).map((value, k) => Math.abs(value - expected[k])));
    expect(worst).toBeLessThan(1e-4);
  });

  it('maps a scene of two dates as PyTorch classifies the chip', async () => {
    const geobox = gridAt(500_000, 5_000_000, 32, 32, 30, 32632);
    const plane = 32 * 32;
    const phases: Record<string, Record<string, object>> = {};
    for (const [date, phase] of ['before', 'after'].entries()) {
      const planes = S2.map((_, band) =>
        CHIP.slice((2 * band + date) * plane, (2 * band + date + 1) * plane),
      );
      await writeCog(join(folder, `${phase}.tif`), planes, { geobox, bands: 6, dtype: 'float32' });
      phases[phase] = Object.fromEntries(
        S2.map((name, band) => [name, { href: `${phase}.tif`, band: band + 1 }]),
      );
    }
    const scene = join(folder, 'scene.json');
    const inputs = { S2L2A: { units: 'dn_harmonised', phases } };
    await writeFile(
      scene,
      JSON.stringify({
        schemaVersion: 1,
        grid: { like: 'before.tif' },
        phases: ['before', 'after'],
        inputs,
      }),
    );
    const output = join(folder, 'map');
    await infer({ scene, model: small.output, output, backend: 'cpu', threads: 0, provider: 'cpu' });
    const logits = await readNumbers(`${FIXTURES}/logits_32.npy`);
    const of = (k: number) => [logits[k], logits[plane + k], logits[2 * plane + k]];
    const raster = await openRaster(join(output, 'probability.tif'));
    const probability = await raster.readPlanes();
    await raster.close();
    const worst = Math.max(
      ...probability.flatMap((values, band) =>
        Array.from(values, (value, k) => {
          const powers = of(k).map(Math.exp);
          return Math.abs(value - powers[band] / (powers[0] + powers[1] + powers[2]));
        }),
      ),
    );
    expect(probability).toHaveLength(3);
    expect(worst).toBeLessThan(1e-4);
  });

  it('makes an encoder with the statistics of the pre-training, of one date by default', async () => {
    const checkpoint = await encoderFile('encoder.safetensors');
    const made = await importModel({ checkpoint, output: join(folder, 'encoder'), heads: 1, chip: 16 });
    expect(made.spec).toMatchObject({
      inputs: [
        {
          name: 'HLS',
          bands: ['BLUE', 'GREEN', 'RED', 'NIR_NARROW', 'SWIR_1', 'SWIR_2'],
          // ibm-nasa-geospatial/Prithvi-EO-2.0-300M, config.json
          mean: [1087, 1342, 1433, 2734, 1958, 1363],
          std: [2248, 2179, 2178, 1850, 1242, 1049],
          nodataReplacement: [1087, 1342, 1433, 2734, 1958, 1363],
        },
      ],
      phases: ['scene'],
      pixelSize: 30,
      output: { name: 'embeddings', tokens: 16, channels: 16 },
    });
    expect(made.leftovers.expected).toEqual({
      'coordinates in time and space': 2,
      'the pre-training decoder': 1,
    });
    const options = { checkpoint, output: join(folder, 'two'), heads: 1, chip: 16, timestamps: 2 };
    const two = await importModel({
      ...options,
      bands: ['RED', 'BLUE', 'GREEN', 'SWIR_2', 'SWIR_1', 'NIR_NARROW'],
    });
    expect(two.spec).toMatchObject({
      inputs: [{ mean: [1433, 1087, 1342, 1363, 1958, 2734] }],
      phases: ['phase_1', 'phase_2'],
      output: { tokens: 16, channels: 32 },
    });
  });

  it.each<[Partial<ImportOptions>, RegExp]>([
    [
      { statistics: undefined },
      /statistics is missing: .*fine-tuned on; give one of prithvi-v2, .* JSON file/,
    ],
    [{ bands: S2.slice(1) }, /bands names 5, but the model has 6/],
    [{ bands: { a: S2, b: S2 } }, /bands names several inputs/],
    [{ bands: { DEM: S2 } }, /statistics\.json has nothing for DEM/],
    [{ phases: ['one'] }, /phases names 1, but the model has 2/],
    [{ classes: ['land', 'water'] }, /classes names 2, but the model has 3/],
    [{ chip: 34 }, /chip cannot be 34 × 34; give multiples of 4 pixels/],
    [{ split: true }, /split is not for checkpoints of Prithvi-EO/],
    [{ modalities: ['S2L2A'] }, /modalities is not for checkpoints of Prithvi-EO/],
    [{ units: 'reflectance' }, /units is not for checkpoints of Prithvi-EO/],
  ])('refuses %j', async (options, message) => {
    const output = join(folder, 'odd');
    await expect(importModel({ ...small, output, ...options })).rejects.toThrow(message);
    expect(existsSync(output)).toBe(false);
  });

  it('requires options for other bands, and for encoders of both versions', async () => {
    const output = join(folder, 'open');
    const five = await encoderFile('five.safetensors', (tensors) => {
      const name = 'encoder.patch_embed.proj.weight';
      tensors[name] = { shape: [16, 5, 1, 4, 4], values: new Float32Array(16 * 5 * 16).fill(0.1) };
    });
    const options = { checkpoint: five, output, heads: 1, chip: 16 };
    await expect(importModel(options)).rejects.toThrow(/bands is missing: the checkpoint takes 5 bands/);
    await expect(importModel({ ...options, bands: ['a', 'b', 'c', 'd', 'e'] })).rejects.toThrow(
      /statistics cannot be prithvi-v2 for the bands a, b, c, d, e; name them as BLUE, .* JSON file/,
    );
    const described = async (shapes: Record<string, readonly number[]>, sha256 = '0'): Promise<string> => {
      const model = readPrithvi(shapesOnly(shapes), { checkpoint: '', output: '' });
      return (await model.describe({ name: 'x.pt', sha256 }, 'x')).statistics.name;
    };
    const encoder = prithviShapes('encoder.', { width: 768, depth: 4, patch: 16, dates: 3 });
    await expect(described(encoder)).rejects.toThrow(/statistics is missing: versions 1 and 2 have encoders/);
    expect(await described({ ...encoder, 'encoder.temporal_embed_enc.scale': [1] })).toBe('prithvi-v2');
    const scars = {
      ...prithviShapes('model.encoder.', { width: 1024, depth: 4, patch: 16, dates: 1 }),
      ...decoderShapes('model.', 1024, 'unet'),
    };
    await expect(described(scars)).rejects.toThrow(/statistics is missing: the checkpoint does not hold/);
    // The published file of revision a3f2c410.
    const published = '0c5f9334be9a75c9006387ab8f3dc05a55ea7fb5ef7956717316be57c62954d3';
    expect(await described(scars, published)).toBe('prithvi-burnscars');
  });
});
