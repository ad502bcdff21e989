import type { DeviceTensor } from '../gpu/index.js';

export type FloatTensor = DeviceTensor<'float32'>;

/** A tensor, and the shape in which a graph reads its values. */
export interface GraphInput {
  readonly tensor: DeviceTensor<'float32'>;
  readonly shape: readonly number[];
}

/** Results of one run of a graph. */
export interface GraphResult {
  /** The requested outputs by name, on the backend of the inputs. The caller disposes of them. */
  readonly outputs: ReadonlyMap<string, DeviceTensor<'float32'>>;
  /** The values of the outputs, from a runtime with its own memory. */
  readonly values?: ReadonlyMap<string, Float32Array>;
  /** Bytes that the runtime read back from the device during the run; 0 for a runtime with its own memory. */
  readonly readbackBytes: number;
}

/** What a graph declares about an input or output. */
export interface DeclaredTensor {
  readonly name: string;
  /** `float32`, `int64`, … */
  readonly type: string;
  /** Lengths of the axes, with names for free ones; empty if the graph declares none. */
  readonly shape: readonly (number | string)[];
}

/** What a graph declares about the tensor of a name. */
export function declaredIn(tensors: readonly DeclaredTensor[], name: string): DeclaredTensor | undefined {
  return tensors.find((tensor) => tensor.name === name);
}

/** A graph that a runtime has loaded. Inputs and outputs are float32 tensors of one backend, whatever its types are. */
export interface ModelGraph {
  /** Its file, or another name for messages. */
  readonly name: string;
  /** The execution provider, as options, plans and reports spell it. */
  readonly provider: string;
  /** Whether it uses the backend's tensors directly. If not, inputs are downloaded and outputs uploaded. */
  readonly sharesDevice: boolean;
  /** Calls that it runs at a time, one for each chip; undefined for a graph that runs whole batches, one after the other. */
  readonly callsAtOnce?: number;
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /**
   * @param chips the number of chips that are used, from the start; the results of the others may be zeros (default: all)
   * @throws {TerrachipError} INVALID_INPUT for types that are not supported; any error of the runtime
   */
  run(
    inputs: ReadonlyMap<string, GraphInput>,
    outputs: readonly string[],
    chips?: number,
  ): Promise<GraphResult>;
  dispose(): Promise<void>;
}

/** The graphs of a model: one graph, an encoder (for one phase) with a decoder (for all), or an encoder for embeddings. */
export type ModelGraphs<Graph> =
  | { readonly whole: Graph }
  | { readonly encoder: Graph; readonly decoder?: Graph };
