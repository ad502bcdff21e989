import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import type { WebGpuBackend } from '../../src/gpu/index.js';
import { GpuGraph, type GpuRuntime } from '../../src/inference/gpu-graph.js';
import { sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { onnxFile, pixelGraph } from '../support/onnx.js';

/** A runtime whose graphs return their input `x` as `y`. */
const runtime: GpuRuntime = {
  InferenceSession: {
    create: async () =>
      ({
        inputMetadata: [],
        outputMetadata: [],
        run: async ({ x }: Record<string, Tensor>) => ({ y: x }),
        release: async () => undefined,
      }) as unknown as InferenceSession,
  },
  Tensor: {
    fromGpuBuffer: (gpuBuffer, { dataType, dims }) =>
      ({
        gpuBuffer,
        type: dataType,
        dims,
        location: 'gpu-buffer',
        dispose: () => undefined,
      }) as unknown as Tensor,
  },
};

/** The runtime of these tests does not read it. */
const MODEL = onnxFile(
  pixelGraph({ name: 'x', shape: [1, 1, 1, 3] }, { name: 'y', shape: [1, 1, 1, 3] }, [[1]]),
);

/** Values of a buffer of eight words, from an offset on, through a graph. */
async function throughGraph(offset: number): Promise<number[]> {
  const backend = sharedWebGpu() as WebGpuBackend;
  const { device } = backend;
  // STORAGE, COPY_SRC and COPY_DST.
  const buffer = device.createBuffer({ size: 512, usage: 0x80 | 0x04 | 0x08 });
  device.queue.writeBuffer(buffer, offset, Float32Array.of(1, 2, 3));
  try {
    const tensor = backend.adoptBuffer(buffer, [3], 'float32', { offset });
    const graph = await GpuGraph.load(runtime, backend, { readbackBytes: 0 }, { name: 'm', model: MODEL });
    const { outputs } = await graph.run(new Map([['x', { tensor, shape: [3] }]]), ['y']);
    const result = outputs.get('y');
    return result === undefined ? [] : [...(await backend.download(result))];
  } finally {
    buffer.destroy();
  }
}

describe.skipIf(webgpuProblem !== null)('a graph on the device of the kernels (webgpu)', () => {
  it('takes a tensor in a buffer of the caller', async () => {
    expect(await throughGraph(0)).toEqual([1, 2, 3]);
  });

  it('refuses a graph that takes another type, and releases it', async () => {
    let released = 0;
    const halves: GpuRuntime = {
      ...runtime,
      InferenceSession: {
        create: async () =>
          ({
            inputMetadata: [{ isTensor: true, name: 'x', type: 'float16', shape: [1] }],
            outputMetadata: [],
            release: async () => {
              released++;
            },
          }) as unknown as InferenceSession,
      },
    };
    const bytes = { name: 'm', model: MODEL };
    const loading = GpuGraph.load(halves, sharedWebGpu() as WebGpuBackend, { readbackBytes: 0 }, bytes);
    await expect(loading).rejects.toThrow(
      /^m takes x as float16, but webgpu-resident has float32 only; choose another `provider`\.$/,
    );
    expect(released).toBe(1);
  });

  it("reports the failure with the runtime's whole message", async () => {
    const failing: GpuRuntime = {
      ...runtime,
      InferenceSession: {
        create: async () =>
          ({
            inputMetadata: [],
            outputMetadata: [],
            run: () => Promise.reject(new Error('no kernel\n for Foo')),
          }) as unknown as InferenceSession,
      },
    };
    const backend = sharedWebGpu() as WebGpuBackend;
    const bytes = { name: 'm', model: MODEL };
    const graph = await GpuGraph.load(failing, backend, { readbackBytes: 0 }, bytes);
    const tensor = backend.upload(new Float32Array(6));
    await expect(graph.run(new Map([['x', { tensor, shape: [2, 3] }]]), ['y'])).rejects.toThrow(
      /^m fails on a batch of 2, for which ONNX Runtime says: no kernel for Foo; check that model\.json describes it\.$/,
    );
    tensor.dispose();
  });

  it('refuses a tensor that does not start at the start of its buffer', async () => {
    await expect(throughGraph(256)).rejects.toThrow(
      /^m gets the input x from byte 256 of a GPUBuffer; copy it into a tensor of the backend\.$/,
    );
  });
});
