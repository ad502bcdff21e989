import { chipStarts } from '../geo/index.js';
import { csvField } from './evaluate/zones.js';
import type { PackagedChips } from './package/form.js';

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
  /** Columns of the masks. */
  readonly width: number;
  /** 1 where all inputs have data; (row, x). */
  readonly valid: Uint8Array;
  /** 1 in the positive class; null leaves the column `label_fraction` empty. */
  readonly label: Uint8Array | null;
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
  const { prefix, width, valid, label, rowStarts, columnStarts, minValid = 0 } = options;
  const height = valid.length / width;
  const lines = ['chip_id,row0,row1,col0,col1,chip_valid_fraction,label_fraction'];
  for (const row0 of rowStarts) {
    for (const col0 of columnStarts) {
      const row1 = Math.min(height, row0 + CHIP.size);
      const col1 = Math.min(width, col0 + CHIP.size);
      const share = (mask: Uint8Array): number => {
        let count = 0;
        for (let row = row0; row < row1; row++) {
          for (let column = col0; column < col1; column++) count += mask[row * width + column] === 1 ? 1 : 0;
        }
        return count / ((row1 - row0) * (col1 - col0));
      };
      const validShare = share(valid);
      if (validShare < minValid) continue;
      const id = `${prefix}_${digits(row0)}_${digits(col0)}`;
      const labelShare = label === null ? '' : realText(share(label));
      lines.push([csvField(id), row0, row1, col0, col1, realText(validShare), labelShare].join(','));
    }
  }
  return {
    text: `${lines.join('\n')}\n`,
    windows: rowStarts.length * columnStarts.length,
    kept: lines.length - 1,
  };
}

function digits(value: number): string {
  return String(value).padStart(5, '0');
}

/** Whole numbers end in `.0`, so that pandas reads a column of them as real numbers. */
function realText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
