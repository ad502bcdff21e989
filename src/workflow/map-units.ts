/** The units of a map: how many chips they need, and how they are assembled from rows. */
import { chipCover, createChipLayout, type RowRange } from '../geo/index.js';
import type { Plan } from './plan.js';

/** The chips over groups of units. */
export function chipCount(
  { grid: { width, height }, chip: { size, stride } }: Plan,
  units: readonly RowRange[],
  groups: readonly RowRange[],
): number {
  const { rowStarts, columnStarts } = createChipLayout(width, height, size, stride);
  const { first, last } = chipCover(height, size, rowStarts);
  const rows = groups.map(
    (group) => last[units[group.end - 1].end - 1] - first[units[group.start].start] + 1,
  );
  return columnStarts.length * rows.reduce((sum, count) => sum + count, 0);
}

/** Groups consecutive units, so that rows of chips across their boundaries are computed once. */
export function consecutive(units: readonly number[]): RowRange[] {
  const groups: RowRange[] = [];
  for (const unit of units) {
    const last = groups.at(-1);
    if (last?.end === unit) groups[groups.length - 1] = { start: last.start, end: unit + 1 };
    else groups.push({ start: unit, end: unit + 1 });
  }
  return groups;
}

/** Assembles rows into units, from the unit `first` on. @returns adds rows, (class, row, x) */
export function unitAssembler(
  classes: number,
  width: number,
  units: readonly RowRange[],
  first: number,
  onUnit: (unit: number, values: Float32Array) => Promise<void>,
): (start: number, rows: number, values: Float32Array) => Promise<void> {
  const allocate = ({ start, end }: RowRange) => new Float32Array(classes * (end - start) * width);
  let current = first;
  let assembled = allocate(units[first]);
  return async (start, rows, values) => {
    let row = start;
    while (row < start + rows) {
      const unit = units[current];
      const end = Math.min(start + rows, unit.end);
      for (let c = 0; c < classes; c++) {
        const from = (c * rows + row - start) * width;
        const to = (c * (unit.end - unit.start) + row - unit.start) * width;
        assembled.set(values.subarray(from, from + (end - row) * width), to);
      }
      row = end;
      if (end < unit.end) continue;
      await onUnit(current, assembled);
      current++;
      if (current < units.length) assembled = allocate(units[current]);
    }
  };
}
