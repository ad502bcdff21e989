/** What a checkpoint is to its readers: tensors by name, whichever file they lie in. */

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

/** What a checkpoint says of one tensor. */
export interface CheckpointTensor {
  readonly name: string;
  /** As stored. */
  readonly dtype: CheckpointDType;
  /** Lengths of the axes, the slowest first; empty for a scalar. */
  readonly shape: readonly number[];
}

/** Names, shapes and values of a model's tensors; values are read one by one. */
export interface Checkpoint {
  /** The file. */
  readonly name: string;
  readonly format: 'torch' | 'safetensors';
  /** In the file's order. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /**
   * The values of a tensor in C order: float16 and bfloat16 widened, float64 rounded to the nearest float32.
   * @throws {TerrachipError} NOT_FOUND for a name that the checkpoint lacks; UNSUPPORTED for integers and bool, which
   * float32 may not hold; INVALID_INPUT for a truncated file
   */
  readFloat32(name: string, signal?: AbortSignal): Promise<Float32Array>;
  close(): Promise<void>;
}
