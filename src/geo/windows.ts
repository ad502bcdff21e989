import { invalidInput } from '../errors.js';

/** A rectangle of pixels. */
export interface PixelWindow {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The intersection of two windows, or null. */
export function intersectWindows(a: PixelWindow, b: PixelWindow): PixelWindow | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** The smallest window around two; `b` without an `a`. */
export function unionWindows(a: PixelWindow | null, b: PixelWindow): PixelWindow {
  if (a === null) return b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const width = Math.max(a.x + a.width, b.x + b.width) - x;
  const height = Math.max(a.y + a.height, b.y + b.height) - y;
  return { x, y, width, height };
}

/** A window with a margin on all sides. */
export function padWindow({ x, y, width, height }: PixelWindow, margin: number): PixelWindow {
  return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
}

/** The window of all pixels of a grid or an image. */
export function wholeWindow({ width, height }: Pick<PixelWindow, 'width' | 'height'>): PixelWindow {
  return { x: 0, y: 0, width, height };
}

/**
 * Cuts a window into tiles aligned to multiples of their size in the whole grid, row by row. The tile of a pixel does not
 * depend on the window.
 * @param width pixels of a tile
 * @param height default: `width`
 */
export function* alignedTiles(window: PixelWindow, width: number, height = width): Generator<PixelWindow> {
  for (let ty = Math.floor(window.y / height) * height; ty < window.y + window.height; ty += height) {
    for (let tx = Math.floor(window.x / width) * width; tx < window.x + window.width; tx += width) {
      const tile = intersectWindows({ x: tx, y: ty, width, height }, window);
      if (tile !== null) yield tile;
    }
  }
}

/**
 * The first pixels of the chips along one axis of a scene: every `stride` pixels, the last chip shifted inwards to end at
 * the edge. Every pixel is covered. A scene shorter than a chip has one chip, at 0, that extends beyond it.
 */
export function chipStarts(length: number, size: number, stride: number): Int32Array {
  if (!Number.isInteger(size) || !Number.isInteger(stride) || size < 1 || stride < 1 || stride > size) {
    throw invalidInput(
      `a chip size of ${size} with a stride of ${stride}`,
      'would leave gaps',
      'give whole numbers with 1 ≤ stride ≤ size',
    );
  }
  if (length <= size) return Int32Array.of(0);
  const count = Math.ceil((length - size) / stride) + 1;
  return Int32Array.from({ length: count }, (_, k) => Math.min(k * stride, length - size));
}

/** The first and last chip that cover each pixel of one axis. */
export interface ChipCover {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

/**
 * The first and the last chip over each pixel of an axis.
 * @param length pixels of the axis
 * @param size pixels of a chip
 * @param starts the first pixel of each chip, ascending
 */
export function chipCover(length: number, size: number, starts: Int32Array): ChipCover {
  const first = new Int32Array(length);
  const last = new Int32Array(length);
  let k = 0;
  let j = 0;
  for (let i = 0; i < length; i++) {
    while (starts[k] + size <= i) k++;
    while (j + 1 < starts.length && starts[j + 1] <= i) j++;
    first[i] = k;
    last[i] = j;
  }
  return { first, last };
}

/** The chips of a scene: square windows of `size` pixels at every pair of row and column start. */
export interface ChipLayout {
  readonly width: number;
  readonly height: number;
  readonly size: number;
  readonly stride: number;
  readonly columnStarts: Int32Array;
  readonly rowStarts: Int32Array;
}

/** The chips of a scene, along each axis as `chipStarts`. */
export function createChipLayout(width: number, height: number, size: number, stride: number): ChipLayout {
  return {
    width,
    height,
    size,
    stride,
    columnStarts: chipStarts(width, size, stride),
    rowStarts: chipStarts(height, size, stride),
  };
}

/** A range of rows: `start` inclusive, `end` exclusive. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Cuts rows into units of `rowsPerUnit`; the last may be shorter. */
export function unitRows(height: number, rowsPerUnit: number): RowRange[] {
  const units: RowRange[] = [];
  for (let start = 0; start < height; start += rowsPerUnit) {
    units.push({ start, end: Math.min(height, start + rowsPerUnit) });
  }
  return units;
}

/** Most rows of a strip: one row of COG tiles. */
const STRIP_ROWS = 512;

/** Most bytes of the planes of a strip, unless a single row needs more. */
const STRIP_BYTES = 256 * 2 ** 20;

/**
 * Strips of a grid, from top to bottom: 512 rows each, or fewer so that the planes of a strip fit into `maxBytes`. Their
 * height is a power of two, so that strips are aligned with tiles and blocks.
 * @param planes planes of four bytes per pixel in memory at a time
 * @param maxBytes bytes of all planes (default 256 MiB)
 */
export function gridStrips(
  { width, height }: { readonly width: number; readonly height: number },
  planes = 1,
  maxBytes = STRIP_BYTES,
): RowRange[] {
  let rows = STRIP_ROWS;
  while (rows > 1 && planes * rows * width * 4 > maxBytes) rows /= 2;
  return unitRows(height, Math.min(rows, height));
}

/** The units of shard `index` of `count`: `[⌊i·U/n⌋, ⌊(i+1)·U/n⌋)`. */
export function shardUnits(units: number, index: number, count: number): RowRange {
  return { start: Math.floor((index * units) / count), end: Math.floor(((index + 1) * units) / count) };
}
