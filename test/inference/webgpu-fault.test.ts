/** Convolutions that ONNX Runtime's WebGPU provider computes wrongly (its issue 29651), and how they are avoided. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as onnxruntime from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { WebGpuBackend } from '../../src/gpu/index.js';
import { GpuGraph, type GpuRuntime } from '../../src/inference/gpu-graph.js';
import { ModelSession } from '../../src/inference/index.js';
import { openModel, openSession } from '../../src/inference/node/index.js';
import { availableProviders } from '../../src/inference/node/onnx-runtime.js';
import { readOnnxInfo } from '../../src/inference/onnx/index.js';
import { convolvedWrongly } from '../../src/inference/webgpu-fault.js';
import { MemorySource } from '../../src/io/index.js';
import type { ProgressEvent } from '../../src/progress.js';
import { sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { writeModel } from '../support/models.js';
import { onnxFile, type TestNode } from '../support/onnx.js';

const folder = await temporaryFolder();
const SIDE = 8;

/** A convolution: the shape of its weights, (output, input, axis, …), and whether WebGPU computes it wrongly. */
interface Case {
  readonly weights: readonly number[];
  readonly attributes?: TestNode['attributes'];
  readonly wrong: boolean;
}

function fileOf({ weights, attributes = {} }: Case, more: readonly TestNode[] = []): Uint8Array {
  const [outputs, inputs, ...sides] = weights;
  const group = Number(attributes.group ?? 1);
  const axes = sides.map(() => SIDE);
  const count = weights.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: count }, (_, k) => Math.sin(1.7 * k + 0.3));
  const from = more.length === 0 ? 'weights' : 'used';
  return onnxFile({
    inputs: [{ name: 'x', shape: ['n', inputs * group, ...axes] }],
    outputs: [{ name: 'y', shape: ['n', outputs, ...axes.map((_, k) => `side${k}`)] }],
    nodes: [...more, { operator: 'Conv', inputs: ['x', from], output: 'y', attributes }],
    weights: [{ name: 'weights', shape: weights, values }],
  });
}

const infoOf = (bytes: Uint8Array) => readOnnxInfo(new MemorySource(bytes));

const CASES: readonly Case[] = [
  ...[6, 9, 15, 18, 21, 39].map((channels) => ({ weights: [8, channels, 3, 3], wrong: true })),
  ...[1, 3, 4, 5, 7, 10, 12, 24].map((channels) => ({ weights: [8, channels, 3, 3], wrong: false })),
  ...[1, 2, 6].map((outputs) => ({ weights: [outputs, 6, 3, 3], wrong: false })),
  { weights: [4, 6, 2, 2], attributes: { strides: [2, 2] }, wrong: true },
  { weights: [8, 6, 3, 3], attributes: { dilations: [2, 2], pads: [1, 1, 1, 1] }, wrong: true },
  { weights: [8, 6, 1, 1], wrong: false },
  { weights: [8, 6, 1, 1], attributes: { strides: [2, 2] }, wrong: true },
  { weights: [8, 6, 1, 1], attributes: { pads: [1, 1, 1, 1] }, wrong: true },
  { weights: [8, 6, 3, 3], attributes: { group: 2 }, wrong: false },
  { weights: [8, 6, 3], wrong: true },
  { weights: [8, 6, 1, 2, 2], wrong: false },
];

