// npm run check:vectors: compares polygons of class maps with GDAL, shapely and pyproj; burned polygons, by both of GDAL's
// rules, with rasterio's masks of a real flood; and vector files of each format with GeoPandas. Needs Debian, and root to
// install missing Python packages; uses real files where available (TERRACHIP_SHARED, or ../shared).
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { printTable, python, Report, requirePackages, run, terrachip } from './programs.js';
import { installProject, root, withTemporaryFolder } from './support.js';

await requirePackages([
  'gdal-bin',
  'python3-numpy',
  'python3-rasterio',
  'python3-shapely',
  'python3-pyproj',
  'python3-geopandas',
]);
await installProject();
const { checkFormats } = await import('./vectors/formats.js');
const { installGdal3 } = await import('./vectors/gdal3.js');

/** Relative tolerance of the total geodesic area against the sum of pixel areas; 1e-6 is 1 m² in 1 km². */
const AREA_TOLERANCE = 2e-6;

const report = new Report('check:vectors');
const data = join(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');

const REAL_MAPS = {
  'EMSR517 flood mask': 'derived-reference/EMSR517_flood_mask.tif',
  'Sen1Floods11 label': 'eo/cloudtostreet__Sen1Floods11/Labels/Spain_7370579_LabelHand.tif',
  'TerraMind land cover': 'eo/IBM__terramind/LULC/433D_629L_3_1.tif',
  'HLS burn scar mask':
    'eo/IBM__terratorch/examples/notebooks/subsetted_512x512_HLS.S30.T10TGS.2018285.v1.4.mask.tif',
};
const FLOOD =
  'vector/CEMS_EMSR517/19.07.2021_EMSR517_json/EMSR517_AOI15_GRA_PRODUCT_observedEventA_r1_v1.json';
const DATABASE = 'derived-reference/EMSR517_STD_UTM32N.gdb';
const ZIP_FOLDER = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as file:
    for name in os.listdir(sys.argv[1]):
        file.write(os.path.join(sys.argv[1], name), 'STD/' + os.path.basename(sys.argv[1]) + '/' + name)
`;
const MASKS = {
  'centres inside': ['derived-reference/EMSR517_flood_mask.tif'],
  'all touched': ['derived-reference/EMSR517_flood_mask_alltouched.tif', '--all-touched'],
};

const gdalProblem = await installGdal3();
if (gdalProblem !== null) console.log(`gdal3.js cannot be installed: ${gdalProblem}`);

await withTemporaryFolder(async (folder) => {
  await checkFormats(report, folder, data);
  const maps = Object.entries(await python('vectors/make_maps.py', { folder }));
  for (const [name, path] of Object.entries(REAL_MAPS)) {
    if (existsSync(join(data, path))) maps.push([name, join(data, path)]);
    else report.skip(name, `${join(data, path)} is not there`);
  }
  const rows = [];
  for (const [k, [name, raster]] of maps.entries()) {
    const polygons = join(folder, `polygons-${k}.geojson`);
    await terrachip('polygonize', raster, '-o', polygons);
    const found = await python('vectors/compare.py', { raster, polygons });
    report.check(`${name}: areas as GDAL's`, found.sameAreas, `${found.areas} beside ${found.theirAreas}`);
    report.same(`${name}: invalid by shapely`, found.invalid, []);
    report.same(`${name}: rings that run the wrong way`, found.clockwise, 0);
    report.same(`${name}: parts beyond the world`, found.beyond, 0);
    report.same(`${name}: pixels that differ when burned again`, found.differingPixels, 0);
    // Pixel areas are linear over blocks of 256 pixels, which is inaccurate for blocks as large as a country.
    if (found.pixel <= 1000) {
      report.check(
        `${name}: each geodesic area`,
        found.worstArea <= 1,
        `${found.worstArea} of what rounding explains`,
      );
      report.check(`${name}: all geodesic areas`, found.totalError <= AREA_TOLERANCE, found.totalError);
    }
    rows.push([
      name,
      found.areas,
      found.theirAreas,
      found.cut,
      found.pinched,
      found.differingPixels,
      found.totalError,
    ]);
  }
  printTable(['map', 'areas', "GDAL's", 'cut at 180°', 'pinched', 'other pixels', 'area error'], rows);

  // GDAL reads the FlatGeobuf output.
  const [, map] = maps[1];
  const [asJson, asFgb, back] = ['a.geojson', 'a.fgb', 'back.geojson'].map((name) => join(folder, name));
  for (const path of [asJson, asFgb]) await terrachip('polygonize', map, '-o', path);
  await run('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'COORDINATE_PRECISION=15', back, asFgb]);
  const rowsOf = async (path) =>
    JSON.parse(await readFile(path, 'utf8')).features.map(({ properties, geometry }) => [
      properties.value,
      properties.km2,
      properties.pixels,
      geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates,
    ]);
  report.same('FlatGeobuf through GDAL is the GeoJSON', await rowsOf(back), await rowsOf(asJson));
  const described = await run('ogrinfo', ['-so', '-al', asFgb]);
  report.check(
    'FlatGeobuf has WGS 84 and the number of features',
    /Feature Count: [1-9]/.test(described) && described.includes('EPSG",4326'),
    described,
  );

  // gdal_rasterize burns terrachip's polygons.
  const [, first] = maps[1];
  const polygons = join(folder, 'again.geojson');
  const [drawn, reprojected] = [join(folder, 'drawn.tif'), join(folder, 'again-utm.gpkg')];
  await terrachip('polygonize', first, '-o', polygons);
  await run('ogr2ogr', ['-t_srs', 'EPSG:32632', '-nlt', 'PROMOTE_TO_MULTI', reprojected, polygons]);
  await run('gdal_translate', ['-q', '-scale', '0', '3', '9', '9', first, drawn]);
  await run('gdal_rasterize', ['-q', '-a', 'value', reprojected, drawn]);
  const again = await python('vectors/same_pixels.py', { a: drawn, b: first });
  report.same('gdal_rasterize of the polygons of a map: pixels that differ', again.differing, 0);

  for (const [rule, [mask, ...options]] of Object.entries(MASKS)) {
    if (!existsSync(join(data, mask)) || !existsSync(join(data, FLOOD))) {
      report.skip(`burning, ${rule}`, `${join(data, mask)} is not there`);
      continue;
    }
    const burned = join(folder, 'burned.tif');
    await terrachip('rasterize', join(data, FLOOD), '-o', burned, '--like', join(data, mask), ...options);
    const { differing, pixels, set } = await python('vectors/same_pixels.py', {
      a: burned,
      b: join(data, mask),
    });
    report.same(`EMSR517 burned, ${rule}: pixels that differ of ${pixels}`, differing, 0);
    console.log(`EMSR517 burned, ${rule}: ${set} of ${pixels} pixels, ${differing} differ from rasterio's`);
  }

  // The flood's layer of a geodatabase with two, unpacked and in a folder of a zip file.
  const [mask, database] = [MASKS['centres inside'][0], DATABASE].map((path) => join(data, path));
  if (gdalProblem !== null || !existsSync(database)) {
    report.skip('a geodatabase in a zip file', gdalProblem ?? `${database} is not there`);
    return;
  }
  const zip = join(folder, 'EMSR517_STD.zip');
  await run('python3', ['-c', ZIP_FOLDER, database, zip]);
  for (const source of [database, zip]) {
    const burned = join(folder, 'of-database.tif');
    await terrachip('rasterize', source, '-o', burned, '--like', mask);
    const { differing } = await python('vectors/same_pixels.py', { a: burned, b: mask });
    report.same(`EMSR517 burned from ${basename(source)}: pixels that differ`, differing, 0);
  }
});
report.end();
