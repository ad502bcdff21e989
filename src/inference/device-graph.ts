import type { DeviceTensor } from '../gpu/index.js';

/** A tensor as a graph sees it: the same values, perhaps in more dimensions. */
export interface GraphInput {
  readonly tensor: DeviceTensor;
  readonly shape: readonly number[];
}

/** What a graph gave. */
export interface GraphResult {
  /** The outputs that were asked for, by name; the caller disposes of them. */
  readonly outputs: ReadonlyMap<string, DeviceTensor>;
  /** Bytes that came back from the device while the graph ran, whatever the runtime wanted them for. */
  readonly readbackBytes: number;
}

/** A graph that takes tensors of a device where they are and leaves its results there. */
export interface DeviceGraph {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @param inputs float32 tensors by name, all of the backend that the graph was loaded for */
  run(inputs: ReadonlyMap<string, GraphInput>, outputs: readonly string[]): Promise<GraphResult>;
  dispose(): Promise<void>;
}
