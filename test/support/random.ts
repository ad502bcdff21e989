/** A seeded random generator of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Random float32 values in [low, high), with a share of NaN. */
export function randomValues(seed: number, length: number, low = 0, high = 1, missing = 0): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length }, () =>
    random() < missing ? Number.NaN : low + (high - low) * random(),
  );
}
