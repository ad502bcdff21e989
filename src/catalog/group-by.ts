/** Groups of items. */
import type { CatalogRow } from './row.js';

/** Items by their keys, in the order of the first item of each: `Map.groupBy`, which Node 20 does not have. */
export function groupBy<Key, Item>(
  items: Iterable<Item>,
  keyOf: (item: Item, index: number) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Groups rows with equal footprints. */
export function byFootprint(rows: readonly CatalogRow[]): CatalogRow[][] {
  const startOf = ({ footprint }: CatalogRow): string =>
    footprint.map(([outer]) => `${outer.length},${outer[0]}`).join(';');
  // Most footprints differ in their first positions, so that few are written whole.
  return [...groupBy(rows, startOf).values()].flatMap((near) =>
    near.length === 1 ? [near] : [...groupBy(near, ({ footprint }) => JSON.stringify(footprint)).values()],
  );
}

/**
 * Connected components of the items 0 to `count − 1`, each in order.
 * @param near candidates for links of an item; links go both ways
 */
export function components(
  count: number,
  near: (item: number) => Iterable<number>,
  isLinked: (a: number, b: number) => boolean = () => true,
): number[][] {
  const waiting = new Set(Array(count).keys());
  const groups: number[][] = [];
  for (const first of waiting) {
    waiting.delete(first);
    const group = [first];
    // The group grows during the iteration.
    for (const a of group) {
      for (const b of near(a)) {
        if (waiting.has(b) && isLinked(a, b) && waiting.delete(b)) group.push(b);
      }
    }
    groups.push(group.sort((a, b) => a - b));
  }
  return groups;
}
