import type { CatalogRow } from '../row.js';

/** Groups rows with equal footprints. */
export function byFootprint(rows: readonly CatalogRow[]): CatalogRow[][] {
  const buckets = new Map<string, CatalogRow[][]>();
  const groups: CatalogRow[][] = [];
  for (const row of rows) {
    const key = row.footprint.map(([outer]) => `${outer.length},${outer[0]}`).join(';');
    const bucket = buckets.get(key) ?? [];
    if (bucket.length === 0) buckets.set(key, bucket);
    const group = bucket.find(([first]) => sameFootprint(first, row));
    if (group !== undefined) group.push(row);
    else {
      bucket.push([row]);
      groups.push(bucket[bucket.length - 1]);
    }
  }
  return groups;
}

function sameFootprint(a: CatalogRow, b: CatalogRow): boolean {
  if (a.footprint === b.footprint) return true;
  return JSON.stringify(a.footprint) === JSON.stringify(b.footprint);
}
