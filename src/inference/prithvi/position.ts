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

/**
 * What is added to the tokens: the class token, then the positions of all patches, resized from the grid of the training.
 * @param token the class token, (1, 1, depth)
 * @param stored position embeddings of the checkpoint, whose first is for the class token: (1, 1 + dates · side², depth);
 * null computes them
 * @param from dates, and the side of the training's square grid
 * @param to rows and columns
 * @returns (1, 1 + dates · rows · columns, depth)
 */
export function tokenEmbedding(
  token: Weight,
  stored: Weight | null,
  from: { readonly dates: number; readonly side: number },
  to: readonly [rows: number, columns: number],
): Weight {
  const { dates, side } = from;
  const depth = token.shape[2];
  const count = dates * to[0] * to[1];
  const weights = stored === null ? [token] : [token, stored];
  return derived([1, 1 + count, depth], weights, (first, positions) => {
    const result = new Float32Array((1 + count) * depth);
    for (let k = 0; k < depth; k++) result[k] = first[k] + (positions?.[k] ?? 0);
    const grid = positions?.subarray(depth) ?? sinusoids([dates, side, side], depth);
    const one = side * side * depth;
    for (let date = 0; date < dates; date++) {
      const own = grid.subarray(date * one, (date + 1) * one);
      const resized =
        side === to[0] && side === to[1] ? own : resizeBicubic(own, depth, [side, side], to, true);
      result.set(resized, depth + (date * count * depth) / dates);
    }
    return result;
  });
}
