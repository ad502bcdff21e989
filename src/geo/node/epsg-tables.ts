/**
 * Data that the package epsg-index lacks, from PROJ 9.1's database: corrected shifts to WGS 84; names of datums and CRSs
 * (EPSG's names and aliases, and Esri's names), which give definitions without a code the shift of their code; and
 * transformations between datums that must not go through WGS 84, since both equal it to a metre or two.
 * `npm run check:epsg -- --write` makes `epsg-tables.json`.
 */
import { type DatumDatabase, type DirectShift, plainDatumName } from '../epsg-registry.js';
import text from './epsg-tables.json.js';

/** The rows of `epsg-tables.json`. Shifts are PROJ's towgs84; lists are separated by spaces. */
interface Tables {
  /**
   * Shifts to WGS 84 where the error of the package's shift exceeds a metre: it has rotations of the coordinate frame method
   * with the wrong sign, wrong units and pivots, and no shift for many CRSs with another prime meridian. Each is the best
   * operation without a grid, at five points of a code's area: the shift (null: the package's own), the largest error in
   * metres (0: below 1 m; null: EPSG has no shift), the codes.
   */
  readonly shifts: readonly (readonly [shift: string | null, metres: number | null, codes: string])[];
  /**
   * EPSG code of a geographic CRS, the code whose shift applies to its projected CRSs (0: the same), the largest error in
   * metres in any of them (0: below 1 m), and names.
   */
  readonly datums: readonly (readonly [code: number, projected: number, metres: number, names: string])[];
  /** Projected CRSs whose shift differs from that of their datum: the code, and names. */
  readonly systems: readonly (readonly [code: number, names: string])[];
  /** Two geographic CRSs, the accuracy of their transformation in metres, and the shift from the first. */
  readonly direct: readonly (readonly [from: number, to: number, metres: number, shift: string])[];
}

/** Realizations of NAD83 are treated as equal, with an error of 2 m. */
const NAD83 = [4152, 4269, 4617, 4759, 6318, 6783, 8232, 8235, 8237, 8240, 8246, 8249, 8252, 8255, 8860];

interface Correction {
  readonly shift: string | null;
  readonly metres: number | null;
}

/** Rows by each of their names, which are the last field. */
const byName = <Row extends readonly [...unknown[], string]>(rows: readonly Row[]): Map<string, Row> =>
  new Map(rows.flatMap((row) => (row[row.length - 1] as string).split(' ').map((name) => [name, row])));

/** The numbers of `2000-2003 2007`. */
function codesOf(runs: string): number[] {
  return runs.split(' ').flatMap((run) => {
    const [from, to = from] = run.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, k) => from + k);
  });
}

function read() {
  const { shifts, datums, systems, direct }: Tables = JSON.parse(text);
  const corrections = shifts.flatMap(([shift, metres, codes]) =>
    codesOf(codes).map((code): [number, Correction] => [code, { shift, metres }]),
  );
  return { shifts: new Map(corrections), datums: byName(datums), systems: byName(systems), direct };
}

let cached: ReturnType<typeof read> | null = null;

/** The tables, parsed at the first call. */
function tables(): ReturnType<typeof read> {
  cached ??= read();
  return cached;
}

/** The correction of a code; null where the package is right. */
export function shiftOf(code: number): Correction | null {
  return tables().shifts.get(code) ?? null;
}

export const datumDatabase: DatumDatabase = {
  geodeticCode: (name) => tables().datums.get(plainDatumName(name))?.[0] ?? null,
  shiftCode(name, system) {
    const own = system === undefined ? undefined : tables().systems.get(plainDatumName(system));
    if (own !== undefined) return { code: own[0], metres: 0 };
    const row = tables().datums.get(plainDatumName(name));
    if (row === undefined) return null;
    const [code, projected, metres] = row;
    return { code: system === undefined || projected === 0 ? code : projected, metres };
  },
  between(from, to): DirectShift | null {
    if (NAD83.includes(from) && NAD83.includes(to)) return { shift: '0,0,0', metres: 2 };
    for (const [a, b, metres, shift] of tables().direct) {
      if (a === from && b === to) return { shift, metres };
      if (a === to && b === from) return { shift: reversed(shift), metres };
    }
    return null;
  },
};

/** The inverse shift, to first order in the rotations: the error is 1e-6 m for these shifts. */
function reversed(shift: string): string {
  return shift
    .split(',')
    .map((value) => -Number(value))
    .join();
}
