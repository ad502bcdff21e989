/** Chips one by one, from wherever they come: what a model sees of a place and a time. */

import { sizeOf } from '../../geo/dtype.js';
import type { Bounds, Crs, TimeInterval } from '../../geo/index.js';
import {
  type EmbeddingManifest,
  inputShape,
  type ModelInput,
  type ModelManifest,
} from '../../inference/index.js';
import { decidesValidity } from '../../inference/manifest.js';

export interface Chip {
  /** Unique in its source. */
  readonly id: string;
  readonly crs: Crs;
  /** Of all its pixels, in `crs`. */
  readonly bounds: Bounds;
  /** When its images were taken; null where nobody says. */
  readonly interval: TimeInterval | null;
  /**
   * Values by input name, (band, y, x), with the phase before y for temporal inputs of models that see several: in the
   * model's units, NaN for no data.
   */
  readonly inputs: ReadonlyMap<string, Float32Array>;
}

/** Chips in an order that never changes. */
export interface ChipSource {
  readonly count: number;
  /** All that decides the values of its chips, as JSON: what was embedded of an equal source need not be done again. */
  readonly identity: unknown;
  /** Chips from `start` up to, not including, `end`. */
  chips(start: number, end: number, signal?: AbortSignal): AsyncIterable<Chip>;
}

/** The numbers of one chip of an input. */
export function chipValues(manifest: ModelManifest | EmbeddingManifest, input: ModelInput): number {
  return sizeOf(inputShape(manifest, input, 1));
}

/**
 * Writes a chip's values as the model takes them: what is not finite replaced, then less the mean and by the deviation of its band.
 * @param values (band, [phase,] y, x)
 * @param target as many numbers
 */
export function normaliseInto(input: ModelInput, values: Float32Array, target: Float32Array): void {
  const plane = values.length / input.bands.length;
  for (const [band, mean] of input.mean.entries()) {
    const std = input.std[band];
    for (let k = band * plane; k < (band + 1) * plane; k++) {
      target[k] = ((Number.isFinite(values[k]) ? values[k] : input.nodataReplacement) - mean) / std;
    }
  }
}

/** The share of a chip's pixels that have data in everything that decides on it, 0 to 1; the chip has all inputs. */
export function validShare(manifest: ModelManifest | EmbeddingManifest, chip: Chip): number {
  const pixels = manifest.chip.size ** 2;
  const missing = new Uint8Array(pixels);
  for (const input of manifest.inputs) {
    const values = chip.inputs.get(input.name) ?? new Float32Array(0);
    const steps = values.length / input.bands.length / pixels;
    for (let k = 0; k < values.length; k += pixels) {
      const phase = input.kind === 'static' ? undefined : manifest.phases[(k / pixels) % steps];
      if (!decidesValidity(manifest, input, phase)) continue;
      for (let pixel = 0; pixel < pixels; pixel++) {
        if (!Number.isFinite(values[k + pixel])) missing[pixel] = 1;
      }
    }
  }
  return missing.reduce((valid, gap) => valid - gap, pixels) / pixels;
}

/** The chips of several sources, one source after the other. */
export function joinChips(sources: readonly ChipSource[]): ChipSource {
  return {
    count: sources.reduce((sum, { count }) => sum + count, 0),
    identity: sources.map(({ identity }) => identity),
    async *chips(start, end, signal) {
      let before = 0;
      for (const source of sources) {
        const [from, to] = [Math.max(start - before, 0), Math.min(end - before, source.count)];
        if (from < to) yield* source.chips(from, to, signal);
        before += source.count;
      }
    },
  };
}

/** A number in the id of a chip. */
export function digits(value: number): string {
  return String(value).padStart(5, '0');
}
