/** Windows of arrays that lie uncompressed in one file: only the bytes that hold them are read. */

import { TerrachipError } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { ByteSource } from '../../io/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { type AxisRange, extentOf } from './array.js';
import { stridesOf } from './copy.js';

export interface ContiguousLayout {
  /** Where the first value lies in the file. */
  readonly offset: number;
  /** In the order of storage, the slowest axis first. */
  readonly shape: readonly number[];
  readonly bytesPerValue: number;
  /** Bytes from one index of the first axis to the next, where other data lie in between. */
  readonly outerStep?: number;
}

/** Reads under way; those that are asked for together merge where they lie close. */
const READS = 256;

/** Reads of one window: their places alone would fill the memory. */
const MAX_RUNS = 2 ** 22;

/** The bytes of a box of values, in the order of storage. The result owns its memory. */
export async function readContiguous(
  source: ByteSource,
  layout: ContiguousLayout,
  ranges: readonly AxisRange[],
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { bytesPerValue } = layout;
  const apart = layout.outerStep !== undefined && layout.shape.length > 0;
  // With a last axis of one value, every piece lies within one index of the first axis.
  const shape = apart ? [...layout.shape, 1] : layout.shape;
  const box = apart ? [...ranges, { start: 0, end: 1 }] : ranges;
  const extent = extentOf(box);
  const result = new Uint8Array(sizeOf(extent) * bytesPerValue);
  if (result.length === 0) return result;
  const steps = stridesOf(shape).map((step) => step * bytesPerValue);
  if (layout.outerStep !== undefined) steps[0] = layout.outerStep;
  // Axes after `inner` are read whole, so that a run of `inner` is one piece.
  let inner = Math.max(0, shape.length - 1);
  while (inner > (apart ? 1 : 0) && extent[inner] === shape[inner]) inner--;
  const outer = extent.slice(0, inner);
  const count = sizeOf(outer);
  if (count > MAX_RUNS) {
    throw new TerrachipError(
      'TOO_LARGE',
      `a read of ${source.name} has ${count} pieces, more than ${MAX_RUNS}`,
      'read it in parts',
      { size: count, limit: MAX_RUNS },
    );
  }
  const length = result.length / count;
  const outerSteps = stridesOf(outer);
  const start = box.slice(inner).reduce((sum, range, i) => sum + range.start * steps[inner + i], 0);
  await mapConcurrently(
    Array.from({ length: count }, (_, k) => k),
    READS,
    async (k) => {
      const offset = outer.reduce(
        (sum, n, axis) => sum + (box[axis].start + (Math.floor(k / outerSteps[axis]) % n)) * steps[axis],
        layout.offset + start,
      );
      result.set(await source.read(offset, length, { signal }), k * length);
    },
    signal,
  );
  return result;
}
