/** Sample chips for a model: from a scene, or synthetic. */
import { sizeOf } from '../../geo/dtype.js';
import { createBackend } from '../../gpu/node/index.js';
import { timeSteps } from '../../inference/model-spec.js';
import { ChipBatch, inputShape, type ModelInput, type ModelSpec } from '../../inference/node/index.js';
import type { Units } from '../../raster/node/index.js';
import { SceneChips } from '../chips/scene.js';
import { DEFAULT_MAX_PIXELS } from '../plan.js';
import { Random } from './random.js';

/** The normalised values of a chip, by input name. */
export type SampleChip = ReadonlyMap<string, Float32Array>;

/** Grid spacing of the random numbers of a smooth field, in pixels. */
const CELL = 16;

/** Units without negative values. */
const POSITIVE: readonly Units[] = [
  'dn_harmonised',
  'dn_offset_1000',
  'reflectance',
  'display_8bit',
  'linear_power',
];

/**
 * Chips at even distances in a scene. Chips without data are dropped.
 * @throws {TerrachipError} as `SceneChips.open`
 */
export async function sampleScene(
  scene: string,
  spec: ModelSpec,
  count: number,
  signal?: AbortSignal,
): Promise<SampleChip[]> {
  using backend = await createBackend({ backend: 'cpu' });
  using batch = new ChipBatch(backend, spec, 1);
  await using source = await SceneChips.open(scene, {
    spec,
    backend,
    maxPixels: DEFAULT_MAX_PIXELS,
    signal,
  });
  const chosen: SampleChip[] = [];
  for (const start of spread(source.count, count)) {
    for await (const { inputs } of source.chips(start, start + 1, signal)) {
      if ((await inputs.strip.validShares())[inputs.column] === 0) continue;
      batch.add(inputs.strip, [inputs.column]);
      chosen.push(await batch.take());
    }
  }
  return chosen;
}

/** Synthetic chips, always the same: smooth fields and noise, with the mean and deviation of every band. */
export function madeUpChips(spec: ModelSpec, count: number): SampleChip[] {
  const random = new Random(1);
  const { size } = spec.chip;
  return Array.from({ length: count }, () => {
    const ground = smoothField(random, size);
    const inputs = new Map<string, Float32Array>();
    for (const input of spec.inputs) inputs.set(input.name, syntheticInput(spec, input, ground, random));
    return inputs;
  });
}

/** Normalised values of one input. */
function syntheticInput(
  spec: ModelSpec,
  input: ModelInput,
  ground: Float32Array,
  random: Random,
): Float32Array {
  const values = new Float32Array(sizeOf(inputShape(spec, input, 1)));
  const steps = timeSteps(spec, input);
  const least = POSITIVE.includes(input.units) ? 0 : -Infinity;
  for (let plane = 0; plane * ground.length < values.length; plane++) {
    const band = Math.floor(plane / steps);
    const own = smoothField(random, spec.chip.size);
    for (const [pixel, shared] of ground.entries()) {
      const deviations = 0.7 * shared + 0.6 * own[pixel] + 0.3 * random.normal();
      values[plane * ground.length + pixel] = Math.max(
        (least - input.mean[band]) / input.std[band],
        deviations,
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

/** `count` evenly spaced integers from 0 to `total` − 1; all of them if there are fewer. */
function spread(total: number, count: number): number[] {
  const length = Math.min(total, count);
  return Array.from({ length }, (_, k) => Math.floor(((k + 0.5) * total) / length));
}
