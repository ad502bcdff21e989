import type { BackendCommand, BackendQuestion } from '../../gpu/remote/index.js';

/** What the main thread asks of the device's thread, besides what its backend asks. */
export type ResidentCommand = BackendCommand;

export type ResidentQuestion =
  | BackendQuestion
  /** Loads a graph's file under a number that the asking side gives; answered with `GraphNames`. */
  | { readonly op: 'load'; readonly graph: number; readonly path: string }
  /** Runs a graph on tensors, by name; answered with `GraphAnswer`. Outputs become tensors of the given numbers. */
  | {
      readonly op: 'graph';
      readonly graph: number;
      readonly inputs: readonly { name: string; tensor: number; shape: readonly number[] }[];
      readonly outputs: readonly { name: string; tensor: number }[];
    }
  | { readonly op: 'unload'; readonly graph: number }
  /** Gives everything back; the thread ends after its answer. */
  | { readonly op: 'close' };

export interface GraphNames {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** As declared, in the order of `outputNames`. */
  readonly outputShapes: readonly (readonly (number | string)[])[];
}

export interface GraphAnswer {
  /** Shapes of the outputs, in the order in which they were asked for. */
  readonly shapes: readonly (readonly number[])[];
  readonly readbackBytes: number;
}
