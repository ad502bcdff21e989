// npm run check:epsg: compares every EPSG code of a geographic or projected CRS with PROJ (Debian's pyproj) at five points
// of its area, including the shift to WGS 84. A code is right to a metre, has a note of its error, or is refused. Then the
// same systems by texts without codes, as Esri (.prj), GDAL and WKT 2 write them: every sixth code, or all with --all.
//   --write         rewrites src/geo/node/epsg-tables.json and src/geo/common-epsg.json
//   --write names   the same without the shifts
//   --write common  only src/geo/common-epsg.json, which needs no PROJ
// Build afterwards, and write again if errors exceed their notes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { python, Report, requirePackages } from './programs.js';
import { installProject, root } from './support.js';

const COMMON = 'common';
const isCommonAlone = process.argv.includes('--write') && process.argv.includes(COMMON);
if (!isCommonAlone) await requirePackages(['python3-numpy', 'python3-pyproj']);
await installProject();
const { Crs, createTransform } = await import('terrachip/geo');
const { findEpsg } = await import(new URL('../../dist/geo/epsg-registry.js', import.meta.url).href);
const { withoutDatumGrid } = await import(new URL('../../dist/geo/datum-grids.js', import.meta.url).href);
const TABLES = join(root, 'src', 'geo', 'node', 'epsg-tables.json');
const COMMON_TABLE = join(root, 'src', 'geo', 'common-epsg.json');
const PLACES = [
  [0.5, 0.5],
  [0.1, 0.1],
  [0.9, 0.1],
  [0.1, 0.9],
  [0.9, 0.9],
];

/** The records of epsg-index that PROJ has too; higher codes are Esri's. */
function records() {
  const folder = dirname(fileURLToPath(import.meta.resolve('epsg-index/s/4326.json')));
  const found = readdirSync(folder).flatMap((name) => {
    if (!/^\d{4,5}\.json$/.test(name)) return [];
    const { code, proj4, bbox } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    if (!proj4 || !bbox || Number(code) > 53000) return [];
    const [north, west, south, east] = bbox;
    const width = east < west ? east + 360 - west : east - west;
    const points = PLACES.map(([a, b]) => [
      ((west + width * a + 540) % 360) - 180,
      south + (north - south) * b,
    ]);
    return [{ code: Number(code), proj4, points }];
  });
  return found.sort((a, b) => a.code - b.code);
}

/** A list of codes as text, with ranges: `2000-2003 2007`. */
function written(codes) {
  const runs = [];
  for (const code of codes) {
    const last = runs.at(-1);
    if (last?.[1] === code - 1) last[1] = code;
    else runs.push([code, code]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(' ');
}

async function write(all) {
  const own = all.filter(({ proj4 }) => !proj4.includes('+nadgrids'));
  const rows = raised(await python('epsg/shifts.py', { records: own }), (await judge(all)).judged);
  rows.sort((a, b) => a.codes[0] - b.codes[0]);
  // towgs84 of a translation has three numbers.
  const shifts = rows.map(({ shift, metres, codes }) => [
    shift?.replace(/,0,0,0,0$/, '') ?? null,
    metres,
    written(codes),
  ]);
  writeTables({ shifts });
  console.log(`${rows.length} rows for ${rows.reduce((sum, { codes }) => sum + codes.length, 0)} codes`);
}

/** terrachip's shift for each code, and its error in metres. */
function currentShifts(all) {
  return Object.fromEntries(
    all.flatMap(({ code }) => {
      let entry = null;
      try {
        entry = findEpsg(code);
      } catch {
        // In grads.
      }
      if (entry === null) return [];
      const { definition, note } = withoutDatumGrid(entry.proj4);
      const known = /\+datum=(WGS84|NAD83)\b|ellps=(GRS80|WGS84)\b/.test(definition) ? '0,0,0' : '';
      const metres = entry.shiftMetres === null ? 300 : (entry.shiftMetres ?? metresOf(note));
      return [[code, [/\+towgs84=(\S+)/.exec(definition)?.[1] ?? known, metres]]];
    }),
  );
}

/** Count of numbers at the start of a row; the rest are names, or a shift. */
const NUMBERS = { datums: 3, systems: 1, direct: 3 };

async function writeNames(all) {
  const tables = await python('epsg/datums.py', { shifts: currentShifts(all) });
  for (const [name, rows] of Object.entries(tables)) {
    const count = NUMBERS[name];
    writeTables({
      [name]: rows.map((row) => [...row.slice(0, count).map(Number), row.slice(count).join(' ')]),
    });
    console.log(`${rows.length} ${name}`);
  }
}

/** Replaces tables in the file, one row per line. */
function writeTables(changed) {
  const tables = { ...JSON.parse(readFileSync(TABLES, 'utf8')), ...changed };
  const texts = Object.entries(tables).map(([name, rows]) => `"${name}": ${linesOf(rows)}`);
  writeFileSync(TABLES, `{\n${texts.join(',\n')}\n}\n`);
}

const linesOf = (rows) => `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]`;

/**
 * Codes that work without the database, such as in a browser: ETRS89 and its UTM zones, Europe's grids, NAD83 and its UTM
 * zones, the polar grids, SIRGAS 2000, GDA, Japan's JGD2011, and national grids.
 */
const COMMON_CODES = `3034-3035 4258 25828-25837 4269 26901-26923 5070 3347 3978-3979 3031 3408-3413 3973-3976 3995 6931-6933
  4674 31978-31985 4283 3577 7844 28348-28358 7846-7859 6668-6692 2039 2056 2100 2154 2157 2169 2180 2193 2326 3006 3059 3067
  3301 3346 3414 3416 3763 3765 3794 3812 3826 3844 4171 5186 5179 5514 5530 6706 6870 7801 7755 21781 23700 27700 28992 29903
  31287 31370 31466-31469 3003-3004 6707-6708 7791-7792 23028-23038 2046-2055 4490 4513-4554 102001-102003 102008`;

/** Writes the common codes from Node's database: code, name, PROJ string, and error in metres. */
function writeCommon() {
  const codes = COMMON_CODES.split(/\s+/).flatMap((run) => {
    const [from, to = from] = run.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, k) => from + k);
  });
  const rows = codes.map((code) => {
    const { name, proj4, shiftMetres } = findEpsg(code);
    return shiftMetres === undefined ? [code, name, proj4] : [code, name, proj4, shiftMetres];
  });
  writeFileSync(COMMON_TABLE, `${linesOf(rows)}\n`);
  console.log(`${rows.length} common codes`);
}

