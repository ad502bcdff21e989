import { invalidInput } from '../errors.js';
import type { DeviceTensor, TensorDtype } from '../gpu/index.js';

/** @throws {TerrachipError} INVALID_INPUT unless the tensor has the dtype that a kernel works on. */
export function requireDtype(kernel: string, tensor: DeviceTensor, dtype: TensorDtype): void {
  if (tensor.dtype !== dtype) {
    throw invalidInput(
      `a ${tensor.dtype} tensor for ${kernel}`,
      'has the wrong type',
      `give one of ${dtype}`,
    );
  }
}

/** @throws {TerrachipError} INVALID_INPUT unless the tensor has at least as many elements as a kernel touches. */
export function requireLength(kernel: string, tensor: DeviceTensor, length: number): void {
  if (tensor.length < length) {
    throw invalidInput(
      `a tensor of ${tensor.length} values for ${kernel}`,
      'is too short',
      `give one of ${length} values or more`,
    );
  }
}
