// Compares the grids that warp chooses with gdalwarp's, with and without -tr, -ts and -te.
import { printTable, python } from '../programs.js';

/** Tolerance in pixels: of positions, and of pixel sizes summed over the whole grid. */
const TOLERANCE = 1e-3;

/**
 * Known differences, by the source's name and the target. Global rasters are left out: most CRSs cannot represent their
 * edges, and gdalwarp's grids depend on the points that fail.
 */
const KNOWN = [
  ['British grid', /5070|2154|3577/, 'PROJ applies no shift from OSGB 1936 to datums outside Britain'],
  ['degrees across 180°', /2154|54009/, 'GDAL leaves out the part beyond 180°'],
  ['degrees across -180°', /2154|54009/, 'GDAL leaves out the part beyond 180°'],
  ['degrees on 0..360', /3577/, 'GDAL can transform none of its points'],
  ['north polar, with the pole', /3031|3577/, 'GDAL counts points at the other end of the globe'],
  ['south polar, with the pole', /3413|2154/, 'GDAL counts points at the other end of the globe'],
];

export async function checkSuggestedGrids(report) {
  const [{ targetGrid }, { Affine, GeoBox }] = await Promise.all([
    import('../../../dist/workflow/target-grid.js'),
    import('../../../dist/geo/index.js'),
  ]);
  const cases = await python('gdal/suggested_grids.py', {});
  const counts = {};
  for (const { name, crs, transform, width, height, target, options, wanted } of cases) {
    const kind = Object.keys(options)[0] ?? 'nothing';
    counts[kind] ??= { equal: 0, known: 0, refused: 0 };
    const title = `the grid of ${name} in ${target} with ${kind}`;
    if (KNOWN.some(([source, targets]) => source === name && targets.test(target))) counts[kind].known++;
    // Refused by gdalwarp: less than a pixel, or too many pixels.
    else if (wanted === null) counts[kind].refused++;
    else {
      const source = new GeoBox(crs, Affine.fromGeoTransform(transform), width, height);
      const found = await targetGrid({ crs: target, ...options }, source);
      const difference = differenceOf(found, wanted);
      report.check(title, difference === null, difference);
      if (difference === null) counts[kind].equal++;
    }
  }
  console.log('\ngrids of warp against those of gdalwarp');
  printTable(
    ['given', 'equal', 'known to differ', 'gdalwarp refuses'],
    Object.entries(counts).map(([kind, { equal, known, refused }]) => [kind, equal, known, refused]),
  );
  for (const [name, targets, reason] of KNOWN) console.log(`  ${name} in ${targets.source}: ${reason}`);
}

function differenceOf(found, wanted) {
  const { a, b, c, d, e, f } = found.transform;
  const transform = [c, a, b, f, d, e];
  const [pixelWidth, pixelHeight] = [Math.abs(wanted.transform[1]), Math.abs(wanted.transform[5])];
  const near = transform.every((value, k) => {
    const pixel = k < 3 ? pixelWidth : pixelHeight;
    const count = k % 3 === 0 ? 1 : Math.max(wanted.width, wanted.height);
    return Math.abs(value - wanted.transform[k]) * count <= TOLERANCE * pixel;
  });
  if (found.width === wanted.width && found.height === wanted.height && near) return null;
  return `${found.width} × ${found.height} at ${transform}, not ${wanted.width} × ${wanted.height} at ${wanted.transform}`;
}
