// npm run check:vrt: the warped VRTs of GDAL's tests (autotest/alg), with GDAL's own criteria: a checksum, or differences
// of at most 1. Needs the folder of real data (or its parent in TERRACHIP_SHARED) and Debian's GDAL.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { warpFile } from 'terrachip';
import { backendsHere, python, Report, requirePackages, run } from './programs.js';
import { installProject, root, withTemporaryFolder } from './support.js';

/** GDAL's names of resamplings in VRT files. */
const NAMES = {
  NearestNeighbour: 'nearest',
  Maximum: 'max',
  Minimum: 'min',
  Quartile1: 'q1',
  Quartile3: 'q3',
};

/** Checksums in autotest/alg/warp.py of VRTs without a reference image. */
const CHECKSUMS = { 'white_nodata.vrt': 1705 };

/** VRTs that need more than a warp between grids. */
const OTHER = [
  [/<GCPTransformer>/, 'it places its source by control points, which terrachip refuses'],
  [/<Cutline>/, 'it cuts by a polygon, which is not part of a warp here'],
];

/** Parses a warped VRT, as far as necessary for these files. */
function readVrt(path) {
  const text = readFileSync(path, 'utf8');
  const one = (pattern) => text.match(pattern)?.[1] ?? null;
  const [left, dx, , top, , dy] = one(/<GeoTransform>([^<]*)</)
    .split(',')
    .map(Number);
  const [width, height] = [one(/rasterXSize="(\d+)"/), one(/rasterYSize="(\d+)"/)].map(Number);
  const algorithm = one(/<ResampleAlg>(\w+)</);
  // The last authority of a projected CRS is its own.
  const code = one(
    /^.*<SRS>.*AUTHORITY\[(?:&quot;|")EPSG(?:&quot;|"),(?:&quot;|")(\d+)(?:&quot;|")\]\]<\/SRS>/m,
  );
  const source = one(/<SourceDataset[^>]*>([^<]*)</);
  return {
    bounds: [left, top + dy * height, left + dx * width, top],
    size: [width, height],
    resampling: NAMES[algorithm] ?? algorithm.toLowerCase(),
    code,
    // In two files, the source's path is relative to the folder of the tests.
    source: [join(dirname(path), source), join(dirname(path), '..', source)].find(existsSync),
    reason: OTHER.find(([pattern]) => pattern.test(text))?.[1] ?? null,
  };
}

/** Gives a raster without a CRS any CRS, since its VRT uses the same one. */
async function withCrs(source, code, folder, name) {
  if (code !== null) return { path: source, crs: `EPSG:${code}` };
  const path = join(folder, `${name}-source.tif`);
  await run('gdal_translate', ['-q', '-a_srs', 'EPSG:3857', source, path]);
  return { path, crs: 'EPSG:3857' };
}

await requirePackages(['gdal-bin', 'python3-gdal', 'python3-numpy', 'python3-scipy']);
await installProject();
const report = new Report('check:vrt');
const backends = await backendsHere(report);
const shared = resolve(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
const alg = join(shared, 'gdal-autotest', 'alg', 'data');
if (!existsSync(alg))
  throw new Error(`there is no ${alg}; TERRACHIP_SHARED may name another folder than ${shared}`);

await withTemporaryFolder(async (folder) => {
  const jobs = [];
  for (const name of readdirSync(alg)
    .filter((file) => file.endsWith('.vrt'))
    .sort()) {
    const { bounds, size, resampling, code, source, reason } = readVrt(join(alg, name));
    if (reason !== null) {
      report.skip(name, reason);
      continue;
    }
    const reference = ['.tif', '.tiff'].map((end) => join(alg, name.replace('.vrt', end))).find(existsSync);
    const { path, crs } = await withCrs(source, code, folder, name);
    for (const backend of backends) {
      const result = join(folder, `${name}-${backend}.tif`);
      const grid = { crs, bounds, size };
      const antialias = 'gdal';
      await warpFile({
        source: path,
        destination: result,
        grid,
        resampling,
        antialias,
        backend,
        overviews: 'none',
      });
      const checksum = CHECKSUMS[name] ?? null;
      jobs.push({
        name,
        resampling,
        backend,
        result,
        checksum,
        reference: checksum === null ? reference : null,
      });
    }
  }
  const found = await python('gdal/judge_vrts.py', jobs);
  for (const [i, { name, resampling, backend, checksum }] of jobs.entries()) {
    const { sum, largest, differing } = found[i];
    const title = `${name} (${resampling}, ${backend})`;
    if (checksum === null) {
      console.log(`${title}: ${differing} pixels differ, by at most ${largest}; GDAL allows 1`);
      report.check(title, largest <= 1, `differs by ${largest}`);
    } else {
      console.log(`${title}: checksum ${sum}, GDAL's ${checksum}`);
      report.check(title, sum === checksum, `checksum ${sum} instead of ${checksum}`);
    }
  }
});
report.end();
