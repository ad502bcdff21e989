/**
 * Which phases of chips are equal, bit by bit, so that a model encodes each of them once.
 *
 * Definition: 1 for each pair of phases of which some value differs, else unchanged. Phases are numbered through all chips:
 * chip · phases + phase. An input of one time step belongs to all phases of its chip.
 *
 * Shapes: chips (chip, band · step, y, x) float32; pairs int32, two numbers each; different uint32, one number per pair.
 * Error: none. Bytes per pair: at most 8 per value; the CPU stops at the first difference.
 */
import { type Backend, type DeviceTensor, defineKernel, type KernelTable } from '../gpu/index.js';
import { compose, equalPhasesShader } from '../shaders/index.js';
import { requireLength } from './check.js';
import { module, run } from './cpu/equal-phases.js';

export const EQUAL_PHASES = {
  bindings: {
    chips: { access: 'read', dtype: 'float32' },
    pairs: { access: 'read', dtype: 'int32' },
    different: { access: 'atomic', dtype: 'uint32' },
  },
  parameters: { pairs_count: 'u32', pixels: 'u32', bands: 'u32', steps: 'u32', phases: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `markDifferent`. */
export const equalPhasesKernel = defineKernel({
  name: 'equal-phases',
  ...EQUAL_PHASES,
  shader: compose(equalPhasesShader, []),
  grid: ({ pixels, bands, pairs_count }) => [pixels, bands, pairs_count],
  cpu: { module, run, rows: ({ bands, pairs_count }) => bands * pairs_count },
});

/** Arguments of `markDifferent`. */
export interface EqualPhasesOptions {
  /** The chips of one input. */
  chips: DeviceTensor;
  /** Pixels of a chip. */
  pixels: number;
  bands: number;
  /** Time steps of the input: `phases`, or 1. */
  steps: number;
  /** Phases of a chip. */
  phases: number;
  /** Two phases each. */
  pairs: DeviceTensor;
  /** Set to 1 for pairs that differ. */
  different: DeviceTensor;
}

/** Marks the pairs of phases that differ in one input. */
export function markDifferent(backend: Backend, options: EqualPhasesOptions): void {
  const { chips, pixels, bands, steps, phases, pairs, different } = options;
  requireLength('equal phases', pairs, 2 * different.length);
  backend.run(equalPhasesKernel, {
    tensors: { chips, pairs, different },
    parameters: { pairs_count: different.length, pixels, bands, steps, phases },
  });
}
