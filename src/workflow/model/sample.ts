/** Chips to try a model on: of a scene, or made up in the units of its inputs. */

import { createBackend } from '../../gpu/node/index.js';
import type { EmbeddingManifest, ModelInput, ModelManifest } from '../../inference/index.js';
import { timeSteps } from '../../inference/manifest.js';
import type { Units } from '../../raster/node/index.js';
import { chipValues, normaliseInto, SceneChips, validShare } from '../chips/index.js';
import { DEFAULT_MAX_PIXELS } from '../plan.js';
import { Random } from './random.js';

/** A chip's normalised values by input name. */
export type SampleChip = ReadonlyMap<string, Float32Array>;

/** Pixels between the random numbers of a smooth field. */
const CELL = 16;

/** Units whose values are not negative. */
const POSITIVE: readonly Units[] = [
  'dn_harmonised',
  'dn_offset_1000',
  'reflectance',
  'display_8bit',
  'linear_power',
];

/**
 * Chips spread evenly over a scene, of those with any data.
 * @throws {TerrachipError} as `SceneChips.open`
 */
export async function sampleScene(
  scene: string,
  manifest: ModelManifest | EmbeddingManifest,
  count: number,
  signal?: AbortSignal,
): Promise<SampleChip[]> {
  const backend = await createBackend({ backend: 'cpu' });
  try {
    const source = await SceneChips.open(scene, {
      manifest,
      backend,
      maxPixels: DEFAULT_MAX_PIXELS,
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      const chosen: SampleChip[] = [];
      for (const start of spread(source.count, count)) {
        for await (const chip of source.chips(start, start + 1, signal)) {
          if (validShare(manifest, chip) > 0) chosen.push(normalised(manifest, chip.inputs));
        }
      }
      return chosen;
    } finally {
      await source.close();
    }
  } finally {
    backend.dispose();
  }
}

/** The same chips each time: smooth fields and noise around the mean of every band, as wide as its deviation. */
export function madeUpChips(manifest: ModelManifest | EmbeddingManifest, count: number): SampleChip[] {
  const random = new Random(1);
  const { size } = manifest.chip;
  return Array.from({ length: count }, () => {
    const ground = smoothField(random, size);
    const inputs = new Map<string, Float32Array>();
    for (const input of manifest.inputs) inputs.set(input.name, madeUp(manifest, input, ground, random));
    return normalised(manifest, inputs);
  });
}

function madeUp(
  manifest: ModelManifest | EmbeddingManifest,
  input: ModelInput,
  ground: Float32Array,
  random: Random,
): Float32Array {
  const values = new Float32Array(chipValues(manifest, input));
  const steps = timeSteps(manifest, input);
  const least = POSITIVE.includes(input.units) ? 0 : -Infinity;
  for (let plane = 0; plane * ground.length < values.length; plane++) {
    const band = Math.floor(plane / steps);
    const own = smoothField(random, manifest.chip.size);
    for (const [pixel, shared] of ground.entries()) {
      const deviations = 0.7 * shared + 0.6 * own[pixel] + 0.3 * random.normal();
      values[plane * ground.length + pixel] = Math.max(
        least,
        input.mean[band] + deviations * input.std[band],
      );
    }
  }
  return values;
}

/** Standard normal numbers every `CELL` pixels, bilinear between them. */
function smoothField(random: Random, size: number): Float32Array {
  const nodes = Math.ceil(size / CELL) + 1;
  const grid = Float32Array.from({ length: nodes * nodes }, () => random.normal());
  const field = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    const [row, fy] = [Math.floor(y / CELL), (y % CELL) / CELL];
    for (let x = 0; x < size; x++) {
      const [column, fx] = [Math.floor(x / CELL), (x % CELL) / CELL];
      const at = row * nodes + column;
      const upper = grid[at] * (1 - fx) + grid[at + 1] * fx;
      const lower = grid[at + nodes] * (1 - fx) + grid[at + nodes + 1] * fx;
      field[y * size + x] = upper * (1 - fy) + lower * fy;
    }
  }
  return field;
}

function normalised(
  manifest: ModelManifest | EmbeddingManifest,
  inputs: ReadonlyMap<string, Float32Array>,
): SampleChip {
  const result = new Map<string, Float32Array>();
  for (const input of manifest.inputs) {
    const values = inputs.get(input.name) ?? new Float32Array(0);
    const target = new Float32Array(values.length);
    normaliseInto(input, values, target);
    result.set(input.name, target);
  }
  return result;
}

/** `count` of the whole numbers below `total`, evenly, or all of them. */
function spread(total: number, count: number): number[] {
  const length = Math.min(total, count);
  return Array.from({ length }, (_, k) => Math.floor(((k + 0.5) * total) / length));
}
