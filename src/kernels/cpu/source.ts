import { BLOCK_LOG2, CELL_WORDS, CROSS_BITS, NOWHERE, TABLE_WORDS } from '../../geo/control/cells.js';
import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import type { AREA } from '../area.js';
import type { TILE_PARAMETERS } from '../tile.js';
import { convertStored } from './stored-values.js';

type Tensors = Pick<CpuTensors<(typeof AREA)['bindings']>, 'source' | 'cells' | 'table'>;
type TileParameters = KernelParameters<keyof typeof TILE_PARAMETERS | 'stored_type'>;

const PLAIN_FLOAT32 = 7;

const CROSS_UNIT = 2 ** -CROSS_BITS;

/** Rows of a source window as float32 with NaN for no data. */
export interface PlainSource {
  readonly source: Float32Array;
  /** The first row of `source` in the window, and the number of rows. */
  readonly firstRow: number;
  readonly rows: number;
}

/** Memory for converted rows, kept between calls. */
let scratch = new Float32Array(0);

/**
 * The source rows for the rows `start` to `end` of a tile. Only these rows are converted, so that inner loops have float32
 * only.
 * @param margin rows that the resampling reads beyond the row of a position
 */
export function plainSource(
  { source, cells, table }: Tensors,
  parameters: TileParameters,
  start: number,
  end: number,
  margin: number,
): PlainSource {
  const { source_width, source_height, source_y } = parameters;
  if (parameters.stored_type === PLAIN_FLOAT32) {
    return { source: source as Float32Array, firstRow: 0, rows: source_height };
  }
  const [low, high] = rowRange(cells, table, parameters, start, end);
  const firstRow = Math.max(0, Math.min(source_height, low - source_y - margin));
  const lastRow = Math.max(firstRow, Math.min(source_height, high - source_y + margin + 1));
  const first = firstRow * source_width;
  const last = lastRow * source_width;
  if (scratch.length < last - first) scratch = new Float32Array(last - first);
  convertStored(source, first, last, scratch, 0, parameters);
  return { source: scratch, firstRow, rows: lastRow - firstRow };
}

/** The first and last source row of the positions of tile rows, including pixel corners. */
function rowRange(
  cells: Int32Array,
  table: Int32Array,
  { tile_x, tile_y, tile_width, block_x, block_y, block_columns }: TileParameters,
  start: number,
  end: number,
): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  const right = tile_x + tile_width;
  for (let y = tile_y + start; y < tile_y + end; ) {
    let nextY = tile_y + end;
    for (let x = tile_x; x < right; ) {
      const entry =
        (((y >> BLOCK_LOG2) - block_y) * block_columns + (x >> BLOCK_LOG2) - block_x) * TABLE_WORDS;
      const log2 = table[entry + 1];
      const size = 1 << log2;
      const perRow = BLOCK_LOG2 - log2;
      const word = (table[entry] + (((y & 255) >> log2) << perRow) + ((x & 255) >> log2)) * CELL_WORDS;
      const unit = 1 / (1 << table[entry + 2]);
      // A bilinear function has its extremes at corners; half a pixel more covers footprints.
      for (const [fx, fy] of [
        [-0.5, -0.5],
        [size - 0.5, -0.5],
        [-0.5, size - 0.5],
        [size - 0.5, size - 0.5],
      ]) {
        const linear = cells[word + 3] + fx * cells[word + 5] + fy * cells[word + 7];
        const row = cells[word + 1] + (linear + fx * fy * cells[word + 9] * CROSS_UNIT) * unit;
        // Cells outside the source's domain are far away and have no slopes.
        if (cells[word] <= NOWHERE) continue;
        low = Math.min(low, row);
        high = Math.max(high, row);
      }
      nextY = Math.min(nextY, (y & ~(size - 1)) + size);
      x = (x & ~(size - 1)) + size;
    }
    y = nextY;
  }
  return low > high ? [0, -1] : [Math.floor(low), Math.floor(high)];
}
