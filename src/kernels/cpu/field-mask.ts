import type { KernelRun } from '../../gpu/index.js';
import type { FIELD_MASK } from '../field-mask.js';

export const module = import.meta.url;

export const run: KernelRun<typeof FIELD_MASK> = ({ source, mask }, parameters, start, end) => {
  const { first_bit, width } = parameters;
  const { numbers_0, numbers_1, numbers_2, numbers_3, numbers_4, numbers_5, numbers_6, numbers_7 } =
    parameters;
  const words = [numbers_0, numbers_1, numbers_2, numbers_3, numbers_4, numbers_5, numbers_6, numbers_7];
  const wanted = Uint8Array.from({ length: 256 }, (_, number) => (words[number >> 5] >>> (number & 31)) & 1);
  const field = (2 ** width - 1) >>> 0;
  const isFloat = parameters.stored_type === 6;
  for (let i = start; i < end; i++) {
    const value = source[i];
    const whole = !isFloat || (value >= 0 && value < 2 ** 24 && Number.isInteger(value));
    const number = ((value >>> first_bit) & field) >>> 0;
    mask[i] = whole && number < 256 ? wanted[number] : 0;
  }
};
