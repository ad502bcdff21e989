import { invalidInput } from '../errors.js';
import type { DeviceTensor, TensorDtype } from '../gpu/index.js';

/** @throws {TerrachipError} INVALID_INPUT unless the tensor has the kernel's dtype. */
export function requireDtype(kernel: string, tensor: DeviceTensor, dtype: TensorDtype): void {
  if (tensor.dtype !== dtype) {
    const problem = 'has the wrong type';
    throw invalidInput(`a ${tensor.dtype} tensor for ${kernel}`, problem, `give one of ${dtype}`);
  }
}

/** @throws {TerrachipError} INVALID_INPUT for a tensor with fewer elements than the kernel accesses. */
export function requireLength(kernel: string, tensor: DeviceTensor, length: number): void {
  if (tensor.length < length) {
    const remedy = `give one of ${length} values or more`;
    throw invalidInput(`a tensor of ${tensor.length} values for ${kernel}`, 'is too short', remedy);
  }
}
