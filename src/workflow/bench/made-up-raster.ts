/** Made-up pixels: smooth shapes with noise, equal on every machine. */

/** @returns values between about -2 and 2, in C order */
export function madeUpPlane(width: number, height: number, seed: number): Float32Array {
  const values = new Float32Array(width * height);
  const across = Float64Array.from({ length: width }, (_, x) => Math.sin(x / 37 + seed));
  let state = seed + 1;
  for (let y = 0, i = 0; y < height; y++) {
    const down = Math.cos(y / 53);
    for (let x = 0; x < width; x++, i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[i] = across[x] * down + (state >>> 8) / 2 ** 25;
    }
  }
  return values;
}
