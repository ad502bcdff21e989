// Measures terrachip on a catalog of synthetic scenes; prints seconds and bytes as JSON.
//
//   node catalog.js write COUNT FOLDER     build in memory, query it, write it
//   node catalog.js open COUNT FOLDER      open the written file, query it
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCatalog, writeCatalog } from '../../dist/catalog/node/index.js';
import { catalogOf, queries, SCENE, scenes } from '../../dist/workflow/bench/made-up-catalog.js';
import { median, quantile, timeTask } from '../../dist/workflow/bench/measure.js';

const [mode, countText, folder] = process.argv.slice(2);
const count = Number(countText);
const path = join(folder, `${count}.parquet`);
const allQueries = queries(1000);

/** Runs each query once to warm up, then once for its time. */
async function timeQueries(ask) {
  let hits = 0;
  for (const query of allQueries) hits += await ask(query);
  const seconds = [];
  for (const query of allQueries) seconds.push(await timeTask(() => ask(query)));
  return { hits, query: median(seconds), query95: quantile(seconds, 0.95) };
}

if (mode === 'write') {
  const values = scenes(count);
  writeFileSync(join(folder, `${count}.f64`), values);
  writeFileSync(
    join(folder, 'queries.json'),
    JSON.stringify(allQueries.map(({ geometry, interval }) => [...geometry, interval.start, interval.end])),
  );
  let catalog;
  const build = await timeTask(() => {
    catalog = catalogOf(values);
    // The first query builds the index.
    catalog.query(allQueries[0]);
  });
  const memory = process.memoryUsage().rss;
  const timings = await timeQueries((query) => catalog.query(query).length);
  const write = await timeTask(() => writeCatalog(catalog, path));
  const [size, index] = [path, `${path}.index`].map((each) => statSync(each).size);
  console.log(JSON.stringify({ build, ...timings, write, size, index, memory, values: 8 * SCENE * count }));
} else {
  const open = [];
  for (let k = 0; k < 7; k++) {
    let file;
    open.push(
      await timeTask(async () => {
        file = await openCatalog(path);
      }),
    );
    await file.dispose();
  }
  // Cold: rows are read and decoded on their first use.
  const fresh = await openCatalog(path);
  await fresh.query(allQueries[0]);
  const cold = [];
  for (const query of allQueries.slice(1)) cold.push(await timeTask(() => fresh.query(query)));
  await fresh.dispose();
  const file = await openCatalog(path);
  const first = await timeTask(() => file.query(allQueries[0]));
  const timings = await timeQueries(async (query) => (await file.find(query)).length);
  const rows = await timeQueries(async (query) => (await file.query(query)).length);
  console.log(
    JSON.stringify({
      // Includes the compilation of the code.
      openFirst: open[0],
      open: median(open.slice(1)),
      first,
      ...timings,
      rows: rows.query,
      rows95: rows.query95,
      rowsCold: median(cold),
      memory: process.memoryUsage().rss,
    }),
  );
}
