// Reading: compares `terrachip info` with rasterio.
import { inParallel, python, terrachip } from '../programs.js';

/** Reads synthetic rasters in every storage layout that terrachip reads. */
export async function checkStorage(report, files) {
  const wanted = await python(
    'gdal/describe_rasters.py',
    files.map((path) => ({ path, overviews: null })),
  );
  const found = await inParallel(files, (path) => terrachip('info', '--checksum', path));
  for (const [k, file] of files.entries()) compareInfo(report, file.split('/').at(-1), found[k], wanted[k]);
  console.log(`\nread: ${files.length} made rasters, stored in different ways, compared with rasterio`);
}

/** Compares the report of `terrachip info` with rasterio's description. */
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
