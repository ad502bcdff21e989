import type { Metrics } from './metrics.js';
import type { Statistics } from './statistics.js';

/** `zones.csv` (RFC 4180): one row per zone, with areas and, if there is a label, IoU by class. Null without zones. */
export function zonesTable(statistics: Statistics, metrics: Metrics | null): string | null {
  const { zones } = statistics;
  if (zones === null) return null;
  const classes = statistics.classes.map(({ name }) => name);
  const header = ['zone', 'km2', 'valid_km2', 'valid_share', ...classes.map((name) => `${name}_km2`)];
  if (metrics !== null) header.push('evaluated_pixels', ...classes.map((name) => `${name}_iou`));
  const rows = zones.map((zone, k) => {
    const row: (string | number | null)[] = [zone.name, zone.km2, zone.validKm2, zone.validShare];
    row.push(...zone.classes.map(({ km2 }) => km2));
    const scores = metrics?.zones?.[k];
    if (scores !== undefined) row.push(scores.evaluatedPixels, ...scores.classes.map(({ iou }) => iou));
    return row;
  });
  return [header, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** Names that a spreadsheet would read as a formula get a leading apostrophe. */
function field(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
