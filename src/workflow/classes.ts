/** The layers of maps; classes from probabilities, and their colours. */
import type { MapSpec } from '../inference/node/index.js';

/** The nodata value of class maps. */
export const CLASS_NODATA = 255;

/** The layers of a map: its classes, or the quantities that it estimates. */
export function layersOf(output: MapSpec['output']): readonly { name: string; units?: string | undefined }[] {
  return 'values' in output ? output.values : output.classes;
}

/** The planes of rows, (layer, row, x). */
export function planesOf(rows: Float32Array, layers: number): Float32Array[] {
  const size = rows.length / layers;
  return Array.from({ length: layers }, (_, k) => rows.subarray(k * size, (k + 1) * size));
}

/** For classes that do not exclude each other: 1 where the probability is above `threshold`, else 0. NaN becomes 255. */
export function isAbove(probability: Float32Array, threshold: number): Uint8Array {
  const result = new Uint8Array(probability.length);
  for (let i = 0; i < result.length; i++) {
    const p = probability[i];
    result[i] = Number.isNaN(p) ? CLASS_NODATA : p > threshold ? 1 : 0;
  }
  return result;
}

/**
 * The class of each pixel. With two classes: 1 where the probability of the second is above `threshold`, else 0. With
 * more: the most probable, on ties the lowest. NaN becomes 255.
 * @param probability (class, pixel) in C order
 */
export function classify(probability: Float32Array, classes: number, threshold: number): Uint8Array {
  const pixels = probability.length / classes;
  const result = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    if (Number.isNaN(probability[i])) {
      result[i] = CLASS_NODATA;
    } else if (classes === 2) {
      result[i] = probability[pixels + i] > threshold ? 1 : 0;
    } else {
      let best = 0;
      for (let c = 1; c < classes; c++) {
        if (probability[c * pixels + i] > probability[best * pixels + i]) best = c;
      }
      result[i] = best;
    }
  }
  return result;
}

/** `#1f78b4` as red, green and blue from 0 to 255. */
export function parseColour(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
