/** Windows of uncompressed arrays in one file: only the window's bytes are read. */

import { tooLarge } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { ByteSource } from '../../io/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { type AxisRange, extentOf } from './array.js';
import { indexAt, stridesOf } from './copy.js';

export interface ContiguousLayout {
  /** The first value's byte in the file. */
  readonly offset: number;
  /** In storage order, the slowest axis first. */
  readonly shape: readonly number[];
  readonly bytesPerValue: number;
  /** Bytes from one index of the first axis to the next, for interleaved data. */
  readonly outerStep?: number;
}

/** Concurrent reads; adjacent ones merge. */
const READS = 256;

/** The most reads of one window, to bound the memory of their offsets. */
const MAX_RUNS = 2 ** 22;

/** The bytes of a box of values, in storage order. The result owns its memory. */
export async function readContiguous(
  source: ByteSource,
  layout: ContiguousLayout,
  ranges: readonly AxisRange[],
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { bytesPerValue } = layout;
  const isInterleaved = layout.outerStep !== undefined && layout.shape.length > 0;
  // A last axis of length 1 keeps every piece within one index of the first axis.
  const shape = isInterleaved ? [...layout.shape, 1] : layout.shape;
  const box = isInterleaved ? [...ranges, { start: 0, end: 1 }] : ranges;
  const extent = extentOf(box);
  const result = new Uint8Array(sizeOf(extent) * bytesPerValue);
  if (result.length === 0) return result;
  const steps = stridesOf(shape).map((step) => step * bytesPerValue);
  if (layout.outerStep !== undefined) steps[0] = layout.outerStep;
  // Axes after `inner` are read whole, so a run along `inner` is one piece.
  let inner = Math.max(0, shape.length - 1);
  while (inner > (isInterleaved ? 1 : 0) && extent[inner] === shape[inner]) inner--;
  const outer = extent.slice(0, inner);
  const count = sizeOf(outer);
  if (count > MAX_RUNS) {
    throw tooLarge(
      `a read of ${source.name} has ${count} pieces, more than ${MAX_RUNS}`,
      'read it in parts',
      { size: count, limit: MAX_RUNS },
    );
  }
  const length = result.length / count;
  const start = box.slice(inner).reduce((sum, range, i) => sum + range.start * steps[inner + i], 0);
  await mapConcurrently(
    Array.from({ length: count }, (_, k) => k),
    READS,
    async (k) => {
      const offset = indexAt(k, outer).reduce(
        (sum, n, axis) => sum + (box[axis].start + n) * steps[axis],
        layout.offset + start,
      );
      result.set(await source.read(offset, length, { signal }), k * length);
    },
    signal,
  );
  return result;
}
