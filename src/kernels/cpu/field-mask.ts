import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

type Words = `numbers_${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`;

export function run(
  { source, mask }: CpuTensors<'source' | 'mask'>,
  parameters: KernelParameters<'count' | 'first_bit' | 'width' | 'stored_type' | Words>,
  start: number,
  end: number,
): void {
  const { count, first_bit, width } = parameters;
  const { numbers_0, numbers_1, numbers_2, numbers_3, numbers_4, numbers_5, numbers_6, numbers_7 } =
    parameters;
  const words = [numbers_0, numbers_1, numbers_2, numbers_3, numbers_4, numbers_5, numbers_6, numbers_7];
  const wanted = Uint8Array.from({ length: 256 }, (_, number) => (words[number >> 5] >>> (number & 31)) & 1);
  const field = (2 ** width - 1) >>> 0;
  const isFloat = parameters.stored_type === 6;
  const to = Math.min(count, end * FLAT_PIECE);
  for (let i = start * FLAT_PIECE; i < to; i++) {
    const value = source[i];
    const whole = !isFloat || (value >= 0 && value < 2 ** 24 && Number.isInteger(value));
    const number = ((value >>> first_bit) & field) >>> 0;
    mask[i] = whole && number < 256 ? wanted[number] : 0;
  }
}
