import { type ChipLayout, createChipLayout } from '../geo/index.js';

/** Chip size and stride of the published flood notebooks, in pixels. */
export const CHIP = { size: 256, stride: 208 } as const;

/**
 * The chips of a scene as CSV, with the notebooks' columns. Unlike the notebooks', these chips cover every pixel: the
 * last ones of a row or column overlap more.
 * @param prefix start of the chip ids
 * @param valid 1 where all inputs have data
 * @param label 1 in the positive class; null leaves the column `label_fraction` empty
 */
export function chipIndex(
  prefix: string,
  width: number,
  height: number,
  valid: Uint8Array,
  label: Uint8Array | null,
): string {
  const layout = createChipLayout(width, height, CHIP.size, CHIP.stride);
  const lines = ['chip_id,row0,row1,col0,col1,chip_valid_fraction,label_fraction'];
  const digits = (value: number): string => String(value).padStart(5, '0');
  for (const row of layout.rowStarts) {
    for (const column of layout.columnStarts) {
      const row1 = Math.min(height, row + CHIP.size);
      const column1 = Math.min(width, column + CHIP.size);
      const share = (mask: Uint8Array): number => shareOf(mask, layout, row, row1, column, column1);
      lines.push(
        [
          `${prefix}_${digits(row)}_${digits(column)}`,
          row,
          row1,
          column,
          column1,
          share(valid),
          label === null ? '' : share(label),
        ].join(','),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function shareOf(
  mask: Uint8Array,
  { width }: ChipLayout,
  row0: number,
  row1: number,
  column0: number,
  column1: number,
): number {
  let count = 0;
  for (let row = row0; row < row1; row++) {
    for (let column = column0; column < column1; column++) count += mask[row * width + column] === 1 ? 1 : 0;
  }
  return count / ((row1 - row0) * (column1 - column0));
}
