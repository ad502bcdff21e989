// Reading: compares `terrachip info` with rasterio.
import { inParallel, python, terrachip } from '../programs.js';

/** Reads synthetic rasters in every storage layout that terrachip reads. */
export async function checkStorage(report, files) {
  const expected = await python(
    'gdal/describe_rasters.py',
    files.map((path) => ({ path, overviews: null })),
  );
  const actual = await inParallel(files, (path) => terrachip('info', '--checksum', path));
  for (const [k, file] of files.entries())
    compareInfo(report, file.split('/').at(-1), actual[k], expected[k]);
  console.log(`\nread: ${files.length} made rasters, stored in different ways, compared with rasterio`);
}

/** Compares the report of `terrachip info` with rasterio's description. */
export function compareInfo(report, name, actual, expected) {
  for (const key of ['width', 'height', 'compression', 'predictor', 'blockSize', 'overviews']) {
    report.same(`${name}: ${key}`, actual[key], expected[key]);
  }
  report.same(`${name}: EPSG code`, actual.crs?.epsg ?? null, expected.epsg);
  report.same(`${name}: transform`, actual.transform, expected.transform);
  report.same(`${name}: bands`, actual.bands.length, expected.bands.length);
  for (const [i, band] of expected.bands.entries()) {
    const ours = actual.bands[i];
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
