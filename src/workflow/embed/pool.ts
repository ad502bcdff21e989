/** Pooling of a chip's tokens. */

export const EMBEDDING_POOLS = ['mean', 'max', 'none'] as const;
/** `mean` and `max` reduce over the tokens of a chip; `none` keeps every token. */
export type EmbeddingPool = (typeof EMBEDDING_POOLS)[number];

/** The number of stored values per chip. */
export function pooledLength(pool: EmbeddingPool, tokens: number, channels: number): number {
  return pool === 'none' ? tokens * channels : channels;
}

/** @param values (token, channel) of one chip @param target has `pooledLength` elements */
export function poolInto(
  pool: EmbeddingPool,
  values: Float32Array,
  channels: number,
  target: Float32Array,
): void {
  if (pool === 'none') {
    target.set(values);
    return;
  }
  const tokens = values.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    let largest = -Infinity;
    for (let k = channel; k < values.length; k += channels) {
      sum += values[k];
      largest = Math.max(largest, values[k]);
    }
    target[channel] = pool === 'mean' ? sum / tokens : largest;
  }
}
