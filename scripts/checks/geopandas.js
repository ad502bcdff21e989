// npm run check:geopandas [-- TOPIC ...]: catalogs beside GeoPandas, and DuckDB where it can be had. Files that each
// writes are read by the other, queries in several reference systems find the same rows, and loadRaster gives rasterio's
// pixels. Needs Debian, and root
// for what is missing of Python; real rasters are asked for where they are at hand (TERRACHIP_SHARED, or ../shared).
import { checkFiles } from './geopandas/files.js';
import { openPython } from './geopandas/python.js';
import { checkQueries } from './geopandas/queries.js';
import { checkRasters } from './geopandas/rasters.js';
import { Report } from './programs.js';
import { installProject, withTemporaryFolder } from './support.js';

/** A file a topic; each is given `{ report, folder, python }`. */
const TOPICS = { files: checkFiles, queries: checkQueries, rasters: checkRasters };

const wanted = process.argv.slice(2).filter((name) => Object.hasOwn(TOPICS, name));
const topics = wanted.length > 0 ? wanted : Object.keys(TOPICS);
await installProject();
const report = new Report('check:geopandas');
const python = await openPython(report);
for (const topic of topics) {
  await withTemporaryFolder((folder) => TOPICS[topic]({ report, folder, python }));
}
report.end();
