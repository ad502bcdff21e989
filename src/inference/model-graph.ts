import type { Backend, DeviceTensor } from '../gpu/index.js';

/** A tensor as a graph sees it: the same values, perhaps in more dimensions. */
export interface GraphInput {
  readonly tensor: DeviceTensor<'float32'>;
  readonly shape: readonly number[];
}

/** What a graph gave. */
export interface GraphResult {
  /** The outputs that were asked for, by name, on the backend of the inputs; the caller disposes of them. */
  readonly outputs: ReadonlyMap<string, DeviceTensor<'float32'>>;
  /** Bytes that the runtime itself read back from the device while the graph ran; 0 where it has its own memory. */
  readonly readbackBytes: number;
}

/** A graph that a runtime has loaded: from float32 tensors of a backend to float32 tensors of the same backend. */
export interface ModelGraph {
  /** Its file, or what else messages call it. */
  readonly name: string;
  /** What it runs on, by the name that options, plans and reports use. */
  readonly provider: string;
  /** Whether it takes tensors where they lie; else they are downloaded for it, and its results uploaded. */
  readonly sharesDevice: boolean;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** The shape of an output as the graph declares it, with names for free dimensions; empty where it does not. */
  outputShape(name: string): readonly (number | string)[];
  /** @throws {TerrachipError} INVALID_INPUT for outputs that are not float32; whatever the runtime throws */
  run(inputs: ReadonlyMap<string, GraphInput>, outputs: readonly string[]): Promise<GraphResult>;
  dispose(): Promise<void>;
}

/** The graphs of a model: one; or the encoder of one phase and the decoder of all; or the encoder alone, which embeds. */
export type ModelGraphs<Graph> =
  | { readonly whole: Graph }
  | { readonly encoder: Graph; readonly decoder?: Graph };

/** The backend that a graph's inputs lie on. */
export function backendOf(inputs: ReadonlyMap<string, GraphInput>): Backend {
  for (const { tensor } of inputs.values()) return tensor.owner;
  throw new TypeError('a graph cannot run without inputs');
}
