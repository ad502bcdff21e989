// npm run check:zarr: zarr-python and xarray open the intermediate store of a run and a store of embeddings; terrachip's
// files and warps are compared with a newer GDAL.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkWarps } from './gdal/warps.js';
import { backendsHere, Report, terrachip } from './programs.js';
import { makeRadarScene } from './radar-scene.js';
import { installProject, root } from './support.js';
import { openTrixie } from './trixie.js';
import { writeEncoder } from './zarr/encoder.js';

await installProject();
const { folder, inTrixie, python, close } = await openTrixie();
const report = new Report('check:zarr');

/** Maps a scene in several units and compares the store with the product. */
async function checkStore() {
  const { scene } = await makeRadarScene(join(folder, 'scene'));
  const map = join(folder, 'map');
  const model = join(root, 'models', 'water-threshold');
  await terrachip('infer', scene, '--model', model, '-o', map, '--unit-rows', '256', '--keep-run');
  const [fingerprint] = readdirSync(`${map}.run`);
  const seen = await python('zarr/open_store.py', {
    store: join(`${map}.run`, fingerprint, 'map.zarr'),
    product: join(map, 'probability.tif'),
  });
  console.log(
    `zarr-python ${seen.versions.zarr}, xarray ${seen.versions.xarray}, GDAL ${seen.versions.gdal}`,
  );
  for (const [reader, facts] of Object.entries(seen.readers)) {
    report.same(`${reader}: dimensions`, facts.dimensions, ['class', 'y', 'x']);
    report.same(`${reader}: shape`, facts.shape, seen.product.shape);
    report.same(`${reader}: type`, facts.dtype, 'float32');
    report.same(`${reader}: values that differ from probability.tif`, facts.differing, 0);
    report.same(`${reader}: classes`, facts.attributes.classes, seen.product.descriptions);
    for (const attributes of [facts.attributes, facts.groupAttributes]) {
      report.same(`${reader}: proj:code`, attributes['proj:code'], seen.product.crs);
      report.same(`${reader}: spatial:transform`, attributes['spatial:transform'], seen.product.transform);
      report.same(`${reader}: spatial:shape`, attributes['spatial:shape'], seen.product.shape.slice(1));
      report.same(`${reader}: spatial:bbox`, attributes['spatial:bbox'], seen.product.bounds);
      report.same(`${reader}: spatial:dimensions`, attributes['spatial:dimensions'], ['y', 'x']);
    }
    const { valid, missing } = facts;
    report.check(`${reader}: holds data and gaps`, valid > 0 && missing > 0, `${valid} and ${missing}`);
    console.log(
      `${reader}: ${valid} values and ${missing} gaps, ${facts.differing} differ from probability.tif`,
    );
  }
  report.check('the store has several shards', seen.shards > 1, `${seen.shards}`);
  report.same('layout of the product', seen.product.layout, 'COG');
}

/** Embeds the chips of a scene and compares the readers' view with terrachip's report. */
async function checkEmbeddings() {
  const { scene } = await makeRadarScene(join(folder, 'embedded'));
  const datetime = '2021-07-15T05:50:12Z';
  writeFileSync(scene, JSON.stringify({ ...JSON.parse(readFileSync(scene, 'utf8')), datetime }));
  const [checkpoint, model, store] = ['encoder.safetensors', 'encoder', 'embeddings.zarr'].map((name) =>
    join(folder, name),
  );
  writeEncoder(checkpoint);
  await terrachip('model', 'import', checkpoint, '-o', model, '--chip', '64');
  const phases = ['--phases', 'event', '--unit-chips', '16'];
  const embedded = await terrachip('embed', scene, '--model', model, '-o', store, ...phases);
  const [count, channels] = embedded.shape;
  const { readers, attributes, shards } = await python('zarr/open_embeddings.py', { store });
  report.same('embeddings: shards', shards, Math.ceil(count / 16));
  report.same('embeddings: pooled by', attributes.pool, 'mean');
  for (const [reader, seen] of Object.entries(readers)) {
    const title = (name) => `${reader}: ${name} of embeddings`;
    report.same(title('shapes'), seen.shapes, {
      embeddings: [count, channels],
      id: [count],
      crs: [count],
      bounds: [count, 4],
      time: [count, 2],
      valid: [count],
    });
    report.same(title('dimensions'), seen.dimensions.embeddings, ['chip', 'channel']);
    report.same(title('type'), seen.dtype, 'float32');
    report.same(title('different chips'), seen.different_ids, count);
    report.same(title('first chip'), seen.ids[0], 'radar_00000_00000');
    report.same(title('reference systems'), seen.crs, ['EPSG:32632']);
    report.same(
      title('gaps'),
      [seen.missing, seen.without_data],
      [embedded.chipsSkipped, embedded.chipsSkipped],
    );
    const [[west, south, east, north]] = seen.bounds;
    report.same(title('size of a chip in metres'), [east - west, north - south], [640, 640]);
    report.check(title('values that differ between chips'), seen.spread > 1e-3, `${seen.spread}`);
    report.same(title('sum'), seen.checksum, readers['zarr-python'].checksum);
    console.log(`${reader}: embeddings of ${count} chips, ${seen.missing} without data`);
  }
}

/** Compares warps between all CRSs, and of integers, with the newer GDAL. */
async function checkNewerGdal() {
  const rasters = join(folder, 'rasters');
  mkdirSync(rasters);
  const version = await inTrixie('gdalwarp', ['--version']);
  const made = await python('gdal/make_rasters.py', { folder: rasters });
  const wanted =
    /^(utm31-nan to UTM32|utm31-int16 to UTM32|utm31-uint8 to UTM32, nodata 3|utm32-nan to|mercator-float32 to|lonlat-float32 to (UTM32|LAEA))/;
  const cases = made.warps.filter(({ name }) => wanted.test(name));
  await checkWarps(report, cases, {
    folder: rasters,
    backends: await backendsHere(report),
    gdal: inTrixie,
    python,
    title: `made rasters, ${version.split(',')[0]}`,
  });
}

try {
  await checkStore();
  await checkEmbeddings();
  await checkNewerGdal();
} finally {
  close();
}
report.end();
