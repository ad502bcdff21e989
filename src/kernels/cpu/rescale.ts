import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

export function run(
  { values }: CpuTensors<'values'>,
  parameters: KernelParameters<'count' | 'first' | 'origin' | 'factor' | 'low' | 'high' | 'zero_is_missing'>,
  start: number,
  end: number,
): void {
  const { count, first, zero_is_missing } = parameters;
  const origin = Math.fround(parameters.origin);
  const factor = Math.fround(parameters.factor);
  const low = Math.fround(parameters.low);
  const high = Math.fround(parameters.high);
  const to = first + Math.min(count, end * FLAT_PIECE);
  for (let i = first + start * FLAT_PIECE; i < to; i++) {
    const value = values[i];
    if (!Number.isFinite(value) || (zero_is_missing === 1 && value === 0)) {
      values[i] = Number.NaN;
      continue;
    }
    const scaled = Math.fround(Math.fround(value - origin) * factor);
    values[i] = Math.min(Math.max(scaled, low), high);
  }
}
