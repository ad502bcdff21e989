/**
 * Weight windows for blending overlapping chips. They are computed in float64 and never 0, so that a pixel under a single
 * chip always has a value.
 */
import { invalidInput, invalidOption } from '../errors.js';

/** The windows that weight the pixels of a chip, by name. */
export const WINDOW_NAMES = ['boxcar', 'cosine', 'hann', 'gaussian', 'kaiser'] as const;
/** The name of a window that weights the pixels of a chip. */
export type WindowName = (typeof WINDOW_NAMES)[number];

/** A window that weights the pixels of a chip. */
export interface WindowOptions {
  /**
   * With i from 0 to n − 1 over the n pixels of a chip (SciPy's functions are in `scipy.signal.windows`):
   * - `boxcar`: 1.
   * - `cosine` (default): 1 in the middle, and over the overlap of `size − stride` pixels
   *   `sin²(π/2 · (i + ½) / overlap)`: two regular neighbours sum to 1 exactly (`tukey(2n + 1, 2 overlap / n)[1::2]`).
   * - `hann`: `sin²(π (i + ½) / n)`, at half-sample offsets, since the usual window begins with 0 (`hann(2n + 1)[1::2]`).
   * - `gaussian`: `exp(−x² / 2σ²)` at the distance x from the middle (`gaussian(n, σ)`), σ = `deviation` · n.
   * - `kaiser`: `I₀(β √(1 − x²)) / I₀(β)` with x from −1 to 1 (`kaiser(n, β)`).
   */
  window?: WindowName;
  /** Of `gaussian`: standard deviation as a share of the chip's size (default 0.125, as in MONAI). */
  deviation?: number;
  /** Of `kaiser`: β (default 8); 0 is a boxcar. */
  beta?: number;
}

/** The smallest weight: the product of two is still a normal float32. */
const LEAST_WEIGHT = 2 ** -20;

/**
 * The four windows of a chip along one axis, concatenated: without a neighbour, with one before, with one after, with
 * both. On a side without a neighbour the window stays 1 from the middle on.
 * @returns 4 · size values in (0, 1]
 * @throws {TerrachipError} INVALID_INPUT for impossible sizes, INVALID_OPTION for impossible parameters
 */
export function blendWindows(size: number, stride: number, options: WindowOptions = {}): Float32Array {
  if (!Number.isInteger(size) || !Number.isInteger(stride) || stride < 1 || stride > size) {
    const remedy = 'give whole numbers with 1 ≤ stride ≤ size';
    throw invalidInput(`a chip size of ${size} with a stride of ${stride}`, 'has no windows', remedy);
  }
  const rising = risingSide(size, stride, options);
  const windows = new Float32Array(4 * size);
  for (let i = 0; i < size; i++) {
    const before = rising(i);
    const after = rising(size - 1 - i);
    windows[i] = 1;
    windows[size + i] = Math.max(LEAST_WEIGHT, before);
    windows[2 * size + i] = Math.max(LEAST_WEIGHT, after);
    windows[3 * size + i] = Math.max(LEAST_WEIGHT, before * after);
  }
  return windows;
}

/** The rising half of a window, from the side of a neighbour to 1. The product of both halves is the window. */
function risingSide(size: number, stride: number, options: WindowOptions): (i: number) => number {
  const { window = 'cosine', deviation = 0.125, beta = 8 } = options;
  const middle = (size - 1) / 2;
  switch (window) {
    case 'boxcar':
      return () => 1;
    case 'cosine': {
      const overlap = size - stride;
      return (i) => (i < overlap ? Math.sin((Math.PI / 2) * ((i + 0.5) / overlap)) ** 2 : 1);
    }
    case 'hann':
      return (i) => (i < middle ? Math.sin((Math.PI * (i + 0.5)) / size) ** 2 : 1);
    case 'gaussian':
      if (!(deviation > 0) || !Number.isFinite(deviation)) {
        throw invalidOption('deviation', `cannot be ${deviation}`, 'give a positive share of the chip size');
      }
      return (i) => (i < middle ? Math.exp(-(((i - middle) / (deviation * size)) ** 2) / 2) : 1);
    case 'kaiser':
      if (!(beta >= 0) || beta > MAX_BETA) {
        throw invalidOption('beta', `cannot be ${beta}`, `give a number from 0 to ${MAX_BETA}`);
      }
      return (i) =>
        i < middle ? bessel(beta * Math.sqrt(1 - ((i - middle) / middle) ** 2)) / bessel(beta) : 1;
    default:
      throw invalidOption(
        'window',
        `cannot be "${String(window)}"`,
        `choose one of ${WINDOW_NAMES.join(', ')}`,
      );
  }
}

/** Above it the sides of the window are all `LEAST_WEIGHT`. */
const MAX_BETA = 100;

/** The modified Bessel function I₀ by its power series `Σ ((x/2)ᵏ / k!)²`. */
function bessel(x: number): number {
  let sum = 0;
  let term = 1;
  for (let k = 1; term > sum * 2 ** -54; k++) {
    sum += term;
    term *= (x / (2 * k)) ** 2;
  }
  return sum;
}
