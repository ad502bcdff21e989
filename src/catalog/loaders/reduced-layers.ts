/** Layers of a mosaic: bands of sources, or expressions that are computed for each source before sources are combined. */
import type { Backend } from '../../gpu/index.js';
import {
  type DeviceExpression,
  type Expression,
  type MosaicMethod,
  uploadExpression,
} from '../../kernels/index.js';
import type { LoadPlan } from './plan.js';

/** Sources per group, which are read concurrently and folded together. */
export const FOLDED = 4;

/** What is combined, if not all bands of a plan. */
export interface ReducedLayers {
  /**
   * Names of bands, and expressions of bands by these names, which are computed for each source before sources are combined.
   */
  readonly layers: readonly (string | Expression)[];
  /** The names by which layers call the bands of the plan, in its order. */
  readonly names: readonly string[];
  /** Whether the result has one more plane: how many sources have data, in the layer with the fewest. */
  readonly count: boolean;
}

/** A layer and the bands that it needs, by their indexes in the plan. */
export interface Layer {
  readonly bands: readonly number[];
  /** Null for the band itself. */
  readonly expression: DeviceExpression | null;
}

/** The least of several counts at each pixel. */
export class LeastCounts {
  readonly values: Float32Array;

  constructor(length: number) {
    this.values = new Float32Array(length).fill(Infinity);
  }

  add(counts: Float32Array | Float64Array): void {
    const { values } = this;
    for (let i = 0; i < values.length; i++) if (counts[i] < values[i]) values[i] = counts[i];
  }
}

/** @param reduced default: all bands of the plan */
export function layersOf(
  backend: Backend,
  { bandNames }: Pick<LoadPlan, 'bandNames'>,
  reduced: ReducedLayers | undefined,
): Layer[] {
  if (reduced === undefined) return bandNames.map((_, band) => ({ bands: [band], expression: null }));
  const { layers, names } = reduced;
  return layers.map((layer) =>
    typeof layer === 'string'
      ? { bands: [names.indexOf(layer)], expression: null }
      : {
          bands: layer.bands.map((name) => names.indexOf(name)),
          expression: uploadExpression(backend, layer),
        },
  );
}

/** Planes on the device for the strips of a reduction, at once. */
export function planesOf(
  { bandNames }: Pick<LoadPlan, 'bandNames'>,
  method: MosaicMethod,
  sources: number,
  reduced?: ReducedLayers,
): number {
  const layers = reduced?.layers ?? bandNames;
  const bands = layers.every((layer) => typeof layer === 'string') ? 0 : FOLDED * bandNames.length;
  const counts = reduced?.count === true ? layers.length : 0;
  return (method === 'median' ? sources + 1 : layers.length * (FOLDED + 3)) + bands + counts;
}
