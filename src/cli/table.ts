import type { DiskPlan } from '../io/node/disk-space.js';
import type { WorkPlan } from '../progress.js';
import { inUnits, type MemoryPlan } from '../workflow/memory.js';
import { printable } from './printable.js';

export { formatNumber, formatPercent } from '../text.js';

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

/** The memory of a job, in lines: all, the parts from the largest on, and blocks that are decoded again. */
export function formatMemory({ bytes, parts, deviceBytes, blocks, blocksAgain }: MemoryPlan): string {
  const largest = Object.entries(parts)
    .filter(([, part]) => part > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, part]) => `${name} ${inUnits(part)}`);
  const device = deviceBytes === 0 ? '' : `, and ${inUnits(deviceBytes)} on the GPU`;
  const again = blocksAgain === 0 ? 'none of them again' : `at most ${blocksAgain} of them again`;
  return `memory: about ${inUnits(bytes)} (${largest.join(', ')})${device}\nblocks to decode: at most ${blocks}, ${again}`;
}

/** What a stage will take: a line on what it reads and writes, and one on disk and memory where they are known. */
export function formatPlan({
  stage,
  reads,
  writes,
  disk,
  memoryBytes,
}: WorkPlan & { stage: string }): string[] {
  const sizes = [
    disk === undefined || disk === null ? [] : formatDisk(disk),
    memoryBytes === undefined || memoryBytes === null ? [] : `memory: about ${inUnits(memoryBytes)}`,
  ].flat();
  const lines = [`${stage} will read ${reads}; and write ${writes}`];
  return sizes.length === 0 ? lines : [...lines, `${stage} will take ${sizes.join('; ')}`];
}

/** What a job writes, and what its disk has free. */
export function formatDisk({
  bytes,
  freeBytes,
}: Pick<DiskPlan, 'bytes' | 'freeBytes'> & Partial<DiskPlan>): string {
  const free = freeBytes === null ? '' : `, of ${inUnits(freeBytes)} that are free`;
  return `disk: about ${inUnits(bytes)}${free}`;
}
