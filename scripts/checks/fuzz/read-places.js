// Reads catalogs, vector files and STAC items in every way.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildVectorCatalog,
  catalogFromStac,
  loadCatalog,
  openCatalog,
  openProduct,
} from 'terrachip/catalog';
import { readFeatures } from '../../../dist/vector/node/index.js';
import { CATALOG } from './catalog.js';

const QUESTIONS = [
  { geometry: [3, 40, 30, 60], interval: '2016-01/2020-12' },
  { geometry: [170, -60, -170, 60] },
  { geometry: [300_000, 5_000_000, 900_000, 6_000_000], crs: 'EPSG:32632' },
  { interval: '2019-01/2019-12' },
];

/** Accesses all rows and properties of a catalog in memory. */
function lookAt(catalog) {
  for (const row of catalog) JSON.stringify([row.id, row.footprint, row.interval, row.properties]);
  JSON.stringify([catalog.bounds, catalog.temporalExtent]);
  for (const question of QUESTIONS) catalog.query(question);
}

/** @returns the errors thrown */
async function outcomes(...tasks) {
  const errors = [];
  for (const task of tasks) {
    try {
      await task();
    } catch (error) {
      errors.push(error);
    }
  }
  return errors;
}

async function readFile(path, index) {
  const file = await openCatalog(path, { index });
  try {
    return await outcomes(
      ...QUESTIONS.map((question) => async () => lookAt(await file.query(question))),
      async () => lookAt(await file.load()),
    );
  } finally {
    await file.dispose();
  }
}

/** Opens a catalog with its index, without an index, and with a new one. */
function catalogWays(folder) {
  const path = join(folder, CATALOG);
  return ['use', 'ignore', 'rebuild'].map((index) => () => readFile(path, index));
}

async function readVector(path) {
  const options = { crs: 'EPSG:4326' };
  await readFeatures(path, options);
  return outcomes(
    () => readFeatures(path, { ...options, bounds: [0, 0, 8, 50], boundsCrs: 'EPSG:4326' }),
    async () =>
      lookAt(
        (await buildVectorCatalog([path], { ...options, rows: 'feature', onUnreadable: 'throw' })).catalog,
      ),
  );
}

async function readItems(path) {
  let document;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // The parser has reported the error.
    return [];
  }
  return outcomes(
    () => lookAt(catalogFromStac(document, { source: path })),
    () => openProduct(document, { base: path }),
    () => openProduct(path),
  );
}

/** @returns the ways to read a case; null for other kinds */
export function placeWays(kind, path) {
  if (kind === 'catalog') return catalogWays(path);
  if (kind === 'stac') return [() => readItems(path)];
  if (kind === 'geojson')
    return [() => readVector(path), async () => void lookAt(await loadCatalog(path)) ?? []];
  if (kind === 'shp') return [() => readVector(join(path, 'case.shp'))];
  return ['topojson', 'fgb', 'gpkg', 'shapezip', 'parquet'].includes(kind) ? [() => readVector(path)] : null;
}
