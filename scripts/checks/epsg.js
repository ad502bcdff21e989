// npm run check:epsg: every EPSG code of a geographic or projected CRS beside PROJ (Debian's pyproj): five points of its
// area, forward and through its shift to WGS 84. A code is right to a metre, says how far off it may be, or is refused.
// Then the same systems by texts without any code, as Esri (.prj), GDAL and WKT 2 write them: every sixth code, or all with
// --all. With --write it makes src/geo/node/epsg-shifts.ts and epsg-datums.ts anew (with --write names the latter alone);
// build, and write again where notes then say too little.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { python, Report, requirePackages } from './programs.js';
import { installProject, root } from './support.js';

await requirePackages(['python3-numpy', 'python3-pyproj']);
await installProject();
const { Crs, createTransform } = await import('terrachip/geo');
const { findEpsg } = await import(new URL('../../dist/geo/epsg-registry.js', import.meta.url).href);
const { withoutDatumGrid } = await import(new URL('../../dist/geo/datum-grids.js', import.meta.url).href);
const TABLE = join(root, 'src', 'geo', 'node', 'epsg-shifts.ts');
const NAMES = join(root, 'src', 'geo', 'node', 'epsg-datums.ts');
const PLACES = [
  [0.5, 0.5],
  [0.1, 0.1],
  [0.9, 0.1],
  [0.1, 0.9],
  [0.9, 0.9],
];

/** The package's records that PROJ has too: codes above are Esri's. */
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

/** 2000-2003 2007 for a list of codes. */
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
  const lines = rows.map(({ shift, metres, codes }) => {
    // towgs84 of a translation has three numbers.
    const text = shift === null ? 'null' : `'${shift.replace(/,0,0,0,0$/, '')}'`;
    return `  [${text}, ${metres}, '${written(codes)}'],`;
  });
  const source = readFileSync(TABLE, 'utf8');
  const table = `const ROWS: readonly Row[] = [\n${lines.join('\n')}\n];\n`;
  writeFileSync(TABLE, source.replace(/const ROWS: [^=]*= \[[\s\S]*?\];\n/, table));
  console.log(`${rows.length} rows for ${rows.reduce((sum, { codes }) => sum + codes.length, 0)} codes`);
}

/** The shift that terrachip has for each code, and by how many metres it may be off. */
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

async function writeNames(all) {
  const tables = await python('epsg/datums.py', { shifts: currentShifts(all) });
  let source = readFileSync(NAMES, 'utf8');
  for (const [name, rows] of Object.entries(tables)) {
    const text = rows.map((row) => `${row.join(' ')}\n`).join('');
    const table = new RegExp(`(const ${name.toUpperCase()} = \`\n)[^\`]*`);
    source = source.replace(table, (_, start) => start + text);
    console.log(`${rows.length} ${name}`);
  }
  writeFileSync(NAMES, source);
}

/** How far off a note says that positions may be, in metres. */
function metresOf(note) {
  return Number(/ (\d+) m\b/.exec(note ?? '')?.[1] ?? 0);
}

/** Coordinates by terrachip as it is built now, judged by PROJ. */
async function judge(all, crsOf = ({ code }) => Crs.fromEpsg(code)) {
  const refused = [];
  const asked = all.flatMap((record) => {
    const { points } = record;
    try {
      const crs = crsOf(record);
      const transform = createTransform(Crs.wgs84, crs);
      const found = points.map(([x, y]) => transform.forward(x, y));
      // A compound system is its horizontal part, whose row says how far off both are.
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

/** PROJ chooses operations by a projected system's area too: notes that say too little, say more. */
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

const all = records();
if (process.argv.includes('--write')) {
  if (!process.argv.includes('names')) await write(all);
  await writeNames(all);
} else await check(all);
