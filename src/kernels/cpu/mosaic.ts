import type { KernelRun } from '../../gpu/index.js';
import type { MOSAIC } from '../mosaic.js';
import { MOSAIC_METHODS } from '../mosaic-methods.js';

export const module = import.meta.url;

/** Pixels per tile, combined layer by layer. */
const TILE = 2048;

const sums = new Float64Array(TILE);
const counts = new Uint32Array(TILE);

export const run: KernelRun<typeof MOSAIC> = ({ layers, destination }, parameters, start, end) => {
  const { first } = parameters;
  const method = MOSAIC_METHODS[parameters.method];
  for (let from = start; from < end; from += TILE) {
    const n = Math.min(TILE, end - from);
    if (method === 'median') medians(layers, parameters.layers, parameters.stride, from, n);
    else {
      sums.fill(0, 0, n);
      counts.fill(0, 0, n);
      for (let k = 0; k < parameters.layers; k++) addLayer(layers, k * parameters.stride + from, n, method);
    }
    for (let i = 0; i < n; i++) {
      const value = method === 'mean' ? sums[i] / counts[i] : sums[i];
      destination[first + from + i] = method === 'count' ? counts[i] : counts[i] === 0 ? Number.NaN : value;
    }
  }
};

function addLayer(
  layers: Float32Array,
  at: number,
  n: number,
  method: (typeof MOSAIC_METHODS)[number],
): void {
  for (let i = 0; i < n; i++) {
    const value = layers[at + i];
    if (!Number.isFinite(value)) continue;
    const known = counts[i]++ > 0;
    if (!known || method === 'last') sums[i] = value;
    else if (method === 'mean' || method === 'sum') sums[i] += value;
    else if (method === 'min') sums[i] = Math.min(sums[i], value);
    else if (method === 'max') sums[i] = Math.max(sums[i], value);
  }
}

/** Above this many layers the engine's sort is faster than insertion sort. */
const FEW = 32;

function medians(layers: Float32Array, layerCount: number, stride: number, from: number, n: number): void {
  const sorted = new Float32Array(layerCount);
  for (let i = 0; i < n; i++) {
    let valid = 0;
    for (let k = 0; k < layerCount; k++) {
      const value = layers[k * stride + from + i];
      if (!Number.isFinite(value)) continue;
      let place = valid++;
      if (layerCount <= FEW) {
        for (; place > 0 && sorted[place - 1] > value; place--) sorted[place] = sorted[place - 1];
      }
      sorted[place] = value;
    }
    if (layerCount > FEW) sorted.subarray(0, valid).sort();
    counts[i] = valid;
    sums[i] = 0.5 * sorted[(valid - 1) >> 1] + 0.5 * sorted[valid >> 1];
  }
}
