// npm run check:zarr: the intermediate store of a run as zarr-python and xarray open it, and terrachip's files and
// warps against a newer GDAL.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkWarps } from './gdal/warps.js';
import { backendsHere, Report, terrachip } from './programs.js';
import { makeRadarScene } from './radar-scene.js';
import { installProject, root } from './support.js';
import { openTrixie } from './trixie.js';

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

/** Warps of every pair of reference systems, and of integers, against that newer GDAL. */
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
  await checkNewerGdal();
} finally {
  close();
}
report.end();
