/** The interface of checkpoints: tensors by name. */
import type { Resource } from '../../resource.js';

export const CHECKPOINT_DTYPES = [
  'float32',
  'float16',
  'bfloat16',
  'float64',
  'int64',
  'int32',
  'uint8',
  'bool',
] as const;

/** The type of a tensor in a checkpoint. */
export type CheckpointDType = (typeof CHECKPOINT_DTYPES)[number];

/** Name, type and shape of a tensor. */
export interface CheckpointTensor {
  readonly name: string;
  /** As stored. */
  readonly dtype: CheckpointDType;
  /** Lengths of the axes in C order; empty for a scalar. */
  readonly shape: readonly number[];
}

/** The tensors of a model. Values are read tensor by tensor. */
export interface Checkpoint extends Resource {
  /** The file. */
  readonly name: string;
  readonly format: 'torch' | 'safetensors';
  /** In the file's order. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /**
   * The values of a tensor in C order, as float32; float64 is rounded to nearest.
   * @throws {TerrachipError} NOT_FOUND for an unknown name; UNSUPPORTED for integers and bool; INVALID_INPUT for a
   * truncated file
   */
  readFloat32(name: string, signal?: AbortSignal): Promise<Float32Array>;
}
