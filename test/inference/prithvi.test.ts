/** Prithvi-EO's graph compared with PyTorch (`scripts/truth/prithvi.py`), and descriptions from names and shapes. */
import * as onnxruntime from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpointFile } from '../../src/inference/node/checkpoint-file.js';
import {
  countPrithviParameters,
  detectPrithvi,
  findPrithviLeftovers,
  isPrithvi,
  type PrithviOptions,
  prithviGraph,
} from '../../src/inference/prithvi/index.js';
import { sinusoids } from '../../src/inference/prithvi/position.js';
import { openNpy } from '../../src/raster/node/index.js';
import { webgpuProblem } from '../support/backends.js';
import { MemoryCheckpoint } from '../support/memory-checkpoint.js';
import { encodeGraph } from '../support/models.js';
import { decoderShapes, prithviShapes, shapesOnly } from '../support/prithvi.js';
import { smallFlood } from '../support/terramind.js';

const FIXTURES = 'test/fixtures/prithvi';
const small = await openCheckpointFile(`${FIXTURES}/small.pt`);
const OPTIONS = { heads: 1 };

afterAll(() => small.dispose());

describe('the graph', () => {
  // A wrong convolution of six channels in onnxruntime's WebGPU provider is avoided.
  const webgpu = webgpuProblem === null ? [{ size: 32, provider: 'webgpu' }] : [];
  const cases = [{ size: 32, provider: 'cpu' }, { size: 24, provider: 'cpu' }, ...webgpu];

  it.each(cases)(
    'gives the logits of PyTorch for chips of $size pixels on $provider',
    async ({ size, provider }) => {
      const architecture = detectPrithvi(small, OPTIONS);
      const { graph } = prithviGraph(small, architecture, { height: size, width: size });
      const session = await onnxruntime.InferenceSession.create(await encodeGraph(graph), {
        executionProviders: [provider],
      });
      const values = Float32Array.from({ length: 12 * size * size }, (_, k) => Math.sin(0.37 * k));
      const image = new onnxruntime.Tensor('float32', values, [1, 6, 2, size, size]);
      const { logits } = await session.run({ image });
      await session.release();
      const array = await openNpy(`${FIXTURES}/logits_${size}.npy`);
      const expected = await array.read();
      await array.close();
      expect(logits.dims).toEqual(expected.shape);
      const worst = Math.max(
        ...expected.data.map((value, k) => Math.abs(Number(logits.data[k]) - Number(value))),
      );
      expect(worst).toBeLessThan(2e-5);
    },
  );

  it('has the positions of the training, computed if the checkpoint has others', async () => {
    const stored = await small.readFloat32('model.encoder.pos_embed');
    const computed = sinusoids([2, 8, 8], 16);
    // The first position in the file is that of the class token.
    expect(computed).toHaveLength(stored.length - 16);
    const worst = Math.max(...computed.map((value, k) => Math.abs(value - stored[16 + k])));
    expect(worst).toBeLessThan(1e-7);
  });
});

