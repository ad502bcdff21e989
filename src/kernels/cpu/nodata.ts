import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';
import { convertStored } from './stored-values.js';

export const module = import.meta.url;

export function run(
  { source, destination }: CpuTensors<'source' | 'destination'>,
  parameters: KernelParameters<'count' | 'nodata_kind' | 'nodata_bits' | 'scale' | 'offset' | 'stored_type'>,
  start: number,
  end: number,
): void {
  const from = start * FLAT_PIECE;
  convertStored(source, from, Math.min(parameters.count, end * FLAT_PIECE), destination, from, parameters);
}
