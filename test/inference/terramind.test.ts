import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as onnxruntime from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { writeGraph } from '../../src/inference/onnx/index.js';
import {
  decoderGraph,
  detectArchitecture,
  encoderGraph,
  findLeftovers,
  wholeGraph,
} from '../../src/inference/terramind/index.js';
import { resizeBicubic } from '../../src/inference/vit/bicubic.js';
import type { CheckpointGraph } from '../../src/inference/vit/index.js';
import { temporaryFolder } from '../support/files.js';
import { MemoryCheckpoint } from '../support/memory-checkpoint.js';
import { encodeGraph } from '../support/models.js';
import { smallFlood, smallFloodTensors, type Tensors } from '../support/terramind.js';

const folder = await temporaryFolder();
const SIZE = 32;
const chip = { height: SIZE, width: SIZE };
const checkpoint = smallFlood();
const architecture = detectArchitecture(checkpoint);

function wave(count: number, step: number): Float32Array {
  return Float32Array.from({ length: count }, (_, k) => Math.sin(k * step));
}

const radar = wave(2 * 2 * SIZE * SIZE, 0.37);
const elevation = wave(SIZE * SIZE, 0.011);
const inputs = {
  S1RTC: new onnxruntime.Tensor('float32', radar, [1, 2, 2, SIZE, SIZE]),
  DEM: new onnxruntime.Tensor('float32', elevation, [1, 1, SIZE, SIZE]),
};

