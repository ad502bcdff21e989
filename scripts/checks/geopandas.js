// npm run check:geopandas [-- TOPIC ...]: compares catalogs with GeoPandas and, where available, DuckDB. Each reads the
// files of the other, queries in several CRSs find the same rows, and loadRaster gives rasterio's pixels. Needs Debian,
// and root to install missing Python packages; uses real rasters where available (TERRACHIP_SHARED, or ../shared).
import { checkFiles } from './geopandas/files.js';
import { openPython } from './geopandas/python.js';
import { checkQueries } from './geopandas/queries.js';
import { checkRasters } from './geopandas/rasters.js';
import { Report } from './programs.js';
import { installProject, withTemporaryFolder } from './support.js';

/** The check of each topic, called with `{ report, folder, python }`. */
const TOPICS = { files: checkFiles, queries: checkQueries, rasters: checkRasters };

const chosen = process.argv.slice(2).filter((name) => Object.hasOwn(TOPICS, name));
const topics = chosen.length > 0 ? chosen : Object.keys(TOPICS);
await installProject();
const report = new Report('check:geopandas');
const python = await openPython(report);
for (const topic of topics) {
  await withTemporaryFolder((folder) => TOPICS[topic]({ report, folder, python }));
}
report.end();
