// Seed files of cases: the tests' fixtures, files by terrachip's writers, small real files where available, and inputs
// that once failed. A seed is a file, or a Zarr store as files by key.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { deflateSync, inflateRawSync } from 'node:zlib';
import { Affine, allocateArray, GeoBox } from 'terrachip/geo';
import {
  CogWriter,
  consolidateZarr,
  createZarrGroup,
  geoZarrAttributes,
  writeNpy,
  writeZarrGrid,
  ZarrShardWriter,
} from 'terrachip/raster';
import { root } from '../support.js';
import { documentSeeds, placeSeeds } from './place-seeds.js';
import { RASTER } from './read.js';

const FIXTURES = join(root, 'test', 'fixtures');

export const CORPUS = join(root, 'scripts', 'checks', 'fuzz', 'corpus');

/** Largest real file: in larger ones most bytes are pixels. */
const MOST_BYTES = 64 * 1024;

/** Most real files per folder. */
const MOST_REAL = 400;

/**
 * A single file has the key ''. A Zarr store, a shapefile and a catalog with its index are folders.
 * @typedef {{ kind: string, name: string, files: Record<string, Buffer> }} Seed
 */

const KINDS = {
  '.tif': 'tiff',
  '.jp2': 'jp2',
  '.npy': 'npy',
  '.zip': 'zip',
  '.pt': 'checkpoint',
  '.ckpt': 'checkpoint',
  '.safetensors': 'checkpoint',
};

/** Paths of all files below a folder, sorted. */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @returns {Seed[]} */
function fileSeeds(folder, limit = Number.POSITIVE_INFINITY) {
  const seeds = [];
  for (const path of filesBelow(folder)) {
    const kind = KINDS[/\.\w+$/.exec(path)?.[0]];
    if (kind === undefined || statSync(path).size > MOST_BYTES || seeds.length >= limit) continue;
    const name = relative(folder, path).split(sep).join('/');
    const seed = { kind, name, files: { '': readFileSync(path) } };
    seeds.push(seed);
    const whole = kind === 'zip' && folder !== CORPUS;
    if (whole) seeds.push({ kind: 'zarr', name: `${name} unpacked`, files: unzip(seed.files['']) });
  }
  return seeds;
}

/** The entries of a simple zip file. */
function unzip(bytes) {
  const files = {};
  let at = bytes.readUInt32LE(bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1') + 16);
  while (bytes.toString('latin1', at, at + 4) === 'PK\x01\x02') {
    const [stored, name, extra, comment] = [20, 28, 30, 32].map((field, k) =>
      k === 0 ? bytes.readUInt32LE(at + field) : bytes.readUInt16LE(at + field),
    );
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + stored);
    const key = bytes.toString('utf8', at + 46, at + 46 + name);
    if (!key.endsWith('/')) files[key] = bytes.readUInt16LE(at + 10) === 8 ? inflateRawSync(data) : data;
    at += 46 + name + extra + comment;
  }
  return files;
}

const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 40, 24);

/** A slope with gaps, in any type. */
function plane(dtype, length = 960) {
  const data = allocateArray(dtype, length);
  for (let i = 0; i < length; i++) data[i] = i % 7 === 0 ? 0 : (i * 3) % 120;
  return data;
}

const COGS = {
  'deflate-uint8': { dtype: 'uint8', compression: 'deflate', bands: 1, nodata: 0 },
  'deflate-uint16-p2-bands': { dtype: 'uint16', predictor: 2, bands: 2, interleave: 'band' },
  'deflate-float32-p3-mask': { dtype: 'float32', predictor: 3, bands: 2, mask: true },
  'zstd-int16': { dtype: 'int16', compression: 'zstd', bands: 3 },
  'zstd-float64-bigtiff': { dtype: 'float64', compression: 'zstd', bands: 1, bigTiff: true },
  'none-int32-bigtiff': { dtype: 'int32', compression: 'none', bands: 2, bigTiff: true },
  'none-uint8-sparse': { dtype: 'uint8', compression: 'none', bands: 1, nodata: 0, sparse: true },
};

async function writeCogs(folder) {
  for (const [name, options] of Object.entries(COGS)) {
    const writer = await CogWriter.create(join(folder, `${name}.tif`), { geobox, blockSize: 16, ...options });
    const bands = Array.from({ length: options.bands }, () => plane(options.dtype));
    await writer.writeRows(bands, ...(options.mask ? [plane('uint8')] : []));
    await writer.finish();
  }
}

/** An .aux.xml file as GDAL writes it. */
const PAM = `<PAMDataset>
  <SRS dataAxisToSRSAxisMapping="1,2">EPSG:32632</SRS>
  <GeoTransform>300000, 10, 0, 5000000, 0, -10</GeoTransform>
  <Metadata><MDI key="AREA_OR_POINT">Area</MDI></Metadata>
  <Metadata domain="xml:ESRI" format="xml"><GeodataXform><SpatialReference><WKT>EPSG:3857</WKT></SpatialReference></GeodataXform></Metadata>
  <PAMRasterBand band="1">
    <NoDataValue le_hex_equiv="000000000000F0BF">-1</NoDataValue><Offset>1</Offset><Scale>0.1</Scale>
    <Description>first &amp; only</Description><ColorInterp>Palette</ColorInterp>
    <ColorTable><Entry c1="1" c2="2" c3="3" c4="255"/><Entry c1="9" c2="8" c3="7" c4="0"/></ColorTable>
  </PAMRasterBand>
</PAMDataset>
`;

