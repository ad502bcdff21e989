/** ONNX graphs on the GPU device of terrachip's kernels. The runtime, `onnxruntime-web/webgpu`, is an argument. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { internalError, invalidInput, TerrachipError } from '../errors.js';
import type { DeviceMeter, WebGpuBackend } from '../gpu/index.js';
import { batchFailure, notFloat32 } from './graph-check.js';
import { cannotLoad, declared } from './host-session.js';
import type { DeclaredTensor, FloatTensor, GraphInput, GraphResult, ModelGraph } from './model-graph.js';
import { requireRightConvolutions } from './webgpu-fault.js';

/** The provider that runs a model on the device of the kernels, as options and reports spell it. */
export const RESIDENT = 'webgpu-resident';

/** The part of an ONNX runtime that terrachip uses. The runtime must accept a device from its caller. */
export interface GpuRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: {
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: 'float32'; dims: readonly number[] }): Tensor;
  };
}

/** An ONNX file in memory, with its external data, if any, under the paths that the graph gives. */
export interface GraphBytes {
  /** For messages. */
  readonly name: string;
  readonly model: Uint8Array;
  readonly external?: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** An ONNX graph on the WebGPU device of a backend. Inputs and outputs stay on the device. Dispose of it when done. */
export class GpuGraph implements ModelGraph {
  readonly provider = RESIDENT;
  readonly sharesDevice = true;
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];

  private constructor(
    readonly name: string,
    private readonly runtime: GpuRuntime,
    private readonly backend: WebGpuBackend,
    private readonly meter: DeviceMeter,
    private readonly session: InferenceSession,
  ) {
    this.inputs = declared(session.inputMetadata);
    this.outputs = declared(session.outputMetadata);
  }

  /**
   * @param meter of the backend's device
   * @throws {TerrachipError} INVALID_INPUT for a graph that cannot be loaded, has operators that need the CPU, takes
   * another type than float32, or has a convolution that the runtime computes wrongly
   */
  static async load(
    runtime: GpuRuntime,
    backend: WebGpuBackend,
    meter: DeviceMeter,
    { name, model, external }: GraphBytes,
  ): Promise<GpuGraph> {
    try {
      await requireRightConvolutions(name, model, RESIDENT);
      const session = await runtime.InferenceSession.create(model, {
        executionProviders: [{ name: 'webgpu', device: backend.device }],
        preferredOutputLocation: 'gpu-buffer',
        graphOptimizationLevel: 'all',
        // Operators without a GPU implementation would run on the CPU, after a read-back of their inputs.
        extra: { session: { disable_cpu_ep_fallback: '1' } },
        externalData: external,
      });
      const graph = new GpuGraph(name, runtime, backend, meter, session);
      const other = graph.inputs.find(({ type }) => type !== 'float32');
      if (other === undefined) return graph;
      await graph.dispose();
      throw notFloat32(name, 'takes', other);
    } catch (cause) {
      throw cause instanceof TerrachipError ? cause : cannotLoad(name, RESIDENT, cause);
    }
  }

  async run(inputs: ReadonlyMap<string, GraphInput>, outputs: readonly string[]): Promise<GraphResult> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, { tensor, shape }] of inputs) {
      const { buffer, offset } = this.backend.gpuBuffer(tensor);
      // The runtime takes whole buffers only.
      if (offset !== 0) {
        const problem = `gets the input ${name} from byte ${offset} of a GPUBuffer`;
        throw invalidInput(this.name, problem, 'copy it into a tensor of the backend');
      }
      feeds[name] = this.runtime.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: shape });
    }
    const before = this.meter.readbackBytes;
    const results = await this.session.run(feeds, [...outputs]).catch((cause: unknown) => {
      const [{ shape }] = inputs.values();
      throw batchFailure(this.name, shape[0], cause);
    });
    const readbackBytes = this.meter.readbackBytes - before;
    const tensors = new Map<string, FloatTensor>();
    for (const name of outputs) {
      const { [name]: result } = results;
      if (result.location !== 'gpu-buffer') {
        throw internalError('GpuGraph', `${name} is not on the GPU (${result.location})`);
      }
      if (result.type !== 'float32') {
        throw notFloat32(this.name, 'returns', { name, type: result.type, shape: result.dims });
      }
      // Copied, since the runtime reuses its buffer.
      const theirs = this.backend.adoptBuffer(result.gpuBuffer as GPUBuffer, result.dims, 'float32');
      const ours = this.backend.allocate(result.dims, 'float32');
      this.backend.copy(theirs, 0, ours, 0, ours.length);
      // Submits the copy before the runtime may reuse its buffer.
      this.backend.gpuBuffer(ours);
      tensors.set(name, ours);
      result.dispose();
    }
    return { outputs: tensors, readbackBytes };
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
