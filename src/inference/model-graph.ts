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
  /** Bytes that the runtime read back from the device during the run; 0 for a runtime with its own memory. */
  readonly readbackBytes: number;
}

/** A graph that a runtime has loaded. Inputs and outputs are float32 tensors of one backend. */
export interface ModelGraph {
  /** Its file, or another name for messages. */
  readonly name: string;
  /** The execution provider, as options, plans and reports spell it. */
  readonly provider: string;
  /** Whether it uses the backend's tensors directly. If not, inputs are downloaded and outputs uploaded. */
  readonly sharesDevice: boolean;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** The declared shape of an output, with names for free dimensions; empty if the graph declares none. */
  outputShape(name: string): readonly (number | string)[];
  /** @throws {TerrachipError} INVALID_INPUT for outputs that are not float32; any error of the runtime */
  run(inputs: ReadonlyMap<string, GraphInput>, outputs: readonly string[]): Promise<GraphResult>;
  dispose(): Promise<void>;
}

/** The graphs of a model: one graph, an encoder (for one phase) with a decoder (for all), or an encoder for embeddings. */
export type ModelGraphs<Graph> =
  | { readonly whole: Graph }
  | { readonly encoder: Graph; readonly decoder?: Graph };
