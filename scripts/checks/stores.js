// npm run check:stores: zarr-python, xarray and NumPy read terrachip's Zarr and .npy files, and terrachip reads theirs.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Report } from './programs.js';
import { installProject } from './support.js';
import { openTrixie } from './trixie.js';

await installProject();
const { Affine, GeoBox, TimeInterval } = await import('terrachip/geo');
const {
  cfAttributes,
  consolidateZarr,
  createZarrGroup,
  geoZarrAttributes,
  openNpy,
  openRaster,
  openZarr,
  writeNpy,
  writeZarrGrid,
  ZarrCubeWriter,
  ZarrShardWriter,
} = await import('terrachip/raster');

const report = new Report('check:stores');
const { folder, python, close } = await openTrixie();

const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Smooth values of a type; every hundredth is nodata. */
function valuesOf(dtype, length, nodata) {
  return ARRAYS[dtype].from({ length }, (_, i) => (i % 100 === 7 ? nodata : 50 * Math.sin(i / 40) + 60));
}

/** The hash of values as float64, with NaN as 1e300, since bits of NaN differ. */
function hash(values) {
  const numbers = Float64Array.from(values, (value) => (Number.isNaN(value) ? 1e300 : value));
  return createHash('sha256').update(new Uint8Array(numbers.buffer)).digest('hex');
}

/** The others read terrachip's files of every codec and type. */
async function checkWritten() {
  const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300000, 0, -10, 5000000), 150, 130);
  const cases = [];
  for (const compression of ['none', 'zstd', 'gzip', 'blosc']) {
    for (const dtype of Object.keys(ARRAYS)) {
      const store = join(folder, 'written', `${compression}-${dtype}.zarr`);
      const nodata = dtype.startsWith('float') ? Number.NaN : 3;
      await createZarrGroup(store, geoZarrAttributes(geobox));
      await writeZarrGrid(store, geobox);
      const writer = new ZarrShardWriter(join(store, 'map'), {
        shape: [2, 130, 150],
        shardShape: [2, 64, 160],
        chunkShape: [1, 32, 32],
        dtype,
        fillValue: nodata,
        dimensions: ['band', 'y', 'x'],
        attributes: cfAttributes(dtype, nodata),
        compression,
      });
      await writer.create();
      const values = valuesOf(dtype, 2 * 130 * 150, nodata);
      for (const [unit, rows] of [
        [0, 64],
        [1, 64],
        [2, 2],
      ]) {
        const shard = new ARRAYS[dtype](2 * rows * 150);
        for (let band = 0; band < 2; band++) {
          const from = (band * 130 + 64 * unit) * 150;
          shard.set(values.subarray(from, from + rows * 150), band * rows * 150);
        }
        await writer.writeShard([0, unit, 0], shard);
      }
      if (dtype === 'float32') await consolidateZarr(store);
      cases.push({
        store,
        dtype,
        hash: hash(values),
        missing: values.filter((v) => Object.is(v, nodata)).length,
      });
    }
  }
  const arrays = [];
  for (const dtype of Object.keys(ARRAYS)) {
    const path = join(folder, 'written', `${dtype}.npy`);
    const values = valuesOf(dtype, 5 * 6 * 7, 3);
    const rows = Array.from({ length: 5 }, (_, y) => values.subarray(42 * y, 42 * (y + 1)));
    await writeNpy(path, { shape: [5, 6, 7], dtype }, rows);
    arrays.push({ path, dtype, hash: hash(values) });
  }
  const seen = await python('stores/read_stores.py', {
    stores: cases.map(({ store }) => store),
    arrays: arrays.map(({ path }) => path),
  });
  console.log(
    `zarr-python ${seen.versions.zarr}, xarray ${seen.versions.xarray}, NumPy ${seen.versions.numpy}`,
  );
  cases.forEach(({ store, dtype, hash: expected, missing }, i) => {
    const name = store.slice(store.lastIndexOf('/') + 1);
    const { zarr, xarray } = seen.stores[i];
    report.same(`${name}: zarr-python's values`, zarr.hash, expected);
    report.same(`${name}: type`, zarr.dtype, dtype);
    report.same(`${name}: xarray's missing values`, xarray.missing, missing);
    report.same(`${name}: xarray's x of the first pixel`, xarray.x, 300005);
    report.same(`${name}: xarray's y of the first pixel`, xarray.y, 4999995);
    report.same(`${name}: transform`, xarray.transform, [10, 0, 300000, 0, -10, 5000000]);
    report.same(`${name}: reference system`, xarray.epsg, 32632);
    report.same(`${name}: standard name`, xarray.standardName, 'projection_x_coordinate');
  });
  arrays.forEach(({ path, dtype, hash: expected }, i) => {
    const { mapped, aligned, shape, ...found } = seen.arrays[i];
    report.check(`${path}: numpy.load maps it`, mapped && aligned, JSON.stringify(seen.arrays[i]));
    report.same(`${path}: shape`, shape, [5, 6, 7]);
    report.same(`${path}: values and type`, [found.hash, found.dtype], [expected, dtype]);
  });
}

