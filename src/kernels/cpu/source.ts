import { BLOCK_LOG2, CELL_WORDS, CROSS_BITS, NOWHERE, TABLE_WORDS } from '../../geo/control/cells.js';
import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import type { AREA } from '../area.js';
import type { TILE_PARAMETERS } from '../tile.js';
import { convertStored } from './stored-values.js';

type Tensors = Pick<CpuTensors<(typeof AREA)['bindings']>, 'source' | 'cells' | 'table'>;
type TileParameters = KernelParameters<keyof typeof TILE_PARAMETERS | 'stored_type'>;

const PLAIN_FLOAT32 = 7;

const CROSS_UNIT = 2 ** -CROSS_BITS;

/** Part of a source window as float32 with NaN for no data. */
export interface PlainSource {
  readonly source: Float32Array;
  /** The first pixel of `source` in the window, and its size. */
  readonly firstColumn: number;
  readonly firstRow: number;
  readonly columns: number;
  readonly rows: number;
}

/** Pixels of a tile: from its first column and row, to its last ones (exclusive). */
export interface TilePart {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Memory for converted pixels, kept between calls. */
let scratch = new Float32Array(0);

/**
 * The source pixels for a part of a tile. Only these are converted, so that inner loops have float32 only.
 * @param margin pixels that the resampling reads beyond the pixel of a position
 */
export function plainSource(
  { source, cells, table }: Tensors,
  parameters: TileParameters,
  part: TilePart,
  margin: { readonly x: number; readonly y: number },
): PlainSource {
  const { source_width, source_height, source_x, source_y } = parameters;
  if (parameters.stored_type === PLAIN_FLOAT32) {
    const whole = { firstColumn: 0, firstRow: 0, columns: source_width, rows: source_height };
    return { source: source as Float32Array, ...whole };
  }
  const { lowX, highX, lowY, highY } = reachOf(cells, table, parameters, part);
  const firstColumn = Math.max(0, Math.min(source_width, lowX - source_x - margin.x));
  const lastColumn = Math.max(firstColumn, Math.min(source_width, highX - source_x + margin.x + 1));
  const firstRow = Math.max(0, Math.min(source_height, lowY - source_y - margin.y));
  const lastRow = Math.max(firstRow, Math.min(source_height, highY - source_y + margin.y + 1));
  const [columns, rows] = [lastColumn - firstColumn, lastRow - firstRow];
  if (scratch.length < columns * rows) scratch = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const start = (firstRow + row) * source_width + firstColumn;
    convertStored(source, start, start + columns, scratch, row * columns, parameters);
  }
  return { source: scratch, firstColumn, firstRow, columns, rows };
}

/** The first and last source pixels, along each axis, of the positions of a part of a tile, including pixel corners. */
function reachOf(
  cells: Int32Array,
  table: Int32Array,
  { tile_x, tile_y, block_x, block_y, block_columns }: TileParameters,
  { left, right, top, bottom }: TilePart,
): { lowX: number; highX: number; lowY: number; highY: number } {
  let [lowX, highX, lowY, highY] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let y = tile_y + top; y < tile_y + bottom; ) {
    let nextY = tile_y + bottom;
    for (let x = tile_x + left; x < tile_x + right; ) {
      const entry =
        (((y >> BLOCK_LOG2) - block_y) * block_columns + (x >> BLOCK_LOG2) - block_x) * TABLE_WORDS;
      const log2 = table[entry + 1];
      const size = 1 << log2;
      const perRow = BLOCK_LOG2 - log2;
      const word = (table[entry] + (((y & 255) >> log2) << perRow) + ((x & 255) >> log2)) * CELL_WORDS;
      const unit = 1 / (1 << table[entry + 2]);
      const [cellX, cellY] = [x & ~(size - 1), y & ~(size - 1)];
      const endX = Math.min(cellX + size, tile_x + right);
      const endY = Math.min(cellY + size, tile_y + bottom);
      nextY = Math.min(nextY, endY);
      // Cells outside the source's domain are far away and have no slopes.
      if (cells[word] > NOWHERE) {
        // A bilinear function has its extremes at corners; half a pixel more covers footprints.
        for (let corner = 0; corner < 4; corner++) {
          const fx = ((corner & 1) === 0 ? x : endX) - cellX - 0.5;
          const fy = (corner < 2 ? y : endY) - cellY - 0.5;
          const cross = fx * fy * CROSS_UNIT;
          const linearX = cells[word + 2] + fx * cells[word + 4] + fy * cells[word + 6];
          const linearY = cells[word + 3] + fx * cells[word + 5] + fy * cells[word + 7];
          const column = cells[word] + (linearX + cross * cells[word + 8]) * unit;
          const row = cells[word + 1] + (linearY + cross * cells[word + 9]) * unit;
          lowX = Math.min(lowX, column);
          highX = Math.max(highX, column);
          lowY = Math.min(lowY, row);
          highY = Math.max(highY, row);
        }
      }
      x = endX;
    }
    y = nextY;
  }
  return lowX > highX
    ? { lowX: 0, highX: -1, lowY: 0, highY: -1 }
    : {
        lowX: Math.floor(lowX),
        highX: Math.floor(highX),
        lowY: Math.floor(lowY),
        highY: Math.floor(highY),
      };
}
