import { expect } from 'vitest';

/** The largest difference of two arrays. NaN equals only NaN. */
function compare(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): { pass: boolean; message: () => string } {
  if (received.length !== expected.length) {
    return { pass: false, message: () => `expected ${expected.length} values, got ${received.length}` };
  }
  let worst = 0;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    const sameGap = Number.isNaN(received[i]) && Number.isNaN(expected[i]);
    const difference = sameGap || received[i] === expected[i] ? 0 : Math.abs(received[i] - expected[i]);
    if (!(difference <= worst)) {
      worst = Number.isNaN(difference) ? Infinity : difference;
      at = i;
    }
  }
  return {
    pass: worst <= tolerance,
    message: () =>
      at < 0
        ? `expected the arrays to differ`
        : `at ${at}: got ${received[at]}, expected ${expected[at]} ± ${tolerance} (off by ${worst})`,
  };
}

expect.extend({
  toBeCloseToArray(received: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 0) {
    return compare(received, expected, tolerance);
  },
});

/** Same bytes of typed arrays of one kind are equal; vitest alone compares a megabyte by element in seconds. */
expect.addEqualityTesters([
  (a: unknown, b: unknown) => {
    if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return undefined;
    const isSameKind = Object.getPrototypeOf(a) === Object.getPrototypeOf(b);
    return isSameKind && Buffer.compare(bytesOf(a), bytesOf(b)) === 0 ? true : undefined;
  },
]);

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

declare module 'vitest' {
  interface Matchers {
    /** Each value is within an absolute tolerance (default 0), and NaN exactly where NaN is expected. */
    toBeCloseToArray(expected: ArrayLike<number>, tolerance?: number): void;
  }
}
