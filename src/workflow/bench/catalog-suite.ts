/** A catalog of made-up scenes: built, written, opened, and queried for a box and a month. */
import { join } from 'node:path';
import { openCatalog, writeCatalog } from '../../catalog/node/index.js';
import { catalogOf, queries, scenes } from './made-up-catalog.js';
import type { BenchCase, BenchContext } from './suite.js';

export async function* catalogSuite({
  quick,
  folder,
  signal,
}: BenchContext): AsyncGenerator<BenchCase, void> {
  const count = quick ? 2000 : 500_000;
  const values = scenes(count);
  const asked = queries(quick ? 20 : 1000);
  const path = join(folder, 'scenes.parquet');
  const rows = { amount: count, unit: 'rows' };
  const answers = { amount: asked.length, unit: 'queries' };
  // The first query builds the index.
  yield { name: 'build, with its index', ...rows, run: () => catalogOf(values).query(asked[0]) };
  const catalog = catalogOf(values);
  yield { name: 'write', ...rows, run: () => writeCatalog(catalog, path, { signal }) };
  yield {
    name: 'query in memory',
    ...answers,
    run() {
      for (const query of asked) catalog.query(query);
    },
  };
  yield {
    name: 'open',
    ...rows,
    run: async () => (await openCatalog(path)).dispose(),
  };
  const file = await openCatalog(path);
  try {
    yield {
      name: 'query of the file',
      ...answers,
      async run() {
        for (const query of asked) await file.query(query, { signal });
      },
    };
  } finally {
    await file.dispose();
  }
}