/** The error of a note, in metres. */
function metresOf(note) {
  return Number(/ (\d+) m\b/.exec(note ?? '')?.[1] ?? 0);
}

/** Compares coordinates of the current build with PROJ's. */
async function judge(all, crsOf = ({ code }) => Crs.fromEpsg(code)) {
  const refused = [];
  const asked = all.flatMap((record) => {
    const { points } = record;
    try {
      const crs = crsOf(record);
      const transform = createTransform(Crs.wgs84, crs);
      const found = points.map(([x, y]) => transform.forward(x, y));
      // A compound CRS is reduced to its horizontal part, whose row has the error.
      const what = record.what ?? String(record.code);
      return [{ ...record, what, code: crs.epsg ?? record.code, found, note: crs.accuracyNote }];
    } catch (error) {
      refused.push([record.what ?? record.code, error.message]);
      return [];
    }
  });
  const metres = await python('epsg/judge.py', { records: asked });
  const judged = asked.map(({ code, what, note }, k) => ({
    code,
    what,
    note,
    metres: metres[k],
    allowed: Math.max(1, metresOf(note)),
  }));
  return { judged, refused };
}

/** Raises errors that are too small, since PROJ also chooses operations by a projected system's area. */
function raised(rows, judged) {
  const short = new Map(
    judged.flatMap(({ code, metres, allowed }) =>
      metres !== null && metres > allowed * 1.01 ? [[code, Math.ceil(metres)]] : [],
    ),
  );
  const groups = new Map();
  const add = (shift, metres, code) => {
    const key = JSON.stringify([shift, metres]);
    if (!groups.has(key)) groups.set(key, { shift, metres, codes: [] });
    groups.get(key).codes.push(code);
  };
  for (const { shift, metres, codes } of rows) {
    for (const code of codes) {
      add(shift, short.get(code) ?? metres, code);
      short.delete(code);
    }
  }
  for (const [code, metres] of short) add(null, metres, code);
  for (const { codes } of groups.values()) codes.sort((a, b) => a - b);
  return [...groups.values()];
}

async function check(all) {
  const report = new Report('check:epsg');
  tell(report, await judge(all), 'codes');
  const some = process.argv.includes('--all') ? all : all.filter((_, k) => k % 6 === 0);
  const texts = await python('epsg/texts.py', { codes: some.map(({ code }) => code) });
  const written = some.flatMap(({ code, points }) =>
    Object.entries(texts[code] ?? {}).map(([dialect, wkt]) => ({
      code,
      points,
      wkt,
      what: `${code} as ${dialect}`,
    })),
  );
  tell(report, await judge(written, ({ wkt }) => Crs.fromWkt(wkt)), 'texts');
  report.end();
}

function tell(report, { judged, refused }, what) {
  const counts = { right: 0, noted: 0, unknown: 0 };
  for (const { what: text, metres, note, allowed } of judged) {
    if (metres === null) counts.unknown++;
    else if (metres <= 1) counts.right++;
    else counts.noted++;
    report.check(
      `EPSG:${text}`,
      metres === null || metres <= allowed * 1.01,
      `${metres} m off, noted: ${note}`,
    );
  }
  for (const [code, message] of refused) {
    report.check(
      `EPSG:${code}`,
      /geocentric|cannot be used|does not compute|in grads|not supported|is a (GEOCCS|VERT)|in degrees/.test(
        message,
      ),
      message,
    );
  }
  console.log(
    `${judged.length + refused.length} ${what}: ${counts.right} within a metre of PROJ, ${counts.noted} with a note of how far, ${counts.unknown} that PROJ cannot place without grids, ${refused.length} refused`,
  );
}

if (isCommonAlone) writeCommon();
else {
  const all = records();
  if (process.argv.includes('--write')) {
    if (!process.argv.includes('names')) await write(all);
    await writeNames(all);
    writeCommon();
  } else await check(all);
}
