import type { BackendCommand, BackendQuestion } from '../../gpu/remote/index.js';
import type { DeclaredTensor } from '../model-graph.js';

/** Messages from the main thread to the device's thread. */
export type ResidentCommand = BackendCommand;

export type ResidentQuestion =
  | BackendQuestion
  /** Loads an ONNX file under the number `graph`. Answer: `GraphNames`. */
  | { readonly op: 'load'; readonly graph: number; readonly path: string }
  /** Runs a graph. Tensors are given by number; outputs are stored under their numbers. Answer: `GraphAnswer`. */
  | {
      readonly op: 'graph';
      readonly graph: number;
      readonly inputs: readonly { name: string; tensor: number; shape: readonly number[] }[];
      readonly outputs: readonly { name: string; tensor: number }[];
    }
  | { readonly op: 'unload'; readonly graph: number }
  /** Frees everything. The thread ends after the answer. */
  | { readonly op: 'close' };

export interface GraphNames {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
}

export interface GraphAnswer {
  /** Shapes of the outputs, in the order of the question. */
  readonly shapes: readonly (readonly number[])[];
  readonly readbackBytes: number;
}