async function run(
  model: Uint8Array | string,
  feeds: Record<string, onnxruntime.Tensor>,
): Promise<Record<string, Float32Array>> {
  const session = await onnxruntime.InferenceSession.create(model as string);
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

const bytes = ({ graph }: CheckpointGraph): Promise<Uint8Array> => encodeGraph(graph);
const whole = await run(await bytes(wholeGraph(checkpoint, architecture, chip)), inputs);

const BLOCKS = 'model.encoder.encoder.encoder.';

/** The encoder of the small model alone. */
function encoderTensors(prefix = ''): Tensors {
  const own = 'model.encoder.encoder.';
  const tensors: Tensors = {};
  for (const [name, tensor] of Object.entries(smallFloodTensors())) {
    if (name.startsWith(own)) tensors[prefix + name.slice(own.length)] = tensor;
  }
  return tensors;
}

describe('a checkpoint', () => {
  it('is described', () => {
    expect(architecture).toMatchObject({
      encoder: { depth: 4, width: 64, heads: 1, gated: true, normalised: true },
      merge: 'mean',
      timestamps: 2,
      pooling: 'concat',
      taps: [0, 1, 2, 3],
      decoder: 'unet',
      classes: 2,
    });
    expect(architecture.modalities.map(({ name }) => name)).toEqual(['S1RTC', 'DEM']);
  });

  it('of another model is refused', () => {
    const other = new MemoryCheckpoint({ weight: { shape: [1], values: Float32Array.of(1) } });
    expect(() => detectArchitecture(other)).toThrow(/holds no encoder_embeddings/);
  });

  it.each([
    [{ heads: 3 }, /heads cannot be 3 for an encoder of width 64/],
    [{ taps: [0, 1, 2, 4] }, /taps cannot be 0, 1, 2, 4 for 4 blocks/],
    [{ modalities: ['S2L2A'] }, /modalities names S2L2A.*choose from S1RTC, DEM/],
    [{ timestamps: 3 }, /timestamps cannot be 3 .*give 2/],
  ])('is refused with %j', (options, message) => {
    expect(() => detectArchitecture(checkpoint, options)).toThrow(message);
  });

  it('with a depth that four does not divide needs named blocks', () => {
    const tensors = smallFloodTensors();
    const deeper = Object.entries(tensors).flatMap(([name, value]): [string, typeof value][] => {
      const [, before, block, after] = /^(.*encoder\.encoder\.)(\d+)(\..*)$/.exec(name) ?? [];
      return Number(block) >= 2 ? [[`${before}${Number(block) + 2}${after}`, value]] : [];
    });
    const six = new MemoryCheckpoint({ ...tensors, ...Object.fromEntries(deeper) });
    expect(() => detectArchitecture(six)).toThrow(
      'taps is missing: the default, 4 blocks evenly, does not fit an encoder of 6 blocks; give the 4 blocks',
    );
    expect(detectArchitecture(six, { taps: [0, 2, 3, 5] })).toMatchObject({
      encoder: { depth: 6 },
      taps: [0, 2, 3, 5],
    });
  });

  it('without one of its tensors is refused by name', () => {
    const { 'model.encoder.encoder.encoder.2.mlp.fc2.weight': _, ...rest } = smallFloodTensors();
    const broken = new MemoryCheckpoint(rest);
    expect(() => wholeGraph(broken, detectArchitecture(broken), chip)).toThrow(
      /holds no model\.encoder\.encoder\.encoder\.2\.mlp\.fc2\.weight/,
    );
  });

  it('with a tensor of another shape is refused by name', () => {
    const tensors = smallFloodTensors();
    tensors['model.decoder.decoder.blocks.1.conv1.0.weight'] = {
      shape: [8, 71, 3, 3],
      values: new Float32Array(8 * 71 * 9),
    };
    const broken = new MemoryCheckpoint(tensors);
    expect(() => wholeGraph(broken, detectArchitecture(broken), chip)).toThrow(
      /blocks\.1\.conv1\.0\.weight as \(8, 71, 3, 3\), not \(any, 72, 3, 3\)/,
    );
  });

  it('with several missing or renamed tensors is refused with all of their names', () => {
    const tensors = smallFloodTensors();
    const {
      'model.neck.2.fpn2.0.bias': bias,
      'model.decoder.decoder.blocks.1.conv1.1.running_var': _variance,
      'model.neck.2.fpn1.1.weight': _weight,
      ...rest
    } = tensors;
    const broken = new MemoryCheckpoint({
      ...rest,
      'model.neck.2.fpn2.bias': bias,
      'model.encoder.encoder.encoder.0.norm1.weight': { shape: [63], values: new Float32Array(63) },
    });
    expect(() => wholeGraph(broken, detectArchitecture(broken), chip)).toThrow(
      'memory holds no model.neck.2.fpn1.1.weight, model.neck.2.fpn2.0.bias and no ' +
        'model.decoder.decoder.blocks.1.conv1.1.running_var; it holds ' +
        'model.encoder.encoder.encoder.0.norm1.weight as (63), not (64); it has model.neck.2.fpn2.bias, which the ' +
        'model does not use; give a complete checkpoint of the model.',
    );
  });

  it('whose decoder takes a fraction of maps is refused', () => {
    const name = 'model.neck.2.fpn1.0.weight';
    const tensors = {
      ...smallFloodTensors(),
      [name]: { shape: [192, 96, 2, 2], values: new Float32Array(73728) },
    };
    const three = new MemoryCheckpoint(tensors);
    expect(detectArchitecture(three).timestamps).toBe(3);
    expect(() => detectArchitecture(three, { merge: 'concat' })).toThrow(
      'merge cannot be concat: the decoder of memory takes 192 channels, which is not a multiple of 128',
    );
  });

  it("without one block's bias is refused, although models without any bias are valid", () => {
    const biased: Tensors = smallFloodTensors();
    for (let k = 0; k < 4; k++) {
      const name = `model.encoder.encoder.encoder.${k}.attn.qkv.bias`;
      biased[name] = { shape: [192], values: new Float32Array(192).fill(0.1) };
    }
    expect(detectArchitecture(new MemoryCheckpoint(biased)).encoder.depth).toBe(4);
    for (const name of [
      'model.encoder.encoder.encoder.2.attn.qkv.bias',
      `${BLOCKS}1.norm2.bias`,
      `${BLOCKS}0.mlp.fc3.weight`,
    ]) {
      const { [name]: _, ...rest } = biased;
      expect(() => detectArchitecture(new MemoryCheckpoint(rest))).toThrow(
        `memory holds no ${name}, which another block has`,
      );
    }
  });

  it('with positions that are not a square is refused', () => {
    const name = 'model.encoder.encoder.encoder_embeddings.untok_dem@224.pos_emb';
    const tensors = {
      ...smallFloodTensors(),
      [name]: { shape: [1, 195, 64], values: new Float32Array(195 * 64) },
    };
    expect(() => detectArchitecture(new MemoryCheckpoint(tensors))).toThrow(
      `has ${name} with the shape (1, 195, 64), not (1, a square number, width)`,
    );
  });

  it.each([
    [1, /has a head of 1 class; give a segmentation into 2 to 255 classes/],
    [256, /has a head of 256 classes/],
  ])('with %s classes is refused', (classes, message) => {
    const head = { shape: [classes, 8, 1, 1], values: new Float32Array(8 * classes) };
    const tensors = { ...smallFloodTensors(), 'model.head.head.2.weight': head };
    expect(() => detectArchitecture(new MemoryCheckpoint(tensors))).toThrow(message);
  });

  it.each([
    ['model.head.head.2.weight', Number.NaN, /memory holds the value NaN in model\.head\.head\.2\.weight/],
    [`${BLOCKS}3.attn.proj.weight`, -Infinity, /holds the value -Infinity in .*3\.attn\.proj\.weight/],
    ['model.neck.2.fpn1.1.running_var', -1, /holds the value -1 in model\.neck\.2\.fpn1\.1\.running_var/],
  ])('with %s of %s is not written', async (name, value, message) => {
    const tensors = smallFloodTensors();
    tensors[name].values[2] = value;
    const broken = new MemoryCheckpoint(tensors);
    const { graph } = wholeGraph(broken, detectArchitecture(broken), chip);
    await expect(encodeGraph(graph)).rejects.toThrow(message);
  });

  it('of an encoder may leave out pre-training tensors at the root, but no registers or decoder', () => {
    const more = (prefix: string, names: readonly string[]): MemoryCheckpoint => {
      const added = names.map((name) => [prefix + name, { shape: [2], values: new Float32Array(2) }]);
      return new MemoryCheckpoint({ ...encoderTensors(prefix), ...Object.fromEntries(added) });
    };
    const left = (found: MemoryCheckpoint) => {
      const own = detectArchitecture(found, { timestamps: 1 });
      return findLeftovers(found, own, wholeGraph(found, own, chip).used);
    };
    const names = ['decoder.0.norm1.weight', 'mask_token', 'register_tokens'];
    expect(left(more('', names))).toEqual({
      expected: { 'the pre-training decoder': 2 },
      unused: ['register_tokens'],
    });
    expect(left(more('model.encoder.', names)).unused).toHaveLength(3);
  });

  it('lists tensors that its graph does not use', () => {
    const more = new MemoryCheckpoint({
      ...smallFloodTensors(),
      'model.encoder.encoder.encoder.0.attn.q_norm.weight': { shape: [64], values: new Float32Array(64) },
    });
    const { used } = wholeGraph(more, detectArchitecture(more), chip);
    expect(findLeftovers(more, detectArchitecture(more), used).unused).toEqual([
      'model.encoder.encoder.encoder.0.attn.q_norm.weight',
    ]);
  });

  it.each([[{ height: 40, width: 32 }], [{ height: 16, width: 32 }]])('is refused for %j', (size) => {
    expect(() => wholeGraph(checkpoint, architecture, size)).toThrow(/chip cannot be .* multiples of 16/);
  });
});

describe('graphs', () => {
  it('of encoder and decoder together equal the whole graph', async () => {
    const encoder = await bytes(encoderGraph(checkpoint, architecture, chip));
    const pixels = SIZE * SIZE;
    const features: number[] = [];
    for (const phase of [0, 1]) {
      const bands = [0, 1].flatMap((band) => [
        ...radar.subarray((band * 2 + phase) * pixels, (band * 2 + phase + 1) * pixels),
      ]);
      const image = new onnxruntime.Tensor('float32', Float32Array.from(bands), [1, 2, SIZE, SIZE]);
      features.push(...(await run(encoder, { S1RTC: image, DEM: inputs.DEM })).features);
    }
    const decoder = await bytes(decoderGraph(checkpoint, architecture, chip));
    const together = new onnxruntime.Tensor('float32', Float32Array.from(features), [1, 2, 4, 4, 64]);
    const { logits } = await run(decoder, { features: together });
    expect(Math.max(...whole.logits.map(Math.abs))).toBeGreaterThan(0.1);
    for (const [k, value] of logits.entries()) expect(value).toBeCloseTo(whole.logits[k], 5);
  });

  it('do not mix chips of a batch', async () => {
    const model = await bytes(wholeGraph(checkpoint, architecture, chip));
    const twice = (own: Float32Array, other: Float32Array): Float32Array => Float32Array.of(...own, ...other);
    const { logits } = await run(model, {
      S1RTC: new onnxruntime.Tensor(
        'float32',
        twice(
          radar,
          radar.map((x) => -x),
        ),
        [2, 2, 2, SIZE, SIZE],
      ),
      DEM: new onnxruntime.Tensor('float32', twice(elevation, elevation), [2, 1, SIZE, SIZE]),
    });
    expect(logits).toHaveLength(2 * whole.logits.length);
    for (const [k, value] of whole.logits.entries()) expect(logits[k]).toBeCloseTo(value, 5);
    const apart = whole.logits.map((value, k) => Math.abs(logits[whole.logits.length + k] - value));
    expect(Math.max(...apart)).toBeGreaterThan(0.001);
  });

  it('with separate modalities are for encoders only', async () => {
    const apart = { ...architecture, merge: 'dict' as const };
    for (const build of [wholeGraph, encoderGraph, decoderGraph]) {
      expect(() => build(checkpoint, apart, chip)).toThrow(/merge cannot be dict for a model with a decoder/);
    }
    const encoder = new MemoryCheckpoint(encoderTensors());
    const detected = detectArchitecture(encoder);
    expect(() => encoderGraph(encoder, detected, chip)).toThrow(/split is for models with a decoder/);
    expect(() => decoderGraph(encoder, detected, chip)).toThrow(/split is for models with a decoder/);
    const image = new onnxruntime.Tensor('float32', wave(2 * SIZE * SIZE, 0.3), [1, 2, SIZE, SIZE]);
    const feeds = { S1RTC: image, DEM: inputs.DEM };
    const merged = await run(await bytes(wholeGraph(encoder, detected, chip)), feeds);
    const separate = await run(await bytes(wholeGraph(encoder, { ...detected, merge: 'dict' }, chip)), feeds);
    expect(Object.keys(separate).sort()).toEqual(['embeddings_DEM', 'embeddings_S1RTC']);
    for (const [k, mean] of merged.embeddings.entries()) {
      expect((separate.embeddings_S1RTC[k] + separate.embeddings_DEM[k]) / 2).toBeCloseTo(mean, 5);
    }
  });

  it.each([[[0, 1]], [[4]], [[-1]], [[0.5]]])('of encoders output one block, and refuse %j', (taps) => {
    const encoder = new MemoryCheckpoint(encoderTensors());
    expect(() => detectArchitecture(encoder, { taps })).toThrow(
      /taps cannot be .* for an encoder of 4 blocks/,
    );
    expect(detectArchitecture(encoder, { taps: [1] }).taps).toEqual([1]);
  });

  it('can have external data', async () => {
    const parts: Uint8Array[] = [];
    const values: Uint8Array[] = [];
    const into = (list: Uint8Array[]) => async (piece: Uint8Array) => {
      list.push(piece.slice());
    };
    await writeGraph(wholeGraph(checkpoint, architecture, chip).graph, into(parts), {
      external: { name: 'far.onnx.data', write: into(values) },
      externalAbove: 0,
    });
    await writeFile(join(folder, 'far.onnx'), Buffer.concat(parts));
    await writeFile(join(folder, 'far.onnx.data'), Buffer.concat(values));
    expect(Buffer.concat(parts).length).toBeLessThan(100_000);
    expect((await run(join(folder, 'far.onnx'), inputs)).logits).toEqual(whole.logits);
  });

  it('too large for one file need external data', async () => {
    const { graph } = wholeGraph(checkpoint, architecture, chip);
    await expect(writeGraph(graph, async () => undefined, { externalAbove: 1000 })).rejects.toThrow(
      /needs external data/,
    );
  });

  it('are written tensor by tensor, each read just before it is written', async () => {
    const { graph } = wholeGraph(checkpoint, architecture, chip);
    let written = 0;
    let loaded = 0;
    for (const initializer of graph.initializers) {
      const { load } = initializer;
      initializer.load = async (signal) => {
        expect(written).toBeGreaterThanOrEqual(loaded);
        const values = await load(signal);
        loaded += values.byteLength;
        return values;
      };
    }
    await writeGraph(graph, async (piece) => {
      written += piece.length;
    });
    expect(loaded).toBeGreaterThan(1e6);
  });
});

// torch.nn.functional.interpolate(x, size=(3, 5), mode='bicubic', align_corners=False)
it('positions are resized as PyTorch does', () => {
  const resized = resizeBicubic(Float32Array.of(0, 3, 6, 2, 5, 1), 1, [2, 3], [3, 5], false);
  const expected = [
    -0.461611, 0.73064, 2.82639, 5.250265, 6.780363, 0.712, 2.200001, 4.0, 3.91, 3.452001, 1.885611, 3.669361,
    5.173611, 2.569737, 0.12364,
  ];
  expected.forEach((value, k) => {
    expect(resized[k]).toBeCloseTo(value, 5);
  });
});
