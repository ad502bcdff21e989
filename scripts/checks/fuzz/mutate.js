// Makes a case: mutations of a seed file, determined by two numbers.
import { mutateBytes } from './bytes.js';
import { mutateCatalog } from './catalog.js';
import { mutateCheckpoint } from './checkpoint.js';
import { mutateJson } from './json.js';
import { mutateNpy } from './npy.js';
import { Random } from './random.js';
import { mutateTiff } from './tiff.js';

/** Percentage of cases of each kind. */
const SHARES = {
  tiff: 30, pam: 2, jp2: 4, zarr: 14, npy: 5, zip: 3, checkpoint: 6,
  catalog: 11, fgb: 4, gpkg: 5, geojson: 3, topojson: 2, parquet: 4, shp: 4, shapezip: 1, stac: 2,
}; // biome-ignore format: a table
const KINDS = Object.entries(SHARES).flatMap(([kind, share]) => Array(share).fill(kind));

/** Kinds with several files, of which one is damaged at a time. */
const STORES = new Set(['zarr', 'shp', 'pam']);

/** Kinds whose files are one JSON document. */
const DOCUMENTS = new Set(['geojson', 'topojson', 'stac']);

/**
 * @param {import('./seeds.js').Seed[]} seeds
 * @param {number} seed of the whole run
 * @param {number} number of the case
 * @returns {import('./seeds.js').Seed}
 */
export function makeCase(seeds, seed, number) {
  const random = new Random(seed, number);
  const kind = random.pick(KINDS);
  const ofKind = seeds.filter((candidate) => candidate.kind === kind);
  const { name, files } = random.pick(ofKind);
  const other = random.pick(ofKind);
  const copies = Object.entries(files).map(([key, bytes]) => [key, Buffer.from(bytes)]);
  const result = { kind, name, files: Object.fromEntries(copies) };
  for (let k = random.pick([1, 1, 1, 2, 4]); k > 0; k--) mutate(random, result, other);
  return result;
}

function mutate(random, { kind, files }, other) {
  if (STORES.has(kind)) return mutateStore(random, files, other.files);
  if (kind === 'catalog') return mutateCatalog(random, files, other.files);
  const bytes = files[''];
  if (kind === 'tiff' && random.chance(0.65) && mutateTiff(random, bytes)) return;
  if (DOCUMENTS.has(kind) && random.chance(0.85)) {
    files[''] = Buffer.from(mutateJson(random, bytes.toString('utf8')));
    return;
  }
  if (kind === 'checkpoint' && random.chance(0.7)) {
    files[''] = mutateCheckpoint(random, bytes);
    return;
  }
  files[''] =
    kind === 'npy' && random.chance(0.6)
      ? mutateNpy(random, bytes)
      : mutateBytes(random, bytes, other.files['']);
}

const isDocument = (key) => /(^|\/)(zarr\.json|\.z\w+)$/.test(key);

/** Small sidecar files, which are damaged as often as the main files. */
const isSidecar = (key) => /\.(shx|cpg|xml)$/.test(key);

function mutateStore(random, files, other) {
  const keys = Object.keys(files);
  if (keys.length === 0) return;
  const documents = keys.filter((name) => isDocument(name) || isSidecar(name));
  const key = random.pick(random.chance(0.75) && documents.length > 0 ? documents : keys);
  const kind = random.unit();
  if (kind < 0.03) delete files[key];
  else if (kind < 0.06) files[key] = Buffer.from(random.pick(Object.values(other)));
  else if (isDocument(key) && random.chance(0.9)) {
    files[key] = Buffer.from(mutateJson(random, files[key].toString('utf8')));
  } else files[key] = Buffer.from(mutateBytes(random, files[key], random.pick(Object.values(other))));
}

/** The name of a case on disk. */
export function nameOf({ kind }) {
  return {
    tiff: 'case.tif',
    jp2: 'case.jp2',
    npy: 'case.npy',
    zip: 'case.zarr.zip',
    zarr: 'case.zarr',
    checkpoint: 'case.pt',
    catalog: 'case.catalog',
    shp: 'case.shapefile',
    pam: 'case.pam',
    parquet: 'case.parquet',
    shapezip: 'case.shp.zip',
    stac: 'case.json',
    topojson: 'case.topojson',
    geojson: 'case.geojson',
    fgb: 'case.fgb',
    gpkg: 'case.gpkg',
  }[kind];
}