/** Rasters with an .aux.xml file. @returns {Seed[]} */
function besideSeeds(rasters) {
  return rasters
    .filter(({ kind }) => kind === 'tiff')
    .map(({ name, files }) => ({
      kind: 'pam',
      name: `${name} with .aux.xml`,
      files: { [RASTER]: files[''], [`${RASTER}.aux.xml`]: Buffer.from(PAM) },
    }));
}

async function writeStores(folder) {
  for (const compression of ['none', 'zstd', 'gzip', 'blosc']) {
    const store = join(folder, compression);
    await createZarrGroup(store, {});
    await writeZarrGrid(store, geobox);
    const writer = new ZarrShardWriter(join(store, 'values'), {
      shape: [1, 24, 40],
      shardShape: [1, 16, 40],
      chunkShape: [1, 8, 20],
      dtype: 'float32',
      fillValue: Number.NaN,
      dimensions: ['band', 'y', 'x'],
      attributes: geoZarrAttributes(geobox),
      compression,
    });
    await writer.create();
    await writer.writeShard([0, 0, 0], plane('float32', 640));
    await writer.writeShard([0, 1, 0], plane('float32', 320));
    if (compression === 'zstd') await consolidateZarr(store);
  }
}

/** Stores without shards, as by zarr-python. */
function plainStores() {
  const json = (value) => Buffer.from(JSON.stringify(value));
  const chunk = Buffer.from(plane('uint16', 96).buffer);
  const v2 = {
    zarr_format: 2, shape: [8, 24], chunks: [8, 12], dtype: '<u2', compressor: { id: 'zlib', level: 1 },
    fill_value: 0, order: 'C', filters: [{ id: 'delta', dtype: '<u2' }],
  }; // biome-ignore format: a document
  const v3 = {
    zarr_format: 3, node_type: 'array', shape: [8, 24], data_type: 'uint16',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [8, 12] } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } }, fill_value: 0,
    codecs: [
      { name: 'transpose', configuration: { order: [1, 0] } },
      { name: 'bytes', configuration: { endian: 'big' } },
      { name: 'crc32c' },
    ],
    attributes: {}, dimension_names: ['y', 'x'],
  }; // biome-ignore format: a document
  return [
    { '.zarray': json(v2), '.zattrs': json({ _ARRAY_DIMENSIONS: ['y', 'x'] }), '0.0': deflateSync(chunk) },
    { 'zarr.json': json(v3), 'c/0/0': Buffer.concat([chunk, Buffer.alloc(4)]) },
  ].map((files, k) => ({ kind: 'zarr', name: `plain-v${k + 2}`, files }));
}

/** @returns {Promise<Seed[]>} */
async function writtenSeeds() {
  const folder = mkdtempSync(join(tmpdir(), 'terrachip-fuzz-seeds-'));
  try {
    const cogs = join(folder, 'cogs');
    const stores = join(folder, 'stores');
    for (const path of [cogs, stores]) mkdirSync(path);
    await writeCogs(cogs);
    await writeStores(stores);
    for (const dtype of ['uint8', 'int16', 'float32', 'float64']) {
      await writeNpy(join(cogs, `${dtype}.npy`), { shape: [2, 8, 60], dtype }, plane(dtype));
    }
    const written = readdirSync(stores).map((name) => storeSeed(stores, name));
    const files = fileSeeds(cogs);
    return [...files, ...written, ...plainStores(), ...besideSeeds(files)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A folder as a Zarr store. @returns {Seed} */
function storeSeed(folder, name) {
  const files = filesBelow(join(folder, name)).map((path) => [
    relative(join(folder, name), path).split(sep).join('/'),
    readFileSync(path),
  ]);
  return { kind: 'zarr', name, files: Object.fromEntries(files) };
}

/** Inputs that once failed, unchanged, by name. @returns {Seed[]} */
export function keptSeeds() {
  const folders = (kind) =>
    readdirSync(CORPUS)
      .filter((name) => name.endsWith(`.${kind}`))
      .map((name) => ({ ...storeSeed(CORPUS, name), kind }));
  const kept = [...fileSeeds(CORPUS), ...folders('zarr'), ...folders('catalog'), ...documentSeeds(CORPUS)];
  return kept.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @returns {Promise<Seed[]>} */
export async function allSeeds() {
  const shared = resolve(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
  // Zip files among vectors are shapefiles.
  const isOfPixels = ({ name }) => !name.startsWith('vector/');
  return [
    ...keptSeeds(),
    ...fileSeeds(FIXTURES).filter(isOfPixels),
    ...(await writtenSeeds()),
    ...(await placeSeeds(FIXTURES, shared, MOST_BYTES)),
    ...['gdal-autotest', 'npy'].flatMap((name) => fileSeeds(join(shared, name), MOST_REAL)),
  ];
}
