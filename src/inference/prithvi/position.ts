/** Prithvi's position embeddings: sines and cosines of the date, the row and the column of a patch. */
import type { Weight } from '../onnx/index.js';
import { resizeBicubic } from '../vit/bicubic.js';
import { derived } from '../vit/weights.js';

/** Sixteenths of the channels for columns and for rows; the others are for dates. */
const SIXTEENTHS = 6;
const BASE = 10000;

/**
 * Position embeddings of a grid (terratorch's `get_3d_sincos_pos_embed`, without the class token's zeros).
 * @param depth channels, a multiple of 16
 * @returns (date, row, column, channel)
 */
export function sinusoids(
  [dates, rows, columns]: readonly [dates: number, rows: number, columns: number],
  depth: number,
): Float32Array {
  const spatial = (depth / 16) * SIXTEENTHS;
  const parts = [
    { length: spatial, table: waves(columns, spatial) },
    { length: spatial, table: waves(rows, spatial) },
    { length: depth - 2 * spatial, table: waves(dates, depth - 2 * spatial) },
  ];
  const result = new Float32Array(dates * rows * columns * depth);
  let offset = 0;
  for (let date = 0; date < dates; date++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (const [k, { length, table }] of parts.entries()) {
          const position = [column, row, date][k];
          result.set(table.subarray(position * length, (position + 1) * length), offset);
          offset += length;
        }
      }
    }
  }
  return result;
}

/** For each position from 0, sines of position / 10000^(2k / length), then the cosines. */
function waves(count: number, length: number): Float32Array {
  const half = length / 2;
  const result = new Float32Array(count * length);
  for (let position = 0; position < count; position++) {
    for (let k = 0; k < half; k++) {
      const angle = position / BASE ** (k / half);
      result[position * length + k] = Math.sin(angle);
      result[position * length + half + k] = Math.cos(angle);
    }
  }
  return result;
}

/** Parts of what is added to the tokens. */
export interface EmbeddingParts {
  /** The class token, (1, 1, depth). */
  readonly token: Weight;
  /** The bias of the patches, (depth). */
  readonly bias: Weight;
  /** Positions of the checkpoint, whose first is the class token's: (1, 1 + dates · side², depth). Null computes them. */
  readonly positions: Weight | null;
}

/**
 * What is added to the tokens: the class token, then the bias and the positions of all patches, resized from the grid of the
 * training.
 * @param from dates, and the side of the training's square grid
 * @param to rows and columns
 * @returns (1, 1 + dates · rows · columns, depth)
 */
export function tokenEmbedding(
  { token, bias, positions }: EmbeddingParts,
  from: { readonly dates: number; readonly side: number },
  to: readonly [rows: number, columns: number],
): Weight {
  const { dates, side } = from;
  const depth = token.shape[2];
  const one = to[0] * to[1] * depth;
  const weights = [token, bias, ...(positions === null ? [] : [positions])];
  return derived([1, 1 + dates * to[0] * to[1], depth], weights, (first, offsets, stored) => {
    const result = new Float32Array(depth + dates * one);
    for (let k = 0; k < depth; k++) result[k] = first[k] + (stored?.[k] ?? 0);
    const grid = stored?.subarray(depth) ?? sinusoids([dates, side, side], depth);
    const trained = side * side * depth;
    for (let date = 0; date < dates; date++) {
      const own = grid.subarray(date * trained, (date + 1) * trained);
      const same = side === to[0] && side === to[1];
      const resized = same ? own : resizeBicubic(own, depth, [side, side], to, true);
      const start = depth + date * one;
      for (let k = 0; k < one; k++) result[start + k] = resized[k] + offsets[k % depth];
    }
    return result;
  });
}
