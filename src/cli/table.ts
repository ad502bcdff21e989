import { printable } from './printable.js';

/** Rows in columns: the first to the left, numbers to the right. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  return inColumns(cells, (cell, width, column) =>
    column === 0 ? cell.padEnd(width) : cell.padStart(width),
  );
}

/** Rows of texts in columns, all to the left. */
export function formatLines(cells: readonly (readonly string[])[]): string {
  const last = cells[0].length - 1;
  return inColumns(cells, (cell, width, column) => (column === last ? cell : cell.padEnd(width)));
}

function inColumns(
  cells: readonly (readonly string[])[],
  pad: (cell: string, width: number, column: number) => string,
): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, k) => pad(cell, widths[k], k)).join('  ')).join('\n');
}

/** `—` for what is unknown. */
export function formatNumber(value: number | null, digits = 3): string {
  return value === null ? '—' : value.toFixed(digits);
}

export function formatPercent(share: number | null): string {
  return share === null ? '—' : `${(100 * share).toFixed(1)} %`;
}
