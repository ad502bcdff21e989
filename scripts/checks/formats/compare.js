// Compares terrachip's reading of a file with GDAL's.

/**
 * @typedef {object} Truth GDAL 3.6.2's reading; `open` or a band's `read` is `fails` on an error
 * @property {string} [open]
 * @property {number} width
 * @property {number} height
 * @property {number} bands
 * @property {number[] | null} geotransform
 * @property {string | null} epsg the code of any authority
 * @property {{ dtype: string, nodata: string | null, ovr: number, sha256?: string, read?: string, min?: number, max?: number, mean?: number }[]} bandinfo
 */

/** Codecs whose decoders may differ in rounding. */
const LOSSY = ['jpeg', 'webp', 'lerc'];
const MOST_LOSSY_ERROR = 2;

/** The first of Esri's codes; EPSG's are below. */
const FIRST_ESRI_CODE = 37000;

/**
 * @param {Truth} expected
 * @param {import('./child.js').Found} actual
 * @returns {{ kind: 'agree' | 'close' | 'differ' | 'refusedByBoth', reasons: string[] }}
 */
export function compare(expected, actual) {
  const unreadable = expected.open === 'fails' || expected.bandinfo.some((band) => band.read === 'fails');
  if (unreadable) {
    if (actual.problem !== null) return { kind: 'refusedByBoth', reasons: [actual.problem] };
    return { kind: 'differ', reasons: ['GDAL does not read it'] };
  }
  if (actual.problem !== null) return { kind: 'differ', reasons: [actual.problem] };
  const reasons = [...compareHeaders(expected, actual)];
  let close = false;
  for (const [i, band] of expected.bandinfo.entries()) {
    const mine = actual.bands[i];
    if (mine === undefined || band.sha256 === undefined || band.sha256 === mine.sha256) continue;
    const near = ['min', 'max', 'mean'].every((key) => Math.abs(band[key] - mine[key]) <= MOST_LOSSY_ERROR);
    if (LOSSY.includes(actual.compression) && near) close = true;
    else reasons.push(`band ${i + 1} has other pixels`);
  }
  if (reasons.length > 0) return { kind: 'differ', reasons };
  return close
    ? { kind: 'close', reasons: [`${actual.compression}, within ${MOST_LOSSY_ERROR}`] }
    : { kind: 'agree', reasons: [] };
}

/**
 * @param {Truth} expected
 * @param {import('./child.js').Found} actual
 */
function* compareHeaders(expected, actual) {
  if (actual.width !== expected.width || actual.height !== expected.height) {
    yield `${actual.width} × ${actual.height} instead of ${expected.width} × ${expected.height}`;
  }
  if (actual.bands.length !== expected.bands)
    yield `${actual.bands.length} bands instead of ${expected.bands}`;
  const [x, a, b, y, d, e] = expected.geotransform ?? [0, 1, 0, 0, 0, 1];
  const wanted = [a, b, x, d, e, y];
  const transform = actual.transform ?? [1, 0, 0, 0, 1, 0];
  if (
    !transform.every((value, i) => Math.abs(value - wanted[i]) <= 1e-9 * Math.max(1, Math.abs(wanted[i])))
  ) {
    yield `transform ${transform.join(', ')} instead of ${wanted.join(', ')}`;
  }
  const code = expected.epsg === null ? null : Number(expected.epsg);
  const epsg = code !== null && code >= FIRST_ESRI_CODE ? null : code;
  if (actual.epsg !== epsg) yield `EPSG:${actual.epsg} instead of ${epsg}`;
  if (code !== null && actual.crs === null) yield 'no coordinate reference system';
  for (const [i, band] of expected.bandinfo.entries()) {
    const mine = actual.bands[i];
    if (mine === undefined) continue;
    const nodata = band.nodata === null ? null : Number(band.nodata);
    const same =
      mine.nodata === null || nodata === null
        ? mine.nodata === nodata
        : Object.is(Number(mine.nodata), nodata) || Number(mine.nodata) === nodata;
    if (!same) yield `nodata ${mine.nodata} instead of ${band.nodata}`;
    if (actual.overviews !== band.ovr) yield `${actual.overviews} overviews instead of ${band.ovr}`;
  }
}
