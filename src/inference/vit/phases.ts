/** Merges the tokens of several phases, and arranges tokens as a map. */
import type { GraphBuilder, Value } from '../onnx/index.js';

export const POOLINGS = ['concat', 'mean', 'max', 'diff'] as const;
/** How the maps of several phases are merged. `diff`: the first of two minus the second. */
export type Pooling = (typeof POOLINGS)[number];

/** The phases of a chip, and how they are merged. */
export interface PhasePooling {
  readonly timestamps: number;
  readonly pooling: Pooling;
}

/**
 * Merges the phases of each chip.
 * @param tokens (chip · phase, token, channel)
 * @returns (chip, token, channel); with `concat` (chip, token, phase · channel)
 */
export function mergePhases(
  graph: GraphBuilder,
  { timestamps, pooling }: PhasePooling,
  tokens: Value,
): Value {
  const [, count, width] = tokens.shape as [string, number, number];
  if (timestamps === 1) return tokens;
  const phases = graph.reshape(tokens, ['chip', timestamps, count, width]);
  if (pooling === 'mean') return graph.mean(phases, 1);
  if (pooling === 'max') return graph.maximum(phases, 1);
  if (pooling === 'diff') {
    const [first, second] = graph.split(phases, 1, [1, 1]);
    return graph.reshape(graph.subtract(first, second), ['chip', count, width]);
  }
  return graph.reshape(graph.transpose(phases, [0, 2, 1, 3]), ['chip', count, timestamps * width]);
}

/** (chip, token, channel) → (chip, channel, row, column). */
export function toMap(graph: GraphBuilder, tokens: Value, grid: readonly [number, number]): Value {
  const channels = tokens.shape[2];
  return graph.reshape(graph.transpose(tokens, [0, 2, 1]), ['chip', channels, ...grid]);
}
