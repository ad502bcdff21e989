/** Rows that were read from a file as columns: outlines and rows are made when they are asked for. */
import { indexBoxes } from '../boxes.js';
import type { RowTable } from '../row-table.js';
import { SpatialIndex } from '../spatial-index.js';
import type { Layout, Values } from './layout.js';

/** @param columns values by column, each of all rows */
export function tableOfColumns(
  layout: Layout,
  columns: Readonly<Record<string, readonly unknown[]>>,
  length: number,
): RowTable {
  const names = Object.keys(columns);
  const values = (row: number): Values => Object.fromEntries(names.map((name) => [name, columns[name][row]]));
  const footprint = (row: number) =>
    layout.footprint(Object.fromEntries(layout.places.map((name) => [name, columns[name][row]])));
  const starts = new Float64Array(length);
  const ends = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    const { start, end } = layout.interval(values(row));
    starts[row] = start;
    ends[row] = end;
  }
  return {
    length,
    index: SpatialIndex.fromBoxes(length, (row) => indexBoxes(footprint(row))),
    starts,
    ends,
    row: (row) => layout.row(values(row)),
    footprint,
  };
}
