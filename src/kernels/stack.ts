import { invalidInput } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { requireDtype, requireLength } from './check.js';

/** Most bytes of a stack. */
const STACK_BYTES = 2 ** 26;

/** Concatenated planes in one tensor, for the values from `first` on. */
export interface Stack {
  readonly planes: DeviceTensor;
  /** Values per plane in the stack. */
  readonly stride: number;
  readonly first: number;
  readonly count: number;
}

/**
 * Copies any number of planes into one buffer on the device, part by part to limit its size: a shader has few bindings.
 * @param run called with each stack; the next stack overwrites it
 */
export function forEachStack(
  backend: Backend,
  what: string,
  planes: readonly DeviceTensor[],
  count: number,
  run: (stack: Stack) => void,
): void {
  for (const plane of planes) {
    requireDtype(what, plane, 'float32');
    requireLength(what, plane, count);
  }
  const most = Math.floor(Math.min(STACK_BYTES, backend.limits.maxTensorBytes) / (4 * planes.length));
  if (most < 1) throw invalidInput(`${planes.length} planes for ${what}`, 'are too many', 'give fewer');
  const stride = Math.min(count, most);
  const stack = backend.allocate([planes.length, stride], 'float32');
  try {
    for (let first = 0; first < count; first += stride) {
      const part = Math.min(stride, count - first);
      for (const [k, plane] of planes.entries()) backend.copy(plane, first, stack, k * stride, part);
      run({ planes: stack, stride, first, count: part });
    }
  } finally {
    stack.dispose();
  }
}
