/**
 * Where EPSG codes come from. The codes that need no database (WGS 84, Web Mercator, all WGS 84 UTM zones) are
 * built in, so that the portable parts work anywhere; Node's entry points add a whole database, and a browser may
 * register the codes it needs.
 */

/** What a CRS database says about one code. */
export interface EpsgEntry {
  name: string;
  /** A PROJ string. */
  proj4: string;
  wkt?: string;
  /** By how many metres its shift to WGS 84 may be off; null where none is known. Default: not worth a word. */
  shiftMetres?: number | null;
}

/** Finds the definition of an EPSG code; null for one it does not know. */
export type EpsgLookup = (code: number) => EpsgEntry | null;

/** A shift from one datum to another: as PROJ's towgs84, and how good it is, in metres. */
export interface DirectShift {
  readonly shift: string;
  readonly metres: number;
}

/** What a CRS database knows of datums, beside its codes. */
export interface DatumDatabase {
  /** The code of the geographic system whose datum, or who itself, has the name; null for an unknown one. */
  geodeticCode(name: string): number | null;
  /**
   * The code whose shift to WGS 84 a system on that datum takes, of a projected one by its own name, and by how many metres
   * it may be off there; null for an unknown datum.
   */
  shiftCode(datum: string, system: string | undefined): { code: number; metres: number } | null;
  /** The shift between the datums of two geographic codes, where it is better than by way of WGS 84; else null. */
  between(from: number, to: number): DirectShift | null;
}

const lookups: EpsgLookup[] = [];
let datums: DatumDatabase | null = null;
const registered = new Map<number, EpsgEntry>();

/** Adds one code, for environments without a database. */
export function registerEpsg(code: number, entry: EpsgEntry): void {
  registered.set(code, entry);
}

/**
 * Adds a database, asked for codes that are neither built in nor registered. Adding it twice changes nothing.
 * @param known names of datums and shifts between them, so that texts without a code are placed as their code is
 */
export function registerEpsgDatabase(lookup: EpsgLookup, known?: DatumDatabase): void {
  if (!lookups.includes(lookup)) lookups.push(lookup);
  if (known !== undefined) datums = known;
}

/** Names of the datums that need no database. */
const BUILT_IN_DATUMS: Readonly<Record<string, number>> = {
  wgs84: 4326,
  wgs1984: 4326,
  worldgeodeticsystem1984: 4326,
  worldgeodeticsystem1984ensemble: 4326,
  etrs89: 4258,
  etrs1989: 4258,
  europeanterrestrialreferencesystem1989: 4258,
  europeanterrestrialreferencesystem1989ensemble: 4258,
  nad27: 4267,
  northamerican1927: 4267,
  northamericandatum1927: 4267,
  nad83: 4269,
  northamerican1983: 4269,
  northamericandatum1983: 4269,
};

/** A name without case, spaces, signs, and Esri's `D_` or `GCS_`. */
export function plainDatumName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(d|gcs)_/, '')
    .replace(/[^a-z0-9]/g, '');
}

/** The geographic code of the first name that is known. */
export function findGeodeticCode(names: readonly string[]): number | null {
  for (const name of names) {
    const plain = plainDatumName(name);
    const own = Object.hasOwn(BUILT_IN_DATUMS, plain) ? BUILT_IN_DATUMS[plain] : null;
    const code = own ?? datums?.geodeticCode(name) ?? null;
    if (code !== null) return code;
  }
  return null;
}

/**
 * The shift to WGS 84 of a datum by any of its names, as PROJ parameters; null where none is known.
 * @param system the name of the projected system, some of which have a shift of their own
 */
export function findDatumShift(
  names: readonly string[],
  system?: string,
): { tokens: string; shiftMetres?: number | null } | null {
  for (const name of names) {
    const found = datums?.shiftCode(name, system) ?? null;
    const entry = found === null ? null : findEpsg(found.code);
    if (found === null || entry === null) continue;
    const tokens = /\+(towgs84|nadgrids)=\S+/.exec(entry.proj4)?.[0];
    const { shiftMetres } = entry;
    // Systems of the satellite age that say nothing lie as WGS 84 does.
    if (shiftMetres === null) return { tokens: tokens ?? '', shiftMetres };
    const metres = Math.max(shiftMetres ?? 0, found.metres);
    return { tokens: tokens ?? '+towgs84=0,0,0', ...(metres === 0 ? {} : { shiftMetres: metres }) };
  }
  return null;
}

/** The shift between two datums that must not go by way of WGS 84; null for others. */
export function findDirectShift(from: number | null, to: number | null): DirectShift | null {
  return from === null || to === null || from === to ? null : (datums?.between(from, to) ?? null);
}

/** The entry of a code: a database's (it has WKT and the official name), else the built-in one, else null. */
export function findEpsg(code: number): EpsgEntry | null {
  const own = registered.get(code);
  if (own !== undefined) return own;
  for (const lookup of lookups) {
    const entry = lookup(code);
    if (entry !== null) return entry;
  }
  return builtInEpsg(code);
}

/** The codes that need no database; null for all others. */
export function builtInEpsg(code: number): EpsgEntry | null {
  if (code === 4326) return { name: 'WGS 84', proj4: '+proj=longlat +datum=WGS84 +no_defs' };
  if (code === 3857) {
    return {
      name: 'WGS 84 / Pseudo-Mercator',
      proj4:
        '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
    };
  }
  const zone = code % 100;
  const family = code - zone;
  if ((family === 32600 || family === 32700) && zone >= 1 && zone <= 60) {
    const south = family === 32700;
    return {
      name: `WGS 84 / UTM zone ${zone}${south ? 'S' : 'N'}`,
      proj4: `+proj=utm +zone=${zone}${south ? ' +south' : ''} +datum=WGS84 +units=m +no_defs`,
    };
  }
  return null;
}
