import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { ModelManifest } from './manifest.js';
import type { PhaseCounters } from './phase-encoder.js';

/** A model that is ready to run on batches of chips: what the scene runner needs of it. */
export interface ChipModel {
  readonly manifest: ModelManifest;
  /** What it runs on, by the name that options, plans and reports use. */
  readonly provider: string;
  /** Phases encoded and spared so far; null for a model of one graph. */
  readonly phases: Readonly<PhaseCounters> | null;
  /**
   * Bytes that the runtime itself read back from the device while the model ran; null where it is not on the
   * backend's device, so that chips and logits cross by `download` and `upload`, which the backend counts.
   */
  readonly readbackBytes: number | null;
  /**
   * Runs one batch.
   * @param inputs normalised chips by input name, (chip, channel, y, x) in the order of `inputShape`
   * @param chips how many of the batch matter, from its start: the others only fill it up. Default: all
   * @returns logits (chip, class, y, x) on the backend, which the caller disposes of
   * @throws {TerrachipError} INVALID_INPUT when the model fails, or answers with something else
   */
  run(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor>,
    batch: number,
    chips?: number,
  ): Promise<DeviceTensor>;
  dispose(): Promise<void>;
}
