import { chipStarts, type RowRange } from '../geo/index.js';
import { csvField } from '../text.js';
import type { PackagedChips } from './package/form.js';
import type { RowMask } from './package/valid-pixels.js';

/** Chip size and stride of the published flood notebooks, in pixels. */
export const CHIP = { size: 256, stride: 208 } as const;

/** The starts of chips that cover every pixel of an axis: the last one is moved inwards. */
export function startsOverAll(length: number): readonly number[] {
  return [...chipStarts(length, CHIP.size, CHIP.stride)];
}

/** The starts of the notebooks' chips: whole windows only, so that the last pixels of an axis may be in none. */
export function startsOfWhole(length: number): readonly number[] {
  const count = Math.max(0, Math.floor((length - CHIP.size) / CHIP.stride) + 1);
  return Array.from({ length: count }, (_, k) => k * CHIP.stride);
}

/** The masks and windows of `listChips`. */
export interface ChipListOptions {
  /** The start of the chip ids. */
  readonly prefix: string;
  /** 1 where all inputs have data. */
  readonly valid: RowMask;
  /** 1 in the positive class; null leaves the column `label_fraction` empty. */
  readonly label: RowMask | null;
  /** The first row of each row of chips. */
  readonly rowStarts: readonly number[];
  /** The first column of each column of chips. */
  readonly columnStarts: readonly number[];
  /** The least share of valid pixels of a chip in the list, 0 to 1 (default 0). */
  readonly minValid?: number;
}

/**
 * The chips of a scene as CSV, with the notebooks' columns: id, window in pixels (ends excluded), shares from 0 to 1. Ids
 * are the prefix, the first row and the first column.
 */
export function listChips(options: ChipListOptions): PackagedChips & { readonly text: string } {
  const { prefix, valid, label, rowStarts, columnStarts, minValid = 0 } = options;
  const lines = ['chip_id,row0,row1,col0,col1,chip_valid_fraction,label_fraction'];
  for (const row0 of rowStarts) {
    const rows = { start: row0, end: Math.min(valid.height, row0 + CHIP.size) };
    const validCounts = columnCounts(valid, rows);
    const labelCounts = label && columnCounts(label, rows);
    for (const col0 of columnStarts) {
      const col1 = Math.min(valid.width, col0 + CHIP.size);
      const share = (counts: Int32Array): number =>
        (counts[col1] - counts[col0]) / ((rows.end - row0) * (col1 - col0));
      const validShare = share(validCounts);
      if (validShare < minValid) continue;
      const id = `${prefix}_${digits(row0)}_${digits(col0)}`;
      const labelShare = labelCounts === null ? '' : realText(share(labelCounts));
      lines.push([csvField(id), row0, rows.end, col0, col1, realText(validShare), labelShare].join(','));
    }
  }
  return {
    text: `${lines.join('\n')}\n`,
    windows: rowStarts.length * columnStarts.length,
    kept: lines.length - 1,
  };
}

/** The number of ones in the columns before each column, from 0 to the width. */
function columnCounts(mask: RowMask, rows: RowRange): Int32Array {
  const { width } = mask;
  const counts = new Int32Array(width + 1);
  const values = mask.rows(rows);
  for (let at = 0; at < values.length; at += width) {
    for (let x = 0; x < width; x++) counts[x + 1] += values[at + x];
  }
  for (let x = 0; x < width; x++) counts[x + 1] += counts[x];
  return counts;
}

function digits(value: number): string {
  return String(value).padStart(5, '0');
}

/** Whole numbers end in `.0`, so that pandas reads a column of them as real numbers. */
function realText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
