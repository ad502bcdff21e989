/**
 * Units of pixel values. They are declared, never guessed: the published flood notebook fed radar power to a model
 * trained on decibels, without an error.
 */
import { invalidInput } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { decibelToLinear, harmonise, linearToDecibel, reflectanceToDigital } from '../kernels/index.js';

/**
 * `dn_harmonised`: Sentinel-2 digital numbers, reflectance × 10 000, without offset. `dn_offset_1000`: with the offset
 * of 1000 since processing baseline 04.00. `linear_power`: radar backscatter. `display_8bit`: red, green and blue from 0
 * to 255, as in Sentinel-2’s true-colour image. `class` and `bits` are categories. `none`: values as they are stored, for
 * data without a known unit; a model input in `none` takes data in any unit unchanged.
 */
export const UNITS = [
  'dn_harmonised',
  'dn_offset_1000',
  'reflectance',
  'display_8bit',
  'linear_power',
  'dB',
  'm',
  'class',
  'bits',
  'none',
] as const;
/** The unit of a band's values. */
export type Units = (typeof UNITS)[number];

/** Whether values are categories, which cannot be interpolated. */
export function isCategorical(units: Units): boolean {
  return units === 'class' || units === 'bits';
}

/** Changes values in place on the device: float32, NaN for no data. */
export type UnitStep = (backend: Backend, values: DeviceTensor) => void;

/** Steps that convert one unit to another; null for no step. */
export interface UnitConversion {
  /** On source pixels, before resampling: values must be clamped at 0 there. */
  readonly source: UnitStep | null;
  /** On resampled values, so that power is averaged as power. */
  readonly resampled: UnitStep | null;
}

/**
 * The conversion between two units.
 * @param what names the input, for messages
 * @throws {TerrachipError} INVALID_INPUT for units without a conversion
 */
export function unitConversion(from: Units, to: Units, what: string): UnitConversion {
  if (from === to || to === 'none') return { source: null, resampled: null };
  if (from === 'linear_power' && to === 'dB') return { source: null, resampled: linearToDecibel };
  if (from === 'dB' && to === 'linear_power') return { source: null, resampled: decibelToLinear };
  if (from === 'dn_offset_1000' && to === 'dn_harmonised') return { source: harmonise, resampled: null };
  if (from === 'reflectance' && to === 'dn_harmonised')
    return { source: reflectanceToDigital, resampled: null };
  throw invalidInput(
    what,
    `is in ${from}, but ${to} is wanted, and there is no conversion between them`,
    'convert the data, or choose what takes it as it is',
  );
}

/** Checks a sample of valid values against what the unit allows. @throws {TerrachipError} INVALID_INPUT */
export function checkPlausible(units: Units, values: Float32Array | Float64Array, what: string): void {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) return;
  const problem = implausible(units, least, most, values);
  if (problem !== null) {
    throw invalidInput(
      what,
      `declares its units as ${units}, but ${problem}`,
      'declare the units that the data has',
    );
  }
}

function implausible(
  units: Units,
  least: number,
  most: number,
  values: Float32Array | Float64Array,
): string | null {
  switch (units) {
    case 'linear_power':
      return least < 0 ? `holds negative values (down to ${show(least)}), which power cannot be` : null;
    case 'dB':
      // Power has zeros, and small negative values from noise correction; no scene in dB is as bright.
      return least > -1 && most > 0
        ? `none of its values is below −1 (they go from ${show(least)} to ${show(most)}), as it is with power`
        : null;
    case 'reflectance': {
      const valid = values.filter((value) => Number.isFinite(value)).sort();
      const median = valid[valid.length >> 1];
      return median > 2 ? `its median is ${show(median)}, above 2` : null;
    }
    case 'display_8bit':
      return least < 0 || most > 255
        ? `its values go from ${show(least)} to ${show(most)}, beyond 0 to 255`
        : null;
    case 'none':
      return null;
    case 'dn_harmonised':
    case 'dn_offset_1000':
      if (least < 0) return `holds negative values (down to ${show(least)})`;
      return most <= 2 && most > 0 ? `its largest value is ${show(most)}, as of reflectance` : null;
    case 'm':
      return least < -12_000 || most > 10_000 ? `its values go from ${show(least)} to ${show(most)} m` : null;
    case 'class':
    case 'bits':
      return !Number.isInteger(least) || !Number.isInteger(most) ? 'its values are not whole numbers' : null;
  }
}

function show(value: number): string {
  return String(Number(value.toPrecision(4)));
}