/** A time cube, written by windows that are not aligned to its chunks. */
async function checkCube() {
  const store = join(folder, 'cube.zarr');
  const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300000, 0, -10, 5000000), 150, 130);
  const cube = await ZarrCubeWriter.create(store, {
    geobox,
    times: ['2021-06', '2021-07'].map((month) => TimeInterval.parse(month)),
    variables: { red: { attributes: { units: '1' } }, classes: { dtype: 'uint8', nodata: 255 } },
    tile: 64,
    chunk: 32,
    attributes: { title: 'two months' },
  });
  let sum = 0;
  for (const step of [1, 0]) {
    for (let y = 0; y < 130; y += 50) {
      const height = Math.min(50, 130 - y);
      const data = Float32Array.from(
        { length: 150 * height },
        (_, i) => 1000 * step + (i % 150) + y + Math.floor(i / 150),
      );
      sum += data.reduce((total, value) => total + value, 0);
      await cube.write('red', step, { x: 0, y, width: 150, height }, data);
    }
  }
  await cube.write('classes', 0, { x: 0, y: 0, width: 150, height: 130 }, new Uint8Array(150 * 130));
  await cube.close();
  const seen = await python('stores/read_cube.py', { store });
  report.same('cube: as zarr-python and xarray see it', seen, {
    arrays: ['classes', 'red', 'spatial_ref', 'time', 'time_bnds', 'x', 'y'],
    variables: ['classes', 'red'],
    dimensions: ['time', 'y', 'x'],
    times: ['2021-06-01T00:00:00', '2021-07-01T00:00:00'],
    ends: ['2021-07-01T00:00:00', '2021-08-01T00:00:00'],
    x: 300005,
    y: 4999995,
    dtypes: ['float32', 'uint8'],
    title: 'two months',
    units: '1',
    sum,
    missing: [0, 150 * 130],
    at: [1000 + 20 + 18],
  });
}

/** terrachip reads the others' files. */
async function checkRead() {
  const made = join(folder, 'made');
  mkdirSync(made);
  const { stores, arrays } = await python('stores/make_stores.py', { folder: made });
  const root = made.slice(0, made.indexOf('/tmp/terrachip-check-'));
  for (const { path, array, hash: expected, shape, raster } of stores) {
    const group = await openZarr(root + path);
    const found = await group.array(array);
    const { data } = (await found?.read()) ?? { data: [] };
    report.same(`${path}#${array}: values`, hash(data), expected);
    report.same(`${path}#${array}: shape`, found?.shape, shape);
    await group.close();
    if (raster === null) continue;
    const opened = await openRaster(`${root}${path}#${array}`);
    report.same(`${path}: place`, [opened.crs?.epsg, opened.transform?.toTuple()], [32632, raster.transform]);
    report.same(
      `${path}: bands`,
      opened.bands.map(({ description }) => description),
      raster.bands,
    );
    const { nodata, scale, offset } = opened.bands[0];
    report.same(`${path}: packing`, [nodata, scale, offset], raster.packing);
    await opened.close();
  }
  for (const { path, hash: expected, shape } of arrays) {
    const array = await openNpy(root + path);
    report.same(`${path}: values`, hash((await array.read()).data), expected);
    report.same(`${path}: shape`, array.shape, shape);
    await array.close();
  }
  console.log(`${stores.length} Zarr arrays and ${arrays.length} .npy files by Python came back`);
}

try {
  await checkWritten();
  await checkCube();
  await checkRead();
} finally {
  close();
}
report.end();
