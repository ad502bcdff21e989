/** The size of chips, and their grid of patches. */
import { invalidOption } from '../../errors.js';

/** Pixels of a chip. */
export interface ChipSize {
  readonly height: number;
  readonly width: number;
}

/**
 * The numbers of patches of a chip.
 * @param patch pixels on a side of a patch
 * @throws {TerrachipError} INVALID_OPTION for a chip that is not made of whole patches, or has fewer than two on a side
 */
export function gridOf({ height, width }: ChipSize, patch: number): [rows: number, columns: number] {
  const grid: [number, number] = [height / patch, width / patch];
  if (!grid.every((length) => Number.isInteger(length) && length >= 2)) {
    const problem = `cannot be ${height} × ${width}`;
    throw invalidOption('chip', problem, `give multiples of ${patch} pixels, at least ${2 * patch}`);
  }
  return grid;
}
