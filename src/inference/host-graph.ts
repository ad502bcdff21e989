/** ONNX graphs on a runtime with its own memory. */
import type { Backend } from '../gpu/index.js';
import {
  type ArraySession,
  type GraphSource,
  type HostArray,
  HostSession,
  type OnnxRuntime,
  type RuntimeOptions,
} from './host-session.js';
import type { DeclaredTensor, FloatTensor, GraphInput, GraphResult, ModelGraph } from './model-graph.js';
import { requireRightConvolutions } from './webgpu-fault.js';

/** Values of an input, in the backend's memory or in an array of the graph. */
interface InputArray extends HostArray {
  readonly isOwn: boolean;
}

/** An ONNX graph on a runtime with its own memory: inputs are downloaded, outputs uploaded. Dispose of it when done. */
export class HostGraph implements ModelGraph {
  readonly sharesDevice = false;
  /** Arrays of inputs that no run uses, by input: new ones for every batch would be collected all the time. */
  readonly #idle = new Map<string, Float32Array[]>();
  /** Whether chips are run one by one, several at a time. */
  #splits: boolean;

  constructor(private readonly session: ArraySession) {
    const inputs = session.inputs.map(({ shape }) => shape);
    this.#splits = session.workers > 0 && inputs.every(([batch]) => typeof batch === 'string' || batch < 1);
  }

  /**
   * Loads a graph for runs in this thread.
   * @param name for messages about a graph without a path
   * @throws {TerrachipError} INVALID_INPUT when it cannot be loaded; for bytes also when the provider webgpu computes a
   * convolution of them wrongly
   */
  static async load(
    runtime: OnnxRuntime,
    source: GraphSource,
    name: string,
    options: RuntimeOptions,
  ): Promise<HostGraph> {
    const { provider } = options;
    const label = typeof source === 'string' ? source : name;
    if (typeof source !== 'string' && provider === 'webgpu') {
      await requireRightConvolutions(label, source, provider);
    }
    return new HostGraph(await HostSession.load(runtime, source, label, options));
  }

  get name(): string {
    return this.session.name;
  }

  get provider(): string {
    return this.session.provider;
  }

  get inputs(): readonly DeclaredTensor[] {
    return this.session.inputs;
  }

  get outputs(): readonly DeclaredTensor[] {
    return this.session.outputs;
  }

  get callsAtOnce(): number | undefined {
    return this.session.workers || undefined;
  }

  async run(
    inputs: ReadonlyMap<string, GraphInput>,
    outputs: readonly string[],
    chips?: number,
  ): Promise<GraphResult> {
    const [{ tensor, shape }] = inputs.values();
    const { owner: backend } = tensor;
    const [batch] = shape;
    const arrays = await this.#arrays(backend, inputs);
    const results =
      (this.#splits ? await this.#runChips(arrays, outputs, batch, chips ?? batch) : null) ??
      (await this.session.run(arrays, outputs));
    this.#release(arrays);
    const values = new Map<string, Float32Array>();
    const tensors = new Map<string, FloatTensor>();
    for (const [k, name] of outputs.entries()) {
      values.set(name, results[k].values);
      tensors.set(name, backend.upload(results[k].values, results[k].shape));
    }
    return { outputs: tensors, values, readbackBytes: 0 };
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** The values of inputs: for threads in the memory of the backend, where it is shared, else in an array of their own. */
  async #arrays(
    backend: Backend,
    inputs: ReadonlyMap<string, GraphInput>,
  ): Promise<ReadonlyMap<string, InputArray>> {
    // All are asked for at once: commands that are recorded meanwhile run after the last of them.
    const arrays = Array.from(inputs, async ([name, { tensor, shape }]): Promise<[string, InputArray]> => {
      const shared = this.session.workers > 0 ? await backend.sharedMemory(tensor) : null;
      if (shared !== null) return [name, { values: shared, shape, isOwn: false }];
      const idle = this.#idle.get(name)?.pop();
      const target = idle?.length === tensor.length ? idle : this.#array(tensor.length);
      return [name, { values: await backend.download(tensor, target), shape, isOwn: true }];
    });
    return new Map(await Promise.all(arrays));
  }

  #release(arrays: ReadonlyMap<string, InputArray>): void {
    for (const [name, { values, isOwn }] of arrays) {
      if (isOwn) this.#idle.set(name, [...(this.#idle.get(name) ?? []), values]);
    }
  }

  #array(length: number): Float32Array {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    return new Float32Array(this.session.workers > 0 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  }

  /**
   * Runs each chip by itself. A thread runs one chip faster than several threads share it, and its values fit the caches.
   * @returns zeros for padding; null for a graph whose outputs lose the axis of a single chip, which takes whole batches from
   * then on
   */
  async #runChips(
    arrays: ReadonlyMap<string, HostArray>,
    outputs: readonly string[],
    batch: number,
    chips: number,
  ): Promise<HostArray[] | null> {
    const calls = Array.from({ length: chips }, (_, chip) => {
      const inputs = Array.from(arrays, ([name, { values, shape }]) => {
        const one = values.length / batch;
        const own = { values: values.subarray(chip * one, (chip + 1) * one), shape: [1, ...shape.slice(1)] };
        return [name, own] as const;
      });
      return this.session.run(new Map(inputs), outputs);
    });
    // The arrays may be used again only when no call reads them.
    await Promise.allSettled(calls);
    const results = await Promise.all(calls);
    this.#splits = results.every((each) => each.every(({ shape }) => shape[0] === 1));
    if (!this.#splits) return null;
    return outputs.map((_, k) => {
      const { length } = results[0][k].values;
      const values = new Float32Array(batch * length);
      for (const [chip, each] of results.entries()) values.set(each[k].values, chip * length);
      return { values, shape: [batch, ...results[0][k].shape.slice(1)] };
    });
  }
}
