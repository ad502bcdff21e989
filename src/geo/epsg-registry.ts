/**
 * The registry of EPSG codes. WGS 84, Web Mercator and the WGS 84 UTM zones are built in. Node's entry points add the
 * whole database; a browser registers the codes it needs.
 */

/** The definition of one EPSG code. */
export interface EpsgEntry {
  name: string;
  /** A PROJ string. */
  proj4: string;
  wkt?: string;
  /** Error of its shift to WGS 84 in metres; null if no shift is known. Default: negligible. */
  shiftMetres?: number | null;
}

/** Finds the definition of an EPSG code; null for one it does not know. */
export type EpsgLookup = (code: number) => EpsgEntry | null;

/** A shift from one datum to another. */
export interface DirectShift {
  /** As PROJ's towgs84. */
  readonly shift: string;
  /** Accuracy in metres. */
  readonly metres: number;
}

/** The datums of a CRS database. */
export interface DatumDatabase {
  /** The code of the geographic CRS with this name or with a datum of this name; null for an unknown name. */
  geodeticCode(name: string): number | null;
  /**
   * The code whose shift to WGS 84 applies to a datum (or to a projected CRS, by its own name), and the error of that shift
   * in metres; null for an unknown datum.
   */
  shiftCode(datum: string, system: string | undefined): { code: number; metres: number } | null;
  /** The shift between the datums of two geographic codes, if it is better than one through WGS 84; else null. */
  between(from: number, to: number): DirectShift | null;
}

const lookups: EpsgLookup[] = [];
let datums: DatumDatabase | null = null;
const registered = new Map<number, EpsgEntry>();

/** Registers one code. */
export function registerEpsg(code: number, entry: EpsgEntry): void {
  registered.set(code, entry);
}

/**
 * Adds a database for codes that are not registered. Idempotent.
 * @param datumDatabase datum names and shifts, for definitions without an EPSG code
 */
export function registerEpsgDatabase(lookup: EpsgLookup, datumDatabase?: DatumDatabase): void {
  if (!lookups.includes(lookup)) lookups.push(lookup);
  if (datumDatabase !== undefined) datums = datumDatabase;
}

/** Plain names of the datums that are built in. */
const BUILT_IN_DATUMS: readonly (readonly [code: number, names: RegExp])[] = [
  [4326, /^(wgs(19)?84|worldgeodeticsystem1984(ensemble)?)$/],
  [4258, /^(etrs(19)?89|europeanterrestrialreferencesystem1989(ensemble)?)$/],
  [4267, /^(nad27|northamerican(datum)?1927)$/],
  [4269, /^(nad83|northamerican(datum)?1983)$/],
];

/** A datum name in small letters, without spaces, punctuation and Esri's prefix `D_` or `GCS_`. */
export function plainDatumName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(d|gcs)_/, '')
    .replace(/[^a-z0-9]/g, '');
}

/** The geographic code of the first known name. */
export function findGeodeticCode(names: readonly string[]): number | null {
  for (const name of names) {
    const plain = plainDatumName(name);
    const [own] = BUILT_IN_DATUMS.find(([, names]) => names.test(plain)) ?? [];
    const code = own ?? datums?.geodeticCode(name) ?? null;
    if (code !== null) return code;
  }
  return null;
}

/**
 * The shift to WGS 84 of a datum by any of its names, as PROJ parameters; null if unknown.
 * @param system the name of the projected CRS: some have their own shift
 */
export function findDatumShift(
  names: readonly string[],
  system?: string,
): { tokens: string; shiftMetres?: number | null } | null {
  for (const name of names) {
    const source = datums?.shiftCode(name, system) ?? null;
    const entry = source === null ? null : findEpsg(source.code);
    if (source === null || entry === null) continue;
    const tokens = /\+(towgs84|nadgrids)=\S+/.exec(entry.proj4)?.[0];
    const { shiftMetres } = entry;
    // A modern datum without a shift equals WGS 84.
    if (shiftMetres === null) return { tokens: tokens ?? '', shiftMetres };
    const metres = Math.max(shiftMetres ?? 0, source.metres);
    return { tokens: tokens ?? '+towgs84=0,0,0', shiftMetres: metres === 0 ? undefined : metres };
  }
  return null;
}

/** The shift between two datums that must not go through WGS 84; null for other datums. */
export function findDirectShift(from: number | null, to: number | null): DirectShift | null {
  return from === null || to === null || from === to ? null : (datums?.between(from, to) ?? null);
}

/** The entry of a code: registered, else from a database (with WKT and the official name), else built in, else null. */
export function findEpsg(code: number): EpsgEntry | null {
  const own = registered.get(code);
  if (own !== undefined) return own;
  for (const lookup of lookups) {
    const entry = lookup(code);
    if (entry !== null) return entry;
  }
  return builtInEpsg(code);
}

export const WEB_MERCATOR: EpsgEntry = {
  name: 'WGS 84 / Pseudo-Mercator',
  proj4:
    '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
};

/** The entry of a built-in code; null for all others. */
export function builtInEpsg(code: number): EpsgEntry | null {
  if (code === 4326) return { name: 'WGS 84', proj4: '+proj=longlat +datum=WGS84 +no_defs' };
  if (code === 3857) return WEB_MERCATOR;
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
