/** Which weights of a checkpoint are taken: those that were trained, or their moving average (EMA). */
import { invalidOption } from '../../errors.js';
import type { ReadOptions } from '../../io/index.js';
import type { StridedTensor } from './strided.js';

export const WEIGHTS = ['trained', 'ema'] as const;
/** The trained weights, or their moving average. */
export type Weights = (typeof WEIGHTS)[number];

/** Options of `openCheckpoint`. */
export interface CheckpointOptions extends ReadOptions {
  /** Which weights are taken, where a file has both (default `trained`). */
  weights?: Weights;
}

/** Averaged weights among the others. */
const EMA_PREFIX = /^(?:module\.)?(?:ema_model|model_ema|ema)\.(?:module\.)?/;

/** Whether a tensor has the name of an averaged weight. */
export function isAveraged(key: string): boolean {
  return EMA_PREFIX.test(key);
}

/** The tensors that were chosen, and whether averaged weights were left out. */
export interface ChosenTensors {
  readonly tensors: ReadonlyMap<string, StridedTensor>;
  readonly leavesEma: boolean;
}

/**
 * Chooses between trained and averaged weights. Averaged ones without others are taken in any case.
 * @param name the file, for messages
 * @param beside averaged weights in a dictionary of their own
 * @throws {TerrachipError} INVALID_OPTION for `ema` where there is none
 */
export function chooseWeights(
  name: string,
  tensors: ReadonlyMap<string, StridedTensor>,
  weights: Weights = 'trained',
  beside: ReadonlyMap<string, StridedTensor> = new Map(),
): ChosenTensors {
  const inside = new Map<string, StridedTensor>();
  const trained = new Map<string, StridedTensor>();
  for (const [key, tensor] of tensors) {
    if (isAveraged(key)) inside.set(key.replace(EMA_PREFIX, ''), tensor);
    else trained.set(key, tensor);
  }
  const averaged = beside.size > 0 ? beside : inside;
  if (weights === 'ema' && averaged.size === 0) {
    throw invalidOption('weights', `cannot be ema: ${name} holds no averaged weights`, 'leave it out');
  }
  if (weights === 'ema' || trained.size === 0) return { tensors: averaged, leavesEma: false };
  return { tensors: trained, leavesEma: averaged.size > 0 };
}