describe('a convolution that WebGPU computes wrongly', () => {
  it.each(CASES)('is detected by its weights: $weights $attributes', async (each) => {
    const expected = each.wrong ? `y (${each.weights.join(' × ')})` : null;
    expect(convolvedWrongly(await infoOf(fileOf(each)))).toBe(expected);
  });

  it.each(['Identity', 'Cast'])('is detected when its weights pass through %s', async (operator) => {
    const nodes = [{ operator, inputs: ['weights'], output: 'used' }];
    const bytes = fileOf({ weights: [8, 6, 3, 3], wrong: true }, nodes);
    expect(convolvedWrongly(await infoOf(bytes))).toBe('y (8 × 6 × 3 × 3)');
  });

  it('is not detected for weights that the graph computes', async () => {
    const nodes = [{ operator: 'Mul', inputs: ['weights', 'weights'], output: 'used' }];
    expect((await infoOf(fileOf({ weights: [8, 6, 3, 3], wrong: true }, nodes))).convolutions).toEqual([]);
  });

  // On the runtime itself: the condition is neither too narrow nor too wide.
  it.skipIf(webgpuProblem !== null)('is wrong on WebGPU, and others are right', async () => {
    const found: boolean[] = [];
    for (const each of CASES) {
      const [, inputs, ...sides] = each.weights;
      const shape = [1, inputs * Number(each.attributes?.group ?? 1), ...sides.map(() => SIDE)];
      const count = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: count }, (_, k) => Math.cos(0.37 * k));
      const [cpu, webgpu] = await Promise.all(
        ['cpu', 'webgpu'].map(async (provider) => {
          const session = await onnxruntime.InferenceSession.create(fileOf(each), {
            executionProviders: [provider],
          });
          const { y } = await session.run({ x: new onnxruntime.Tensor('float32', values, shape) });
          await session.release();
          return y.data as Float32Array;
        }),
      );
      const worst = Math.max(...cpu.map((value, k) => Math.abs(value - webgpu[k])));
      expect(worst < 1e-4 || worst > 1e-2, `${worst} for ${JSON.stringify(each)}`).toBe(true);
      found.push(worst > 1e-2);
    }
    expect(found).toEqual(CASES.map(({ wrong }) => wrong));
  });
});

/** A model of six bands and two classes with such a convolution. */
async function sixBands(name: string): Promise<{ path: string; bytes: Uint8Array }> {
  const bands = ['a', 'b', 'c', 'd', 'e', 'f'];
  const path = await writeModel(join(folder, name), {
    inputs: [{ name: 'x', bands, kind: 'static', weights: bands.map(() => 1) }],
    size: SIDE,
    stride: SIDE,
  });
  const weights = [4, 6, 3, 3];
  const bytes = onnxFile({
    inputs: [{ name: 'x', shape: ['n', 6, SIDE, SIDE] }],
    outputs: [{ name: 'logits', shape: ['n', 2, SIDE, SIDE] }],
    nodes: [
      { operator: 'Conv', inputs: ['x', 'first'], output: 'hidden', attributes: { pads: [1, 1, 1, 1] } },
      { operator: 'Conv', inputs: ['hidden', 'second'], output: 'logits' },
    ],
    weights: [
      { name: 'first', shape: weights, values: new Array<number>(4 * 6 * 9).fill(1) },
      { name: 'second', shape: [2, 4, 1, 1], values: new Array<number>(8).fill(1) },
    ],
  });
  await writeFile(join(path, 'model.onnx'), bytes);
  return { path, bytes };
}

describe('a model with such a convolution', () => {
  it('is refused on webgpu, from a file and from memory', async () => {
    const { path, bytes } = await sixBands('refused');
    const model = await openModel(path);
    const message =
      /model\.onnx has the convolution hidden \(4 × 6 × 3 × 3\), which ONNX Runtime computes wrongly with the provider webgpu; choose the provider cpu\.$/;
    await expect(openSession(model, { provider: 'webgpu' })).rejects.toThrow(message);
    const options = { provider: 'webgpu' };
    await expect(ModelSession.create(onnxruntime, bytes, model.spec, options)).rejects.toThrow(message);
  });

  it.skipIf(webgpuProblem !== null)('is refused on the device of the kernels', async () => {
    const { bytes } = await sixBands('resident');
    const runtime: GpuRuntime = {
      InferenceSession: { create: () => Promise.reject(new Error('is not to be loaded')) },
      Tensor: onnxruntime.Tensor,
    };
    const backend = sharedWebGpu() as WebGpuBackend;
    const loading = GpuGraph.load(runtime, backend, { readbackBytes: 0 }, { name: 'm', model: bytes });
    await expect(loading).rejects.toThrow(
      /^m has the convolution hidden .* wrongly with the provider webgpu-resident; choose the provider cpu\.$/,
    );
  });

  it('runs on the processor by default, with the reason', async () => {
    const providers = await availableProviders();
    const events: ProgressEvent[] = [];
    const { path } = await sixBands('default');
    const session = await openSession(await openModel(path), {
      hasHardwareGpu: true,
      onProgress: (event) => events.push(event),
    });
    expect(session.provider).toBe('cpu');
    await session.dispose();
    const expected = {
      type: 'warning',
      message: expect.stringMatching(/^webgpu is not used: .*convolution hidden .* wrongly/),
    };
    expect(events).toEqual(providers.includes('webgpu') ? [expected] : []);
  });
});
