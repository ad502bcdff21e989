import { printable } from './printable.js';

/** Rows in columns: the first to the left, numbers to the right. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    )
    .join('\n');
}

/** Rows of texts in columns, all to the left. */
export function formatLines(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const last = rows[0].length - 1;
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, i) => (i === last ? cell : cell.padEnd(widths[i]))).join('  '))
    .join('\n');
}

/** `—` for what is unknown. */
export function formatNumber(value: number | null, digits = 3): string {
  return value === null ? '—' : value.toFixed(digits);
}

export function formatPercent(share: number | null): string {
  return share === null ? '—' : `${(100 * share).toFixed(1)} %`;
}
