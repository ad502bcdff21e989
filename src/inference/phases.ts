/** Phases of models in two graphs, whose encoder takes one phase of one chip: their offsets, and which are equal. */
import type { ModelInput, ModelSpec } from './model-spec.js';
import { timeSteps } from './model-spec.js';

/** The encoder's output and the decoder's input. */
export const FEATURES = 'features';

/** Counters of the encoder's work, for reports. */
export interface PhaseCounters {
  /** Runs of the encoder, each on one phase of one chip. */
  phasesEncoded: number;
  /** Phases that reused the features of an equal phase. */
  phasesReused: number;
}

/** Offsets of the bands of one chip in one phase, in a batch of shape `inputShape`; each has `chip.size`² values. */
export function planeOffsets(spec: ModelSpec, input: ModelInput, chip: number, phase: number): number[] {
  const steps = timeSteps(spec, input);
  const step = steps === 1 ? 0 : phase;
  const bands = input.bands.length;
  return input.bands.map((_, band) => ((chip * bands + band) * steps + step) * spec.chip.size ** 2);
}

/**
 * The index of the first bitwise equal phase, for each phase of each chip (index = chip · phases + phase). A phase without
 * an equal one has its own index.
 * @param values the batch by input name, in the shapes of `inputShape`
 * @param chips the number of chips to compare, from the start of the batch
 */
export function firstEqualPhases(
  spec: ModelSpec,
  values: ReadonlyMap<string, Float32Array>,
  chips: number,
): number[] {
  const phases = spec.phases.length;
  const plane = spec.chip.size ** 2;
  const words = new Map(
    [...values].map(([name, { buffer, byteOffset, length }]) => [
      name,
      new Uint32Array(buffer, byteOffset, length),
    ]),
  );
  const planesOf = (index: number): Uint32Array[] =>
    spec.inputs.flatMap((input) =>
      planeOffsets(spec, input, Math.floor(index / phases), index % phases).map((offset) =>
        (words.get(input.name) ?? new Uint32Array(0)).subarray(offset, offset + plane),
      ),
    );
  const byHash = new Map<number, { index: number; planes: Uint32Array[] }[]>();
  return Array.from({ length: chips * phases }, (_, index) => {
    const planes = planesOf(index);
    const hash = hashOf(planes);
    const candidates = byHash.get(hash) ?? [];
    const equal = candidates.find((candidate) => isEqual(candidate.planes, planes));
    if (equal !== undefined) return equal.index;
    byHash.set(hash, [...candidates, { index, planes }]);
    return index;
  });
}

/** FNV-1a over 32-bit words. */
function hashOf(planes: readonly Uint32Array[]): number {
  let hash = 0x811c9dc5;
  for (const words of planes) {
    for (let k = 0; k < words.length; k++) hash = Math.imul(hash ^ words[k], 0x01000193);
  }
  return hash;
}

function isEqual(a: readonly Uint32Array[], b: readonly Uint32Array[]): boolean {
  return a.every((words, k) => words.every((word, i) => word === b[k][i]));
}
