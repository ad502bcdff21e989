/** TerraMind's position and modality embeddings for a grid of any size. */
import type { Weight } from '../onnx/index.js';
import { resizeBicubic } from '../vit/bicubic.js';
import { derived } from '../vit/weights.js';

/**
 * The sum of position and modality embeddings for every token of a grid of any size.
 * @param position (1, n², depth) on an n × n grid
 * @param modality (1, 1, depth)
 * @returns (1, rows · columns, depth)
 */
export function tokenEmbedding(
  position: Weight,
  modality: Weight,
  grid: readonly [rows: number, columns: number],
): Weight {
  const [, tokens, depth] = position.shape;
  const side = Math.sqrt(tokens);
  return derived([1, grid[0] * grid[1], depth], [position, modality], (positions, offset) => {
    const resized =
      side === grid[0] && side === grid[1]
        ? positions
        : resizeBicubic(positions, depth, [side, side], grid, false);
    return resized.map((value, k) => value + offset[k % depth]);
  });
}
