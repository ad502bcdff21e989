import { invalidInput } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { requireDtype, requireLength } from './check.js';

/** Bytes of planes that are put together at a time. */
const STACK_BYTES = 2 ** 26;

/** Planes one after the other in one tensor, for the values from `first` on. */
export interface Stack {
  readonly planes: DeviceTensor;
  /** Values of a plane in the stack. */
  readonly stride: number;
  readonly first: number;
  readonly count: number;
}

/**
 * A device binds few buffers to a shader: any number of planes are put into one, so many values at a time that it
 * stays small. Copies stay on the device.
 * @param run what is done with each stack, before the next one takes its place
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
