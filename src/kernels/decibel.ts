/**
 * Backscatter power to decibel and back, in place.
 *
 * Definition: `dB = 10 · log10(power)`; `power = 10^(dB / 10)`. Powers that are zero, negative, subnormal or
 * infinite have no decibel and become NaN: in calibrated radar images they mean no data.
 *
 * Shapes: float32 of any shape. Error: 1e-4 dB; 4e-6 relative for powers (log2 and exp2 of WGSL, 3 ulp and
 * 3 + 2|x| ulp). NaN exactly where the CPU has NaN. Bytes per value: 8.
 */
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { decibelShader } from '../shaders/index.js';
import * as cpu from './cpu/decibel.js';
import { perValue } from './grid.js';

export const DECIBEL = {
  bindings: { values: { access: 'read_write', dtype: 'float32' } },
  parameters: { count: 'u32' },
  constants: { to_linear: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `linearToDecibel` and `decibelToLinear`. */
export const decibelKernel = perValue('decibel', DECIBEL, decibelShader, ['missing'], cpu);

function convert(backend: Backend, values: DeviceTensor, to_linear: 0 | 1): void {
  backend.run(decibelKernel, { tensors: { values }, parameters: { count: values.length, to_linear } });
}

/** Linear power to dB, in place. */
export function linearToDecibel(backend: Backend, values: DeviceTensor): void {
  convert(backend, values, 0);
}

/** dB to linear power, in place. */
export function decibelToLinear(backend: Backend, values: DeviceTensor): void {
  convert(backend, values, 1);
}
