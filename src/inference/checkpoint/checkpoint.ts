/** The interface of checkpoints: tensors by name. */
import type { Resource } from '../../resource.js';

/** Element types: their bytes, and their names in safetensors files and of storage classes of module `torch`. */
export const CHECKPOINT_DTYPES = {
  float32: { bytes: 4, safetensors: 'F32', torch: 'FloatStorage' },
  float16: { bytes: 2, safetensors: 'F16', torch: 'HalfStorage' },
  bfloat16: { bytes: 2, safetensors: 'BF16', torch: 'BFloat16Storage' },
  float64: { bytes: 8, safetensors: 'F64', torch: 'DoubleStorage' },
  int64: { bytes: 8, safetensors: 'I64', torch: 'LongStorage' },
  int32: { bytes: 4, safetensors: 'I32', torch: 'IntStorage' },
  uint8: { bytes: 1, safetensors: 'U8', torch: 'ByteStorage' },
  bool: { bytes: 1, safetensors: 'BOOL', torch: 'BoolStorage' },
} as const;

/** The type of a tensor in a checkpoint. */
export type CheckpointDType = keyof typeof CHECKPOINT_DTYPES;

/** Element types by their names in a format. */
export function dtypesBy(format: Checkpoint['format']): ReadonlyMap<string, CheckpointDType> {
  const names = Object.keys(CHECKPOINT_DTYPES) as CheckpointDType[];
  return new Map(names.map((name) => [CHECKPOINT_DTYPES[name][format], name]));
}

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
  /** Whether the file also holds averaged weights (EMA), which were not chosen. */
  readonly leavesEma?: boolean;
  /**
   * The values of a tensor in C order, as float32; float64 is rounded to nearest.
   * @throws {TerrachipError} NOT_FOUND for an unknown name; UNSUPPORTED for integers and bool; INVALID_INPUT for a
   * truncated file
   */
  readFloat32(name: string, signal?: AbortSignal): Promise<Float32Array>;
}
