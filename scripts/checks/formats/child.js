// Reads one raster in its own process, which prints a report as JSON. `readInChild` starts it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

export const MOST_MEMORY_MIB = 512;
const MOST_SECONDS = 300;

/** Values per read, so that all bands of a window fit into memory. */
const VALUES_PER_READ = 2 ** 21;

/**
 * @typedef {object} FoundBand
 * @property {string} storedType
 * @property {number | string | null} nodata
 * @property {string} sha256
 * @property {number | null} min of finite values; of the magnitudes of complex values
 * @property {number | null} max
 * @property {number | null} mean
 */

/**
 * @typedef {object} Found
 * @property {string | null} problem the sentence of a refusal
 * @property {number} width
 * @property {number} height
 * @property {number[] | null} transform
 * @property {number | null} epsg
 * @property {string | null} crs
 * @property {number} overviews
 * @property {string} compression
 * @property {FoundBand[]} bands
 * @property {number} mib peak of the resident memory
 * @property {number} seconds
 */

/**
 * @param {string} file
 * @returns {Promise<Found>}
 */
export function readInChild(file) {
  const started = performance.now();
  return new Promise((resolve) => {
    const self = fileURLToPath(import.meta.url);
    execFile(
      process.execPath,
      [self, file],
      { timeout: MOST_SECONDS * 1000, maxBuffer: 2 ** 26 },
      (error, stdout) => {
        const seconds = (performance.now() - started) / 1000;
        const last = stdout.trim().split('\n').at(-1) ?? '';
        if (last.startsWith('{')) resolve({ ...JSON.parse(last), seconds });
        else
          resolve({ ...NOTHING, seconds, problem: `the process ended with ${error?.signal ?? error?.code}` });
      },
    );
  });
}

/** @type {Omit<Found, 'seconds'>} */
const NOTHING = {
  problem: null, width: 0, height: 0, transform: null, epsg: null, crs: null, overviews: 0, compression: '',
  bands: [], mib: 0,
}; // biome-ignore format: a table

/** @param {string} file */
async function read(file) {
  const { openRaster, toStoredIntegers } = await import('../../../dist/raster/node/index.js');
  const found = { ...NOTHING };
  try {
    const raster = await openRaster(file);
    found.width = raster.width;
    found.height = raster.height;
    found.transform = raster.transform?.toTuple() ?? null;
    found.epsg = raster.crs?.epsg ?? null;
    found.crs = raster.crs?.toString() ?? raster.placeProblem;
    found.overviews = raster.overviews.length;
    found.compression = raster.compression;
    const totals = raster.bands.map(() => ({
      hash: createHash('sha256'), min: Infinity, max: -Infinity, sum: 0, count: 0,
    })); // biome-ignore format: a table
    const blockRows = Math.min(raster.blockSize[1], raster.height);
    const blocks = Math.floor(VALUES_PER_READ / (raster.width * raster.bands.length * blockRows));
    const rows = Math.max(1, blocks) * blockRows;
    for (let y = 0; y < raster.height; y += rows) {
      const window = { x: 0, y, width: raster.width, height: Math.min(rows, raster.height - y) };
      const planes = await raster.readPlanes({ window });
      for (const [i, plane] of planes.entries()) {
        const { storedType, components } = raster.bands[i];
        // GDAL's NumPy arrays of complex integers are pairs of float32.
        const complexIntegers = storedType.startsWith('complex_int');
        const stored = complexIntegers ? Float32Array.from(plane) : toStoredIntegers(storedType, plane);
        const total = totals[i];
        total.hash.update(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
        for (let k = 0; k < plane.length; k += components) {
          const value = components === 1 ? plane[k] : Math.hypot(plane[k], plane[k + 1]);
          if (!Number.isFinite(value)) continue;
          total.min = Math.min(total.min, value);
          total.max = Math.max(total.max, value);
          total.sum += value;
          total.count++;
        }
      }
    }
    found.bands = raster.bands.map((band, i) => {
      const { hash, min, max, sum, count } = totals[i];
      return {
        storedType: band.storedType,
        nodata: band.nodata === null || Number.isFinite(band.nodata) ? band.nodata : String(band.nodata),
        sha256: hash.digest('hex'),
        min: count === 0 ? null : min,
        max: count === 0 ? null : max,
        mean: count === 0 ? null : sum / count,
      };
    });
    await raster.close();
  } catch (error) {
    found.problem = error instanceof Error ? error.message : String(error);
  }
  found.mib = Math.ceil(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify(found));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await read(process.argv[2]);
