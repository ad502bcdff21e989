// Products: compares the metadata that GDAL and rasterio read with the intended metadata.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, PYTHON, python, run, terrachip } from '../programs.js';
import { makeRadarScene } from '../radar-scene.js';
import { root } from '../support.js';
import { compareInfo } from './storage.js';

/** Colours of a model's classes in the form of GDAL's colour tables. */
function palette(model) {
  const { classes } = JSON.parse(readFileSync(join(root, 'models', model, 'model.json'), 'utf8')).output;
  const channel = (colour, i) => Number.parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16);
  return classes.map(({ colour }) => [0, 1, 2].map((i) => channel(colour, i)));
}

export async function checkProducts(report, folder) {
  const { scene, radar } = await makeRadarScene(join(folder, 'scene'));
  const map = join(folder, 'map');
  await terrachip('infer', scene, '--model', join(root, 'models', 'water-threshold'), '-o', map);
  const grid = await python('gdal/scene_grid.py', {
    rasters: Object.values(radar).flatMap((bands) => Object.values(bands)),
    crs: 'EPSG:32632',
    resolution: 10,
  });
  const products = [
    {
      ...grid,
      path: join(map, 'probability.tif'),
      nodata: 'nan',
      descriptions: ['land', 'water'],
      overviews: 'average',
    },
    {
      ...grid,
      path: join(map, 'classes.tif'),
      nodata: 255,
      descriptions: ['class'],
      overviews: 'mode',
      colours: palette('water-threshold'),
    },
    // Warps with several tiles and overviews, in odd sizes.
    await warped(folder, 'utm31-two-bands', 'bilinear', 'average', 'nan', ['--nodata', 'nan']),
    await warped(folder, 'utm31-int16', 'bilinear', 'average', -9999, []),
    await warped(folder, 'utm31-uint8', 'nearest', 'mode', 255, ['--overviews', 'mode']),
    await warped(folder, 'utm31-uint16', 'nearest', 'nearest', 0, ['--compress', 'none']),
  ];
  const seen = await python('gdal/describe_rasters.py', products);
  for (const [k, product] of products.entries()) await checkProduct(report, product, seen[k]);
  console.log(`\nproducts: ${products.length} files opened by GDAL and rasterio`);
}

async function warped(folder, source, resampling, overviews, nodata, options) {
  const path = join(folder, `product-${source}.tif`);
  const bounds = [277_600, 5_527_300, 281_401, 5_530_703];
  const size = [1267, 1134];
  const grid = ['--crs', 'EPSG:32632', '--bounds', ...bounds, '--size', ...size].map(String);
  const input = join(folder, `${source}.tif`);
  await terrachip('warp', input, path, ...grid, '--resampling', resampling, ...options);
  const [width, height] = size;
  const transform = [3, 0, bounds[0], 0, (bounds[1] - bounds[3]) / height, bounds[3]];
  return { path, overviews, nodata, epsg: 32632, transform, width, height };
}

async function checkProduct(report, product, seen) {
  const { path, epsg, transform, width, height } = product;
  const name = path.split('/').at(-1);
  report.same(`${name}: EPSG code`, seen.epsg, epsg);
  report.same(`${name}: transform`, seen.transform, transform);
  report.same(`${name}: size`, [seen.width, seen.height], [width, height]);
  report.same(`${name}: layout`, seen.layout, 'COG');
  for (const band of seen.bands) report.same(`${name}: nodata`, band.nodata, product.nodata);
  if (product.descriptions) report.same(`${name}: descriptions`, seen.descriptions, product.descriptions);
  if (product.colours) {
    const colours = seen.colours?.slice(0, product.colours.length).map((colour) => colour.slice(0, 3));
    report.same(`${name}: colours`, colours, product.colours);
  }
  const levels = Math.ceil(Math.log2(Math.max(width, height) / 512));
  report.same(
    `${name}: overview factors`,
    seen.overviewFactors,
    Array.from({ length: levels }, (_, k) => 2 ** (k + 1)),
  );
  report.same(`${name}: pixels that differ in overviews`, seen.overviewDiffers, new Array(levels).fill(0));
  compareInfo(report, name, await terrachip('info', '--checksum', path), seen);

  const gdal = JSON.parse(await run('gdalinfo', ['-json', path]));
  report.same(`${name}: layout in gdalinfo`, gdal.metadata.IMAGE_STRUCTURE.LAYOUT, 'COG');
  report.check(
    `${name}: system in gdalinfo`,
    gdal.coordinateSystem.wkt.trim().endsWith(`ID["EPSG",${epsg}]]`),
    gdal.coordinateSystem.wkt,
  );
  const [a, , c, , e, f] = transform;
  const corners = { upperLeft: [c, f], lowerRight: [c + a * width, f + e * height] };
  for (const [corner, wanted] of Object.entries(corners)) {
    const found = gdal.cornerCoordinates[corner];
    // gdalinfo prints millimetres.
    const near = found.every((value, i) => Math.abs(value - wanted[i]) < 0.001);
    report.check(`${name}: ${corner} in gdalinfo`, near, `${found} instead of ${wanted}`);
  }

  const module = 'osgeo_utils.samples.validate_cloud_optimized_geotiff';
  const { status, stdout, stderr } = await attempt(PYTHON, ['-m', module, '--full-check=yes', path]);
  const valid = status === 0 && stdout.includes('is a valid cloud optimized GeoTIFF');
  report.check(`${name}: valid by GDAL's validator`, valid, (stderr || stdout).trim());
}
