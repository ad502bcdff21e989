/** Chips one by one, from wherever they come: what a model sees of a place and a time. */

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

/** A chip for an encoder: where, when, and its values. */
export interface Chip {
  /** Unique in its source. */
  readonly id: string;
  readonly crs: Crs;
  /** Of all its pixels, in `crs`. */
  readonly bounds: Bounds;
  /** When its images were taken; null where nobody says. */
  readonly interval: TimeInterval | null;
  /** In the model's units, NaN for no data. */
  readonly inputs: ChipValues | StripColumn;
}

/**
 * Values by input name, (band, y, x), with the phase before y for temporal inputs of models that see several.
 */
export type ChipValues = ReadonlyMap<string, Float32Array>;

/** A chip that is to be cut out of a strip on the device, until the source is asked for the next one. */
export interface StripColumn {
  readonly strip: Strip;
  /** Which of the strip's row of chips. */
  readonly column: number;
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
export function chipValues(spec: ModelSpec, input: ModelInput): number {
  return sizeOf(inputShape(spec, input, 1));
}

/**
 * Hands a chip to `use` as a column of a strip: one that is in memory is uploaded for it as a scene of its size.
 * @throws {TerrachipError} INVALID_INPUT for a chip that lacks an input, or has it in another size
 */
export async function withStrip<T>(
  backend: Backend,
  spec: ModelSpec,
  { id, inputs }: Chip,
  use: (column: StripColumn) => Promise<T>,
): Promise<T> {
  if ('strip' in inputs) return use(inputs);
  const { size, stride } = spec.chip;
  const images = spec.inputs.flatMap((input) => imagesOf(backend, spec, input, inputs.get(input.name), id));
  const strips = new SceneStrips(backend, spec, images, createChipLayout(size, size, size, stride));
  try {
    return await use({ strip: await strips.under(0), column: 0 });
  } finally {
    strips.dispose();
  }
}

/** The images of an input, a phase each, as a scene of the chip's size has them. */
function imagesOf(
  backend: Backend,
  spec: ModelSpec,
  input: ModelInput,
  values: Float32Array | undefined,
  id: string,
): SceneImage[] {
  const expected = chipValues(spec, input);
  if (values?.length !== expected) {
    throw invalidInput(
      id,
      `holds ${values?.length ?? 0} values of ${input.name}, not ${expected}`,
      'give chips of the model’s size',
    );
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

/** A number in the id of a chip. */
export function digits(value: number): string {
  return String(value).padStart(5, '0');
}
