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
 * @param {import('./child.js').Found} found
 * @returns {{ kind: 'agree' | 'close' | 'differ' | 'refusedByBoth', reasons: string[] }}
 */
export function compare(expected, found) {
  const unreadable = expected.open === 'fails' || expected.bandinfo.some((band) => band.read === 'fails');
  if (unreadable) {
    if (found.problem !== null) return { kind: 'refusedByBoth', reasons: [found.problem] };
    return { kind: 'differ', reasons: ['GDAL does not read it'] };
  }
  if (found.problem !== null) return { kind: 'differ', reasons: [found.problem] };
  const reasons = [...compareHeaders(expected, found)];
  let close = false;
  for (const [i, band] of expected.bandinfo.entries()) {
    const mine = found.bands[i];
    if (mine === undefined || band.sha256 === undefined || band.sha256 === mine.sha256) continue;
    const near = ['min', 'max', 'mean'].every((key) => Math.abs(band[key] - mine[key]) <= MOST_LOSSY_ERROR);
    if (LOSSY.includes(found.compression) && near) close = true;
    else reasons.push(`band ${i + 1} has other pixels`);
  }
  if (reasons.length > 0) return { kind: 'differ', reasons };
  return close
    ? { kind: 'close', reasons: [`${found.compression}, within ${MOST_LOSSY_ERROR}`] }
    : { kind: 'agree', reasons: [] };
}

/**
 * @param {Truth} expected
 * @param {import('./child.js').Found} found
 */
function* compareHeaders(expected, found) {
  if (found.width !== expected.width || found.height !== expected.height) {
    yield `${found.width} × ${found.height} instead of ${expected.width} × ${expected.height}`;
  }
  if (found.bands.length !== expected.bands) yield `${found.bands.length} bands instead of ${expected.bands}`;
  const [x, a, b, y, d, e] = expected.geotransform ?? [0, 1, 0, 0, 0, 1];
  const wanted = [a, b, x, d, e, y];
  const transform = found.transform ?? [1, 0, 0, 0, 1, 0];
  if (
    !transform.every((value, i) => Math.abs(value - wanted[i]) <= 1e-9 * Math.max(1, Math.abs(wanted[i])))
  ) {
    yield `transform ${transform.join(', ')} instead of ${wanted.join(', ')}`;
  }
  const code = expected.epsg === null ? null : Number(expected.epsg);
  const epsg = code !== null && code >= FIRST_ESRI_CODE ? null : code;
  if (found.epsg !== epsg) yield `EPSG:${found.epsg} instead of ${epsg}`;
  if (code !== null && found.crs === null) yield 'no coordinate reference system';
  for (const [i, band] of expected.bandinfo.entries()) {
    const mine = found.bands[i];
    if (mine === undefined) continue;
    const nodata = band.nodata === null ? null : Number(band.nodata);
    const same =
      mine.nodata === null || nodata === null
        ? mine.nodata === nodata
        : Object.is(Number(mine.nodata), nodata) || Number(mine.nodata) === nodata;
    if (!same) yield `nodata ${mine.nodata} instead of ${band.nodata}`;
    if (found.overviews !== band.ovr) yield `${found.overviews} overviews instead of ${band.ovr}`;
  }
}
