/**
 * Masks from class maps and from bit fields of quality bands.
 *
 * Definition: 1 where `(stored >> first) & (2^width − 1)` is one of some numbers, else 0. Negative integers count in
 * two's complement; float32 must be whole numbers from 0 to 2²⁴ − 1, and anything else, NaN too, gives 0.
 *
 * Shapes: source of any tensor type, mask uint8 of as many values. Error: none. Bytes per value: its stored size + 1.
 */
import { invalidInput } from '../errors.js';
import { bytesPerElement } from '../geo/dtype.js';
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { fieldMaskShader } from '../shaders/index.js';
import { requireLength } from './check.js';
import * as cpu from './cpu/field-mask.js';
import { perValue } from './grid.js';
import { STORED_TYPES } from './stored-types.js';

export const FIELD_MASK = {
  bindings: {
    source: { access: 'read', dtype: 'any' },
    mask: { access: 'write', dtype: 'uint8' },
  },
  parameters: {
    count: 'u32',
    first_bit: 'u32',
    width: 'u32',
    // One bit for each number from 0 to 255.
    numbers_0: 'u32',
    numbers_1: 'u32',
    numbers_2: 'u32',
    numbers_3: 'u32',
    numbers_4: 'u32',
    numbers_5: 'u32',
    numbers_6: 'u32',
    numbers_7: 'u32',
  },
  constants: { stored_type: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `bitMask` and `classMask`. */
export const fieldMaskKernel = perValue(
  'field-mask',
  FIELD_MASK,
  fieldMaskShader,
  ['missing', 'stored'],
  cpu,
  4,
);

/** Bits of a quality band that together mean a number: Landsat's cloud confidence is bits 8 and 9 of QA_PIXEL. */
export interface BitField {
  /** The lowest bit, from 0. */
  first: number;
  /** Number of bits, at most 8 (default 1). */
  width?: number;
  /** The numbers that are masked (default: all but 0). */
  values?: readonly number[];
}

const MAX_WIDTH = 8;

/**
 * Writes into `mask` (uint8) where a bit field of a quality band holds one of some numbers.
 * @param source a band as it is stored, or as float32 resampled by nearest
 * @throws {TerrachipError} INVALID_INPUT for bits that the band does not have, or numbers that they cannot hold
 */
export function bitMask(backend: Backend, source: DeviceTensor, field: BitField, mask: DeviceTensor): void {
  const { first, width = 1 } = field;
  const bits = source.dtype === 'float32' ? 24 : 8 * bytesPerElement(source.dtype);
  const whole = Number.isInteger(first) && Number.isInteger(width);
  if (!whole || first < 0 || width < 1 || width > MAX_WIDTH || first + width > bits) {
    throw invalidInput(
      `a field of ${width} bits from bit ${first} on`,
      `is not in a band of ${bits} bits`,
      `give whole numbers, and at most ${MAX_WIDTH} bits`,
    );
  }
  const values = field.values ?? Array.from({ length: 2 ** width - 1 }, (_, k) => k + 1);
  markField(backend, source, { first, width, values }, mask);
}

/** Classes of Sentinel-2's scene classification (SCL), by Sen2Cor's numbers. */
export const SCL = {
  noData: 0,
  saturated: 1,
  dark: 2,
  cloudShadow: 3,
  vegetation: 4,
  bareSoil: 5,
  water: 6,
  unclassified: 7,
  cloudMediumProbability: 8,
  cloudHighProbability: 9,
  thinCirrus: 10,
  snow: 11,
} as const;

/** SCL classes that hide the ground: shadows, clouds of medium and high probability, and cirrus. */
export const SCL_CLOUDS: readonly number[] = [
  SCL.cloudShadow,
  SCL.cloudMediumProbability,
  SCL.cloudHighProbability,
  SCL.thinCirrus,
];

/**
 * Writes the mask (uint8) of the pixels with one of some classes, such as `SCL_CLOUDS`.
 * @param source a class map of any type, including float32 after resampling by nearest
 * @param classes from 0 to 255
 * @throws {TerrachipError} INVALID_INPUT for a class that is not a whole number from 0 to 255
 */
export function classMask(
  backend: Backend,
  source: DeviceTensor,
  classes: readonly number[],
  mask: DeviceTensor,
): void {
  // All bits: 259 is not class 3.
  markField(backend, source, { first: 0, width: 32, values: classes }, mask);
}

function markField(
  backend: Backend,
  source: DeviceTensor,
  { first, width, values }: Required<BitField>,
  mask: DeviceTensor,
): void {
  requireLength('a mask', source, mask.length);
  const words = new Uint32Array(8);
  for (const value of values) {
    const most = Math.min(255, 2 ** width - 1);
    if (!Number.isInteger(value) || value < 0 || value > most) {
      const remedy = `give whole numbers from 0 to ${most}`;
      throw invalidInput(`the value ${value} for a mask`, 'is impossible', remedy);
    }
    words[value >> 5] |= 1 << (value & 31);
  }
  backend.run(fieldMaskKernel, {
    tensors: { source, mask },
    parameters: {
      count: mask.length,
      first_bit: first,
      width,
      numbers_0: words[0],
      numbers_1: words[1],
      numbers_2: words[2],
      numbers_3: words[3],
      numbers_4: words[4],
      numbers_5: words[5],
      numbers_6: words[6],
      numbers_7: words[7],
      stored_type: STORED_TYPES.indexOf(source.dtype),
    },
  });
}
