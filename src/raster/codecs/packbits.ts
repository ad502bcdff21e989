import type { Decode } from './codec.js';

/** PackBits (TIFF 6.0, section 9): runs of literal or repeated bytes, each after its length. */
export const decode: Decode = (stored, { size }) => {
  const result = new Uint8Array(size);
  let from = 0;
  let to = 0;
  while (to < size && from < stored.length) {
    const head = stored[from++];
    if (head < 128) {
      const run = stored.subarray(from, from + Math.min(head + 1, size - to));
      result.set(run, to);
      from += head + 1;
      to += run.length;
    } else if (head > 128 && from < stored.length) {
      const end = Math.min(size, to + 257 - head);
      result.fill(stored[from++], to, end);
      to = end;
    }
  }
  return result.subarray(0, to);
};