describe('a checkpoint', () => {
  it('of a fine-tuned model is described', () => {
    expect(isPrithvi(small)).toBe(true);
    expect(isPrithvi(smallFlood())).toBe(false);
    const architecture = detectPrithvi(small, OPTIONS);
    expect(architecture).toMatchObject({
      family: 'prithvi',
      encoder: { depth: 3, width: 16, heads: 1, patch: 4, channels: 6, coordinates: true },
      timestamps: 2,
      side: 8,
      storedPositions: true,
      taps: [2],
      decoder: 'fcn',
      neck: null,
      classes: 3,
    });
    const { used } = prithviGraph(small, architecture, { height: 32, width: 32 });
    expect(findPrithviLeftovers(small, architecture, used)).toEqual({
      expected: { 'coordinates in time and space': 2 },
      unused: [],
    });
  });

  // Reported of strict loads into terratorch 1.2.13: tensors, elements and parameters of Prithvi_EO_V2_300M_BurnScars.pt
  // (revision a3f2c410) and Prithvi-EO-V2-300M-TL-Sen1Floods11.pt (revision 91ce9d38). Positions and batch statistics are
  // no parameters.
  it.each([
    {
      decoder: 'unet',
      coordinates: false,
      tensors: 355,
      elements: 324_411_275,
      parameters: 324_204_674,
      counters: 9,
    },
    {
      decoder: 'upernet',
      coordinates: true,
      tensors: 381,
      elements: 319_177_489,
      parameters: 318_968_580,
      counters: 13,
    },
  ] as const)('of a published file has its $parameters parameters', (published) => {
    const { decoder, coordinates, tensors, elements, parameters, counters } = published;
    const scales = {
      'model.encoder.temporal_embed_enc.scale': [1],
      'model.encoder.location_embed_enc.scale': [1],
    };
    const checkpoint = shapesOnly({
      ...prithviShapes('model.encoder.', { width: 1024, depth: 24, patch: 16, dates: 1 }),
      ...(coordinates ? scales : {}),
      ...decoderShapes('model.', 1024, decoder),
    });
    expect(checkpoint.tensors.size).toBe(tensors);
    const counts = [...checkpoint.tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(elements);
    const architecture = detectPrithvi(checkpoint);
    expect(architecture).toMatchObject({
      encoder: { depth: 24, width: 1024, heads: 16, patch: 16, channels: 6, coordinates },
      timestamps: 1,
      side: 14,
      taps: [5, 11, 17, 23],
      decoder,
      neck: 'model.neck.2.',
      classes: 2,
    });
    const { used } = prithviGraph(checkpoint, architecture, { height: 512, width: 512 });
    // The scales of coordinates are parameters, but the graph has no coordinates.
    expect(countPrithviParameters(checkpoint, used)).toBe(parameters - (coordinates ? 2 : 0));
    expect(findPrithviLeftovers(checkpoint, architecture, used)).toEqual({
      expected: {
        'counters of batch normalisation': counters,
        ...(coordinates ? { 'coordinates in time and space': 2 } : {}),
      },
      unused: [],
    });
  });

  it('of the pre-training is an encoder of one date, unless options request more', () => {
    const published = shapesOnly({
      ...prithviShapes('encoder.', { width: 1280, depth: 32, patch: 14, dates: 4 }),
      'encoder.temporal_embed_enc.scale': [1],
      'encoder.location_embed_enc.scale': [1],
      'decoder.mask_token': [1, 1, 512],
      'decoder.decoder_pos_embed': [1, 1025, 512],
      'decoder.decoder_blocks.0.norm1.weight': [512],
      'decoder.temporal_embed_dec.scale': [1],
    });
    const one = detectPrithvi(published);
    // 16 heads of 80 channels, as in the configuration of the published model.
    expect(one).toMatchObject({
      encoder: { depth: 32, heads: 16, patch: 14, coordinates: true },
      timestamps: 1,
      side: 16,
      storedPositions: false,
      taps: [31],
      decoder: null,
    });
    const { used } = prithviGraph(published, one, { height: 224, width: 224 });
    expect(findPrithviLeftovers(published, one, used)).toEqual({
      expected: { 'coordinates in time and space': 2, 'the pre-training decoder': 4 },
      unused: [],
    });
    expect(detectPrithvi(published, { timestamps: 4 })).toMatchObject({
      timestamps: 4,
      storedPositions: true,
    });
  });

  it.each<[PrithviOptions, RegExp]>([
    [{}, /heads is missing for an encoder of width 16; give the number/],
    [{ heads: 3 }, /heads cannot be 3 for an encoder of width 16/],
    [
      { heads: 1, taps: [0, 1, 2, 2] },
      /taps cannot be 0, 1, 2, 2 for an encoder of 3 blocks; give one block/,
    ],
    [{ heads: 1, timestamps: 3 }, /timestamps cannot be 3: .*small\.pt was trained with 2; give 2/],
  ])('is refused with %j', (options, message) => {
    expect(() => detectPrithvi(small, options)).toThrow(message);
  });

  const shapes = prithviShapes('', { width: 32, depth: 2, patch: 16, dates: 1 });

  it.each<[string, Record<string, readonly number[]>, RegExp]>([
    [
      'patches of two dates',
      { 'patch_embed.proj.weight': [32, 6, 2, 16, 16] },
      /has patches of \(2, 16, 16\)/,
    ],
    ['an odd width', { 'patch_embed.proj.weight': [36, 6, 1, 16, 16] }, /a width of 36, not square patches/],
    [
      'positions of no grid',
      { pos_embed: [1, 198, 32] },
      /has pos_embed for 197 patches, which are no square/,
    ],
    ['two encoders', { 'other.patch_embed.proj.weight': [1] }, /holds several encoders \(, other\.\)/],
    [
      'a block that is not whole',
      { 'blocks.2.norm1.weight': [32] },
      /holds no blocks\.2\.attn\.qkv\.weight, .*which another block has/,
    ],
  ])('with %s is refused', (_, change, message) => {
    expect(() => detectPrithvi(shapesOnly({ ...shapes, ...change }), OPTIONS)).toThrow(message);
  });

  it('without a tensor, with another shape, or with prompts is refused by name', () => {
    const { 'blocks.1.mlp.fc2.weight': _, ...rest } = shapes;
    const build = (tensors: Record<string, readonly number[]>) => {
      const checkpoint = shapesOnly(tensors);
      const architecture = detectPrithvi(checkpoint, OPTIONS);
      const { used } = prithviGraph(checkpoint, architecture, { height: 32, width: 32 });
      return findPrithviLeftovers(checkpoint, architecture, used).unused;
    };
    expect(() => build(rest)).toThrow(/holds no blocks\.1\.mlp\.fc2\.weight, which another block has/);
    expect(() => build({ ...shapes, cls_token: [1, 2, 32] })).toThrow(
      /cls_token as \(1, 2, 32\), not \(1, 1, 32\)/,
    );
    expect(build({ ...shapes, 'vpt_prompt_embeddings.0': [1, 4, 32] })).toEqual(['vpt_prompt_embeddings.0']);
  });

  it('with a temporal wrapper is refused', () => {
    const wrapped = prithviShapes('model.encoder.encoder.', { width: 32, depth: 2, patch: 16, dates: 1 });
    expect(() => detectPrithvi(shapesOnly(wrapped), OPTIONS)).toThrow(/has terratorch’s temporal wrapper/);
  });

  it('of another model is not recognised as Prithvi', () => {
    const flat = new MemoryCheckpoint({
      'patch_embed.proj.weight': { shape: [1, 1, 1, 1], values: new Float32Array(1) },
    });
    expect(isPrithvi(flat)).toBe(false);
  });

  it.each([40, 8])('does not take chips of %s pixels', (size) => {
    const checkpoint = shapesOnly(shapes);
    const architecture = detectPrithvi(checkpoint, OPTIONS);
    expect(() => prithviGraph(checkpoint, architecture, { height: size, width: size })).toThrow(
      /chip cannot be .*; give multiples of 16 pixels, at least 32/,
    );
  });
});
