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

type EpsgLookup = (code: number) => EpsgEntry | null;

const lookups: EpsgLookup[] = [];
const registered = new Map<number, EpsgEntry>();

/** Adds one code, for environments without a database. */
export function registerEpsg(code: number, entry: EpsgEntry): void {
  registered.set(code, entry);
}

/** Adds a database, asked for codes that are neither built in nor registered. Adding it twice changes nothing. */
export function registerEpsgDatabase(lookup: EpsgLookup): void {
  if (!lookups.includes(lookup)) lookups.push(lookup);
}

/** The entry of a code: a database's (it has WKT and the official name), else the built-in one, else null. */
export function findEpsg(code: number): EpsgEntry | null {
  const own = registered.get(code);
  if (own !== undefined) return own;
  for (const lookup of lookups) {
    const entry = lookup(code);
    if (entry !== null) return entry;
  }
  return builtIn(code);
}

function builtIn(code: number): EpsgEntry | null {
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
