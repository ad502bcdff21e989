// Pixels: compares 60 random calls of loadRaster on real files with rasterio. 50 use WarpedVRT with an exact transformer
// per source, combined by NumPy; 10 use rasterio.merge, whose differences to the exact warp are explained. The first 10
// are from or onto a polar map. Each difference must have one of the reasons counted here.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requirePackages, python as runPython } from '../programs.js';
import { root } from '../support.js';

const WARPS = 50;
/** Calls with sea ice around Antarctica as source, then as many onto a map of the nearer pole. */
const POLAR = 5;
const MERGES = 10;

/** Groups of overlapping files with a common band. */
const GROUPS = [
  ['cog/cogeotiff__rio-tiler/mosaic_value_1.tif', 'cog/cogeotiff__rio-tiler/mosaic_value_2.tif'],
  [
    'cog/cogeotiff__rio-tiler/mosaic_value_1.tif',
    'cog/cogeotiff__rio-tiler/mosaic_value_2.tif',
    'cog/cogeotiff__rio-tiler/mosaic_value_3.tif',
  ],
  [
    'cog/cogeotiff__rio-tiler/red.tif',
    'cog/cogeotiff__rio-tiler/green.tif',
    'cog/cogeotiff__rio-tiler/lowres.tif',
  ],
  ['eo/opengeos__data/elevation/dsm.tif', 'eo/opengeos__data/elevation/dtm.tif'],
  ['eo/opengeos__data/landsat/1985.tif', 'eo/opengeos__data/landsat/2020.tif'],
  ['eo/cloudtostreet__Sen1Floods11/S1/Spain_7370579_S1Hand.tif'],
  ['eo/cloudtostreet__Sen1Floods11/S2/Spain_7370579_S2Hand.tif'],
  ['eo/IBM__terramind/DEM/433D_629L_3_1.tif', 'eo/IBM__terramind/S2L2A/433D_629L_3_1.tif'],
  ['eo/IBM__terramind/S1RTC/282D_485L_3_3.tif'],
  ['cog/cogeotiff__rio-tiler/cog_nodata.tif', 'cog/cogeotiff__rio-tiler/cog.tif'],
  ['cog/cogeotiff__rio-tiler/cog_uint8_rgba.tif'],
  ['cog/cogeotiff__rio-tiler/cog_uint8_rgb_mask.tif', 'cog/cogeotiff__rio-tiler/cog_uint8_rgb_nodata.tif'],
  ['cog/cogeotiff__rio-tiler/cog_rgb_mask.tif'],
  ['cog/rasterio__rasterio/RGB.byte.tif'],
  ['cog/opendatacube__odc-geo/au-3577-rotated.tif'],
  ['cog/opendatacube__odc-geo/au-3577.tif'],
  ['eo/GeoTIFF__test-data/LisbonElevation.tif'],
  ['cog/cogeotiff__rio-tiler/scene_band1.tif'],
];

/** Groups with the same CRS and pixel size and with a nodata value, which rasterio.merge needs. */
const MERGED = [
  ['cog/cogeotiff__rio-tiler/mosaic_value_1.tif', 'cog/cogeotiff__rio-tiler/mosaic_value_2.tif'],
  ['eo/opengeos__data/elevation/dsm.tif', 'eo/opengeos__data/elevation/dtm.tif'],
  ['eo/opengeos__data/landsat/1985.tif', 'eo/opengeos__data/landsat/2020.tif'],
];

const SEA_ICE = ['eo/GeoTIFF__test-data/bremen_sea_ice_conc_2022_9_9.tif'];

const METHODS = ['first', 'last', 'min', 'max', 'mean', 'median', 'sum', 'count'];
const RESAMPLINGS = ['nearest', 'bilinear', 'cubic'];

