/** Models whose encoder sees one phase of one chip at a time: where its planes lie, and which phases are equal. */
import type { ModelInput, ModelSpec } from './model-spec.js';
import { timeSteps } from './model-spec.js';

/** The encoder's output and the decoder's input. */
export const FEATURES = 'features';

/** Work of the encoder, for reports. */
export interface PhaseCounters {
  /** Runs of the encoder: one phase of one chip each. */
  phasesEncoded: number;
  /** Phases that took the features of an equal one. */
  phasesReused: number;
}

/** Where the bands of one chip in one phase begin, in a batch of shape `inputShape`; each is a chip's pixels long. */
export function planeOffsets(spec: ModelSpec, input: ModelInput, chip: number, phase: number): number[] {
  const steps = timeSteps(spec, input);
  const step = steps === 1 ? 0 : phase;
  const bands = input.bands.length;
  return input.bands.map((_, band) => ((chip * bands + band) * steps + step) * spec.chip.size ** 2);
}

/**
 * For each phase of each chip of a batch, chip by chip, the first that is equal to it bit for bit: itself, where none is.
 * @param values the batch by input name, in the shapes of `inputShape`
 * @param chips how many of the batch count, from its start
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
  const planesOf = (place: number): Uint32Array[] =>
    spec.inputs.flatMap((input) =>
      planeOffsets(spec, input, Math.floor(place / phases), place % phases).map((offset) =>
        (words.get(input.name) ?? new Uint32Array(0)).subarray(offset, offset + plane),
      ),
    );
  const seen = new Map<number, { place: number; planes: Uint32Array[] }[]>();
  return Array.from({ length: chips * phases }, (_, place) => {
    const planes = planesOf(place);
    const hash = hashOf(planes);
    const alike = seen.get(hash) ?? [];
    const twin = alike.find((candidate) => isEqual(candidate.planes, planes));
    if (twin !== undefined) return twin.place;
    seen.set(hash, [...alike, { place, planes }]);
    return place;
  });
}

/** FNV-1a over 32-bit words: finds what may be equal, which the bits themselves decide. */
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
