import type { Polygon } from '../../vector/index.js';
import { signedArea } from '../../vector/ring.js';
import { clipOutlines } from '../clip.js';
import { nearPairs } from '../intersect.js';
import type { CatalogRow } from '../row.js';
import { tableOfRows } from '../row-table.js';
import { byFootprint } from './footprints.js';

/** An overlap below this share of the smaller footprint is a rounding error between neighbours. */
const SLIVER = 1e-6;

/** Connected components of rows by overlap of their footprints. Rows of different groups may share edges only. */
export function byPlace(rows: readonly CatalogRow[]): CatalogRow[][] {
  const footprints = byFootprint(rows);
  const table = tableOfRows(footprints.map(([first]) => first));
  const group = footprints.map((_, k) => k);
  const rootOf = (k: number): number => {
    let root = k;
    while (group[root] !== root) root = group[root];
    group[k] = root;
    return root;
  };
  const view = { table, rows: null };
  for (const [a, b] of nearPairs(view, view)) {
    if (a >= b) continue;
    const [first, second] = [rootOf(a), rootOf(b)];
    if (first === second || !overlap(table.footprint(a), table.footprint(b))) continue;
    group[Math.max(first, second)] = Math.min(first, second);
  }
  const groups = new Map<number, CatalogRow[]>();
  for (const [k, members] of footprints.entries()) {
    const root = rootOf(k);
    groups.set(root, [...(groups.get(root) ?? []), ...members]);
  }
  return [...groups.values()];
}

/** Whether two footprints share more than an edge; points and lines overlap what contains them. */
export function overlap(a: readonly Polygon[], b: readonly Polygon[]): boolean {
  const shared = clipOutlines(a, b);
  const smaller = Math.min(planarArea(a), planarArea(b));
  return smaller === 0 ? shared.length > 0 : planarArea(shared) > SLIVER * smaller;
}

/** In square degrees, which is enough for ratios of nearby areas. */
function planarArea(polygons: readonly Polygon[]): number {
  return polygons.reduce((total, [outer, ...holes]) => {
    const missing = holes.reduce((sum, hole) => sum + Math.abs(signedArea(hole)), 0);
    return total + Math.abs(signedArea(outer)) - missing;
  }, 0);
}
