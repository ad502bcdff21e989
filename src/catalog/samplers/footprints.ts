import type { CatalogRow } from '../row.js';

/** Rows that have the same footprint, together. */
export function byFootprint(rows: readonly CatalogRow[]): CatalogRow[][] {
  const buckets = new Map<string, CatalogRow[][]>();
  const places: CatalogRow[][] = [];
  for (const row of rows) {
    const key = row.footprint.map(([outer]) => `${outer.length},${outer[0]}`).join(';');
    const bucket = buckets.get(key) ?? [];
    if (bucket.length === 0) buckets.set(key, bucket);
    const known = bucket.find(([first]) => sameFootprint(first, row));
    if (known !== undefined) known.push(row);
    else {
      bucket.push([row]);
      places.push(bucket[bucket.length - 1]);
    }
  }
  return places;
}

function sameFootprint(a: CatalogRow, b: CatalogRow): boolean {
  if (a.footprint === b.footprint) return true;
  return JSON.stringify(a.footprint) === JSON.stringify(b.footprint);
}
