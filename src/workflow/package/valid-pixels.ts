/** Which pixels of a grid have data in all bands: one bit per pixel, so that the mask of a large grid stays small. */
import type { RowRange } from '../../geo/index.js';

/** A mask of a grid, read by rows: 1 or 0, (row, x) in C order. */
export interface RowMask {
  readonly width: number;
  readonly height: number;
  rows(range: RowRange): Uint8Array;
}

export class ValidPixels implements RowMask {
  readonly width: number;
  readonly height: number;
  /** Each row begins with a byte of its own; the first pixel is the lowest bit. */
  readonly #bits: Uint8Array;
  readonly #rowBytes: number;

  /** All pixels are valid. */
  constructor({ width, height }: { readonly width: number; readonly height: number }) {
    this.width = width;
    this.height = height;
    this.#rowBytes = Math.ceil(width / 8);
    this.#bits = new Uint8Array(this.#rowBytes * height).fill(255);
  }

  /**
   * Marks pixels without data: NaN and infinities.
   * @param values whole rows of one band from `firstRow` on
   */
  restrict(values: Float32Array, firstRow: number): void {
    const { width } = this;
    const rows = values.length / width;
    for (let row = 0; row < rows; row++) {
      const start = row * width;
      const bits = (firstRow + row) * this.#rowBytes;
      for (let x = 0; x < width; x += 8) {
        const at = start + x;
        if (x + 8 <= width) {
          const left = values[at] + values[at + 1] + (values[at + 2] + values[at + 3]);
          const right = values[at + 4] + values[at + 5] + (values[at + 6] + values[at + 7]);
          const sum = left + right;
          // Eight finite numbers have a finite sum in float64, and only a finite number has the difference 0 to itself.
          if (sum - sum === 0) continue;
        }
        for (let i = x; i < Math.min(width, x + 8); i++) {
          if (!Number.isFinite(values[start + i])) this.#bits[bits + (i >> 3)] &= ~(1 << (i & 7));
        }
      }
    }
  }

  /** The bits, as `intersect` takes them. */
  get bytes(): Uint8Array {
    return this.#bits;
  }

  /** Keeps the pixels that are valid in another mask of the same size too. @param bytes of the other */
  intersect(bytes: Uint8Array): void {
    for (let k = 0; k < this.#bits.length; k++) this.#bits[k] &= bytes[k];
  }

  rows({ start, end }: RowRange): Uint8Array {
    const { width } = this;
    const result = new Uint8Array((end - start) * width).fill(1);
    for (let row = start, at = 0; row < end; row++, at += width) {
      for (let k = 0; k < this.#rowBytes; k++) {
        const byte = this.#bits[row * this.#rowBytes + k];
        if (byte === 255) continue;
        for (let x = 8 * k; x < Math.min(width, 8 * k + 8); x++) result[at + x] = (byte >> (x & 7)) & 1;
      }
    }
    return result;
  }
}

/** Rows of a mask that are held at a time. */
const ROWS = 512;

/** All rows of a mask, from top to bottom, in pieces. */
export function* rowsOf(mask: RowMask): Generator<Uint8Array> {
  for (let start = 0; start < mask.height; start += ROWS) {
    yield mask.rows({ start, end: Math.min(mask.height, start + ROWS) });
  }
}

/** The share of pixels that are 1. */
export function shareOf(mask: RowMask): number {
  let count = 0;
  for (const rows of rowsOf(mask)) for (let i = 0; i < rows.length; i++) count += rows[i];
  return count / (mask.width * mask.height);
}