export async function checkRasters({ report, folder }) {
  const shared = resolve(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
  if (!existsSync(shared)) {
    report.skip('pixels beside rasterio', `there is no ${shared}; TERRACHIP_SHARED may name its parent`);
    return;
  }
  await requirePackages(['python3-rasterio', 'python3-numpy']);
  const terrachip = {
    ...(await import('../../../dist/geo/node/index.js')),
    ...(await import('../../../dist/raster/node/index.js')),
    ...(await import('../../../dist/catalog/node/index.js')),
  };
  const random = seeded(20210714);
  const cases = [];
  for (let k = 0; k < WARPS + MERGES; k++) {
    cases.push(await makeCase(terrachip, shared, join(folder, `case${k}`), random, k));
  }
  const { rasterio, gdal } = await runPython('geopandas/load_raster.py', {
    cases: cases.map(({ grid, rows, ...request }) => request),
  });
  const reasons = {
    pixels: 0,
    equal: 0,
    'on an edge of pixels': 0,
    'rasterio.merge moves sources to whole pixels': 0,
    'rasterio computes with a NaN that no file declares': 0,
    'rasterio clips the overshoot of a filter to the type': 0,
  };
  for (const each of cases) await compare(terrachip, each, report, reasons);
  const counts = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  console.log(
    `loadRaster beside rasterio ${rasterio} (GDAL ${gdal}), ${cases.length} calls: ${counts.join(', ')}`,
  );
}

async function makeCase(
  { GeoBox, Affine, Crs, createTransform, openRaster, TimeInterval },
  shared,
  out,
  random,
  k,
) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const isMerge = k >= WARPS;
  const group = k < POLAR ? SEA_ICE : pick(isMerge ? MERGED : GROUPS);
  const files = group.map((path) => join(shared, path));
  const [first, ...others] = await Promise.all(files.map((path) => openRaster(path)));
  const count = Math.min(...[first, ...others].map(({ bands }) => bands.filter(isData).length));
  const band = 1 + Math.floor(random() * count);
  const box = first.geobox;
  const column = box.width * (0.2 + 0.6 * random());
  const row = box.height * (0.2 + 0.6 * random());
  const [width, height] = [40 + Math.floor(80 * random()), 40 + Math.floor(80 * random())];
  const toLonLat = createTransform(box.crs, Crs.wgs84);
  const [longitude, latitude] = toLonLat.forward(...box.transform.apply(column, row));
  const zone = 1 + (Math.floor((longitude + 180) / 6) % 60);
  const utm = (latitude < 0 ? 32700 : 32600) + zone;
  const systems = [box.crs, Crs.parse(4326), Crs.parse(3857), Crs.parse(utm), Crs.parse(utm - 1)];
  const polar = Crs.parse(latitude < 0 ? 3031 : 3413);
  const crs = isMerge ? box.crs : k >= POLAR && k < 2 * POLAR ? polar : pick(systems);
  const to = createTransform(box.crs, crs);
  const [x, y] = to.forward(...box.transform.apply(column, row));
  const [x1, y1] = to.forward(...box.transform.apply(column + 1, row));
  const [x2, y2] = to.forward(...box.transform.apply(column, row + 1));
  const native = Math.sqrt(Math.hypot(x1 - x, y1 - y) * Math.hypot(x2 - x, y2 - y));
  const [dx, dy] = isMerge ? box.resolution : new Array(2).fill(native * 2 ** (3 * random() - 1.5));
  const left = x - (dx * width) / 2;
  const top = y + (dy * height) / 2;
  const grid = new GeoBox(crs, new Affine(dx, 0, left, 0, -dy, top), width, height);
  const resampling = isMerge ? 'nearest' : pick(RESAMPLINGS);
  const method = isMerge ? pick(['first', 'last', 'min', 'max']) : pick(METHODS);
  for (const raster of [first, ...others]) await raster.close();
  const pixel = native / dx;
  const { dtype } = first.bands[band - 1];
  const rows = files.map((href, i) => ({
    id: String(i),
    collection: '',
    footprint: [],
    interval: TimeInterval.instant(i),
    href,
    assets: { data: { href } },
    properties: {},
  }));
  const transform = grid.transform.toTuple();
  const system = crs.epsg === null ? crs.wkt : `EPSG:${crs.epsg}`;
  return {
    kind: isMerge ? 'merge' : 'warp',
    out,
    files,
    band,
    crs: system,
    transform,
    width,
    height,
    pixel,
    resampling,
    method,
    grid,
    rows,
    dtype,
  };
}

function isData({ colourInterpretation }) {
  return colourInterpretation !== 'alpha';
}

async function compare({ loadRaster, isFloat, rangeOf }, each, report, reasons) {
  const { rows, grid, band, resampling, method, out, kind, width, files, dtype } = each;
  const name = `${files.map((path) => path.split('/').at(-1)).join(' + ')}, band ${band}, ${each.crs}, ${resampling}, ${method} (${kind})`;
  const tensor = await loadRaster(rows, grid, { bands: [band], resampling, method, unscale: false });
  const value = new Float64Array(readFileSync(`${out}.value`).buffer);
  const exact = new Float64Array(readFileSync(`${out}.exact`).buffer);
  const declared = new Float64Array(readFileSync(`${out}.declared`).buffer);
  const slack = new Float64Array(readFileSync(`${out}.slack`).buffer);
  const edge = readFileSync(`${out}.edge`);
  const problems = [];
  for (let i = 0; i < value.length; i++) {
    reasons.pixels++;
    const ours = tensor.data[i];
    const tolerance = method === 'count' ? 0 : slack[i] + 2e-6 * files.length * Math.abs(ours) + 1e-9;
    if (agrees(ours, value[i], tolerance)) reasons.equal++;
    else if (kind === 'merge' && agrees(ours, exact[i], tolerance)) {
      reasons['rasterio.merge moves sources to whole pixels']++;
    } else if (!isFloat(dtype) && overshoots(ours, value[i], rangeOf(dtype))) {
      reasons['rasterio clips the overshoot of a filter to the type']++;
    } else if (agrees(ours, declared[i], tolerance))
      reasons['rasterio computes with a NaN that no file declares']++;
    else if (edge[i] === 1) reasons['on an edge of pixels']++;
    else problems.push(`pixel ${i % width}, ${Math.floor(i / width)}: ${ours} instead of ${value[i]}`);
  }
  report.check(name, problems.length === 0, `${problems.length} pixels, ${problems.slice(0, 3).join('; ')}`);
}

/** Whether a value beyond the range of a type was clamped. */
function overshoots(ours, wanted, { min, max }) {
  return (ours > max && wanted === max) || (ours < min && wanted === min);
}

function agrees(ours, wanted, tolerance) {
  return Number.isNaN(ours) || Number.isNaN(wanted)
    ? Number.isNaN(ours) && Number.isNaN(wanted)
    : Math.abs(ours - wanted) <= tolerance;
}

/** Seeded random numbers. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
