// Reading: what terrachip info says of a file against what rasterio reads.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inParallel, python, terrachip } from '../programs.js';

/** Reads made rasters, stored in every way that terrachip reads. */
export async function checkStorage(report, files) {
  const wanted = await python(
    'gdal/describe_rasters.py',
    files.map((path) => ({ path, overviews: null })),
  );
  const found = await inParallel(files, (path) => terrachip('info', '--checksum', path));
  for (const [k, file] of files.entries()) compareInfo(report, file.split('/').at(-1), found[k], wanted[k]);
  console.log(`\nread: ${files.length} made rasters, stored in different ways, compared with rasterio`);
}

/** Compares the document of terrachip info with rasterio's description. */
export function compareInfo(report, name, found, wanted) {
  for (const key of ['width', 'height', 'compression', 'predictor', 'blockSize', 'overviews']) {
    report.same(`${name}: ${key}`, found[key], wanted[key]);
  }
  report.same(`${name}: EPSG code`, found.crs?.epsg ?? null, wanted.epsg);
  report.same(`${name}: transform`, found.transform, wanted.transform);
  report.same(`${name}: bands`, found.bands.length, wanted.bands.length);
  for (const [i, band] of wanted.bands.entries()) {
    const ours = found.bands[i];
    const which = `${name}, band ${i + 1}`;
    report.same(`${which}: type`, ours.dtype, band.dtype);
    report.same(`${which}: nodata`, ours.nodata, band.nodata);
    report.same(`${which}: pixels`, ours.sha256, band.sha256);
    for (const key of ['min', 'max', 'mean']) {
      const [a, b] = [ours[key], band[key]];
      const close = a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-9 * Math.abs(b));
      report.check(`${which}: ${key}`, close, `${a} instead of ${b}`);
    }
  }
}

/** What terrachip may refuse, and says so. */
const UNSUPPORTED = [
  'jpeg',
  'lerc',
  'lzma',
  'lzw',
  'packbits',
  'webp',
  'zstd',
  'compression 65535',
  'sample type',
];

/** Reads real files whose pixels GDAL described before; damaged ones must be refused, as GDAL refuses them. */
export async function checkRealFiles(report, shared) {
  const truth = join(shared, 'derived-reference', 'gdal_pixel_truth.json');
  if (!existsSync(truth)) {
    report.skip('real files', `there is no ${truth}`);
    return;
  }
  // Python writes NaN, which JSON has not.
  const files = Object.entries(JSON.parse(readFileSync(truth, 'utf8').replace(/\bNaN\b/g, 'null')));
  // Only here, for by now it is built.
  const { describeRaster, isTerrachipError } = await import('terrachip');
  const refused = new Map();
  let read = 0;
  let damaged = 0;
  for (const [path, wanted] of files) {
    let found;
    try {
      found = await describeRaster(join(shared, path), { checksum: true });
    } catch (error) {
      if (isTerrachipError(error, 'UNSUPPORTED') && UNSUPPORTED.includes(error.fields.feature)) {
        refused.set(error.fields.feature, (refused.get(error.fields.feature) ?? 0) + 1);
        continue;
      }
      const unreadable = wanted.bandinfo?.some((band) => band.read === 'fails') ?? true;
      const clear = isTerrachipError(error, 'INVALID_INPUT');
      report.check(`${path} is read, or refused as by GDAL`, unreadable && clear, error.message);
      damaged++;
      continue;
    }
    read++;
    compareTruth(report, path, found, wanted);
  }
  const features = [...refused].sort().map(([feature, count]) => `${feature} ${count}`);
  console.log(
    `\nread: ${read} real files compared with GDAL, ${damaged} damaged ones refused; not supported: ${features.join(', ')}`,
  );
}

function compareTruth(report, path, found, wanted) {
  report.same(`${path}: size`, [found.width, found.height], [wanted.width, wanted.height]);
  const gt = wanted.geotransform;
  if (gt !== null && found.transform !== null) {
    report.same(`${path}: transform`, found.transform, [gt[1], gt[2], gt[0], gt[4], gt[5], gt[3]]);
  } else {
    report.same(`${path}: has a transform`, found.transform !== null, gt !== null);
  }
  report.same(`${path}: bands`, found.bands.length, wanted.bandinfo.length);
  for (const [i, band] of wanted.bandinfo.entries()) {
    const which = `${path}, band ${i + 1}`;
    const { nodata, sha256 } = found.bands[i];
    const sameNodata =
      nodata === band.nodata || (band.nodata !== null && Number(nodata) === Number(band.nodata));
    report.check(
      `${which}: nodata`,
      sameNodata || String(nodata) === band.nodata,
      `${nodata} instead of ${band.nodata}`,
    );
    if (band.sha256 !== undefined) report.same(`${which}: pixels`, sha256, band.sha256);
  }
}
