/** The interface of sources of chips. */

import { invalidInput } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { type Bounds, type Crs, createChipLayout, type TimeInterval } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import {
  inputShape,
  type ModelInput,
  type ModelSpec,
  type SceneImage,
  SceneStrips,
  type Strip,
} from '../../inference/index.js';
import { timeSteps } from '../../inference/model-spec.js';

/** A chip: its place, its time and its values. */
export interface ModelChip {
  /** Unique in the source. */
  readonly id: string;
  readonly crs: Crs;
  /** Outer bounds, in `crs`. */
  readonly bounds: Bounds;
  /** The time of its images; null if unknown. */
  readonly interval: TimeInterval | null;
  /** In the model's units, NaN for no data. */
  readonly inputs: ChipValues | StripColumn;
}

/** Values by input name: (band, y, x), or (band, phase, y, x) for temporal inputs of a model with several phases. */
export type ChipValues = ReadonlyMap<string, Float32Array>;

/** A chip as a part of a strip on the device. It is valid until the next chip is requested. */
export interface StripColumn {
  readonly strip: Strip;
  /** Index of the chip in the strip's row of chips. */
  readonly column: number;
}

/** A source of chips in a fixed order. */
export interface ChipSource {
  readonly count: number;
  /** Everything that affects the chips' values, as JSON. Results of a source with an equal identity can be reused. */
  readonly identity: unknown;
  /** The chips from `start` (inclusive) to `end` (exclusive). */
  chips(start: number, end: number, signal?: AbortSignal): AsyncIterable<ModelChip>;
  /** Throws INVALID_INPUT for a file that has changed since the source was opened (default: none does). */
  requireUnchanged?(signal?: AbortSignal): Promise<void>;
}

/** The number of values of an input in one chip. */
export function chipValues(spec: ModelSpec, input: ModelInput): number {
  return sizeOf(inputShape(spec, input, 1));
}

/**
 * Calls `use` with a chip as a column of a strip. A chip in memory is uploaded as a strip of its own.
 * @throws {TerrachipError} INVALID_INPUT for a chip with a missing input, or one of another size
 */
export async function withStrip<T>(
  backend: Backend,
  spec: ModelSpec,
  { id, inputs }: ModelChip,
  use: (column: StripColumn) => Promise<T>,
): Promise<T> {
  if ('strip' in inputs) return use(inputs);
  const { size, stride } = spec.chip;
  const images = spec.inputs.flatMap((input) => imagesOf(backend, spec, input, inputs.get(input.name), id));
  using strips = new SceneStrips(backend, spec, images, createChipLayout(size, size, size, stride));
  return await use({ strip: await strips.under(0), column: 0 });
}

/** The images of an input, one per phase, like those of a scene of the chip's size. */
function imagesOf(
  backend: Backend,
  spec: ModelSpec,
  input: ModelInput,
  values: Float32Array | undefined,
  id: string,
): SceneImage[] {
  const expected = chipValues(spec, input);
  if (values?.length !== expected) {
    const problem = `holds ${values?.length ?? 0} values of ${input.name}, not ${expected}`;
    throw invalidInput(id, problem, 'give chips of the model’s size');
  }
  const steps = timeSteps(spec, input);
  const pixels = spec.chip.size ** 2;
  const phases = input.kind === 'static' ? [undefined] : spec.phases;
  return phases.map((phase, step) => ({
    input,
    phase,
    async readRows(_, planes) {
      for (const [band, plane] of planes.entries()) {
        const start = (band * steps + step) * pixels;
        backend.write(plane, values.subarray(start, start + pixels));
      }
    },
  }));
}

/** A number in a chip's id, with at least five digits. */
export function digits(value: number): string {
  return String(value).padStart(5, '0');
}
