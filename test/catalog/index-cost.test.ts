import { describe, expect, it } from 'vitest';
import { IndexBuilder } from '../../src/catalog/parquet/index-build.js';
import { CatalogIndex } from '../../src/catalog/parquet/index-search.js';
import { hilbertKey, orderOfKeys } from '../../src/catalog/parquet/write.js';
import type { Bounds } from '../../src/geo/node/index.js';
import { MemorySource } from '../../src/io/index.js';
import { seeded } from '../support/random.js';

const SIDE = 0.5;

/** An index over squares all over the globe, in file order. */
async function indexOf(count: number): Promise<CatalogIndex> {
  const random = seeded(count);
  const boxes = Array.from({ length: count }, (): Bounds => {
    const [x, y] = [-180 + 359 * random(), -85 + 169 * random()];
    return [x, y, x + SIDE, y + SIDE];
  });
  const builder = new IndexBuilder(count, 0);
  const order = orderOfKeys(Uint32Array.from(boxes, hilbertKey));
  for (const [k, row] of order.entries()) builder.add(k, [boxes[row]], 0, 1);
  const fingerprint = { fileSize: 1, digest: new Uint8Array(32) };
  const bytes = Buffer.concat(builder.finish(fingerprint));
  return CatalogIndex.open(new MemorySource(bytes, 'made up.index'), fingerprint);
}

/** Mean numbers of tree entries that searches visit and find. */
async function cost(index: CatalogIndex, size: number): Promise<{ looked: number; hits: number }> {
  const random = seeded(5);
  let [looked, hits] = [0, 0];
  const places = 200;
  for (let k = 0; k < places; k++) {
    const [x, y] = [-170 + 300 * random(), -80 + 120 * random()];
    const query = {
      boxes: [[x, y, x + size, y + size] as Bounds],
      start: 0,
      // Called once per entry.
      get end() {
        looked++;
        return 1;
      },
    };
    hits += (await index.search(query)).length;
  }
  return { looked: looked / places, hits: hits / places };
}

describe('the cost of an index search', async () => {
  const sizes = [1_000, 16_000, 256_000];
  const indexes = await Promise.all(sizes.map(indexOf));

  it('grows by one tree level when the catalog is sixteen times as large and the result is not', async () => {
    const costs: { looked: number; hits: number }[] = [];
    // A row is found when its corner is within a square of size + SIDE.
    for (const [k, index] of indexes.entries()) costs.push(await cost(index, 8 / 4 ** k - SIDE));
    for (const { hits } of costs) expect(hits).toBeGreaterThan(0.5);
    for (const { hits } of costs) expect(hits).toBeLessThan(2);
    expect(costs[1].looked - costs[0].looked).toBeLessThan(64);
    expect(costs[2].looked - costs[1].looked).toBeLessThan(64);
  });

  it('grows with the number of results, not of rows', async () => {
    const [small, large] = [await cost(indexes[2], 4), await cost(indexes[2], 16)];
    expect(large.hits / small.hits).toBeGreaterThan(10);
    // Nodes at the edge of the area also have rows outside it.
    expect(small.looked).toBeLessThan(5 * small.hits + 200);
    expect(large.looked).toBeLessThan(2 * large.hits + 200);
  });
});
