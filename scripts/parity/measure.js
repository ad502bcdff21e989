// Warps the cases of docs/parity.md with terrachip and measures the differences to GDAL's results.
import { join } from 'node:path';
import { warpFile } from 'terrachip';
import { gdalName } from '../checks/gdal/warps.js';
import { python } from '../checks/programs.js';

export const BACKENDS = ['cpu', 'webgpu'];

/**
 * @param {object} options
 * @param {string | null} options.data the folder of real rasters, or null for the small cases
 * @param {string} options.cases an existing folder for the cases' rasters and GDAL's results
 * @param {string} options.results an existing folder for terrachip's results
 * @param {readonly string[]} options.resamplings terrachip's names
 * @param {string[] | null} options.only names of cases, or null for all
 * @returns {Promise<{gdal: string, cases: object[]}>} each case with `rows`: a resampling and the measurements of each
 *   backend
 */
export async function measureCases({ data, cases: folder, results, resamplings, only }) {
  const { gdal, cases } = await python('../parity/make_cases.py', {
    data,
    folder,
    only,
    resamplings: resamplings.map(gdalName),
  });
  const comparisons = [];
  for (const [k, found] of cases.entries()) {
    for (const [i, resampling] of resamplings.entries()) {
      for (const backend of BACKENDS) {
        const result = join(results, `${data === null ? 'small' : 'real'}-${k}-${resampling}-${backend}.tif`);
        await warpWithTerrachip(found, resampling, backend, result);
        for (let band = 1; band <= found.bands; band++) {
          comparisons.push({
            key: keyOf(k, resampling, backend),
            source: found.source,
            band,
            sourceNodata: null,
            reference: found.reference,
            referenceBand: i * found.bands + band,
            result,
            resultBand: band,
            resampling,
            unrounded: found.unrounded,
          });
        }
      }
    }
    process.stderr.write(`${found.name}\n`);
  }
  const measured = await python('gdal/compare_warps.py', comparisons);
  const worst = (key) => worstBand(measured.filter((_, i) => comparisons[i].key === key));
  const rows = (k) =>
    resamplings.map((resampling) => ({
      resampling,
      ...Object.fromEntries(BACKENDS.map((backend) => [backend, worst(keyOf(k, resampling, backend))])),
    }));
  return { gdal, cases: cases.map((found, k) => ({ ...found, rows: rows(k) })) };
}

const keyOf = (k, resampling, backend) => `${k} ${resampling} ${backend}`;

function warpWithTerrachip({ source, grid, dtype, nodata }, resampling, backend, destination) {
  return warpFile({
    source,
    destination,
    grid,
    resampling,
    backend,
    dtype,
    nodata: nodata ?? Number.NaN,
    compression: 'none',
    overviews: 'none',
  });
}

/** Combines the bands of a case: sums of counts, and the largest differences as shares of the source's range. */
function worstBand(bands) {
  const problem = bands.find((band) => band.problem !== undefined)?.problem;
  if (problem !== undefined) throw new Error(problem);
  const sum = (key) => bands.reduce((total, band) => total + band[key], 0);
  const most = (of) => Math.max(...bands.map(of));
  return {
    pixels: sum('pixels'),
    valid: sum('valid'),
    maskDiffers: sum('maskDiffers'),
    maskDiffersBeyond: sum('maskDiffersBeyond'),
    // Reasons of different masks, tested at each pixel.
    known: [...new Set(bands.flatMap((band) => Object.keys(band.known)))],
    differing: sum('differing'),
    beyond: sum('beyond'),
    rms: most((band) => band.rms / band.range),
    largest: most((band) => band.maxDifference / band.range),
    // Null for resamplings that choose a pixel and for rounded values, which must be identical.
    used: bands[0].toleranceUsed === undefined ? null : most((band) => band.toleranceUsed),
  };
}
