import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

const word = new DataView(new ArrayBuffer(4));

/** The number that a stored value's bits stand for. */
function nodataValue(bits: number, isFloat: boolean): number {
  word.setUint32(0, bits);
  return isFloat ? word.getFloat32(0) : bits;
}

export function run(
  { source, destination }: CpuTensors<'source' | 'destination'>,
  parameters: KernelParameters<'count' | 'nodata_kind' | 'nodata_bits' | 'scale' | 'offset' | 'stored_type'>,
  start: number,
  end: number,
): void {
  const { count, nodata_kind, nodata_bits, stored_type } = parameters;
  const scale = Math.fround(parameters.scale);
  const offset = Math.fround(parameters.offset);
  const to = Math.min(count, end * FLAT_PIECE);
  if (nodata_kind === 0) {
    // NaN stays NaN through the arithmetic.
    for (let i = start * FLAT_PIECE; i < to; i++) destination[i] = source[i] * scale + offset;
    return;
  }
  if (stored_type !== 6) {
    const signed = stored_type === 1 || stored_type === 3 || stored_type === 5;
    const nodata = signed ? nodata_bits | 0 : nodata_bits >>> 0;
    for (let i = start * FLAT_PIECE; i < to; i++) {
      const value = source[i];
      destination[i] = value === nodata ? Number.NaN : value * scale + offset;
    }
    return;
  }
  const nodata = Math.fround(0.5 * nodataValue(nodata_bits, true));
  for (let i = start * FLAT_PIECE; i < to; i++) {
    const stored = source[i];
    const value = Math.fround(0.5 * stored);
    const near =
      Math.abs(Math.fround(value - nodata)) < Math.fround(Math.abs(Math.fround(value + nodata)) * 2 ** -22);
    destination[i] = value === nodata || near ? Number.NaN : stored * scale + offset;
  }
}
