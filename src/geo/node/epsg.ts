/** Every EPSG code, in Node. Importing this file registers the database; codes are read on demand. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { invalidInput } from '../../errors.js';
import { builtInEpsg, type EpsgEntry, registerEpsgDatabase } from '../epsg-registry.js';
import { withShift } from '../proj-string.js';
import { datumDatabase, shiftOf } from './epsg-tables.js';

interface DatabaseRecord {
  name: string;
  proj4: string | null;
  wkt: string | null;
}

let folder: string | null = null;

/**
 * The folder of the package `epsg-index`; null if it is not found and the code is built in.
 * @throws {TerrachipError} INVALID_INPUT for any other code if the package is not found, as from a bundle elsewhere
 */
function databaseFolder(code: number): string | null {
  // A CommonJS bundle has no import.meta.url.
  const here = import.meta.url ?? __filename;
  try {
    return join(dirname(createRequire(here).resolve('epsg-index/package.json')), 's');
  } catch (cause) {
    if (builtInEpsg(code) !== null) return null;
    throw invalidInput(
      `EPSG:${code}`,
      'is in the package epsg-index, which cannot be found from here',
      'run npm install epsg-index, or keep terrachip out of the bundle (external), or register the code with registerEpsg()',
      cause,
    );
  }
}

/** Reads one code of the `epsg-index` package, which has one file per code. */
export function lookUpEpsg(code: number): EpsgEntry | null {
  if (Object.hasOwn(NSIDC, code)) return NSIDC[code];
  folder ??= databaseFolder(code);
  if (folder === null) return null;
  let text: string;
  try {
    text = readFileSync(join(folder, `${code}.json`), 'utf8');
  } catch {
    return null;
  }
  const record = JSON.parse(text) as DatabaseRecord;
  if (!record.proj4) return null;
  if (GRADS.includes(code)) {
    throw invalidInput(
      `EPSG:${code} (${record.name})`,
      'has its longitudes and latitudes in grads',
      'convert the coordinates to degrees of the same datum',
    );
  }
  const entry = {
    name: record.name,
    proj4: record.proj4 + (AXES[code] ?? ''),
    wkt: record.wkt || undefined,
  };
  const correction = shiftOf(code);
  if (correction === null)
    return code > LAST_OF_EPSG && isUnplaced(entry.proj4) ? { ...entry, shiftMetres: null } : entry;
  const { shift, metres } = correction;
  return {
    ...(shift === null ? entry : placedBy(entry, shift)),
    shiftMetres: metres === 0 ? undefined : metres,
  };
}

const nsidc = (name: string, proj4: string): EpsgEntry => ({
  name: `NSIDC ${name}`,
  proj4: `${proj4} +x_0=0 +y_0=0 +units=m +no_defs`,
});
const HUGHES = '+a=6378273 +b=6356889.449';

/** Deprecated codes that the package lacks, used in files of the National Snow and Ice Data Center. */
const NSIDC: Readonly<Record<number, EpsgEntry>> = {
  3408: nsidc('EASE-Grid North', '+proj=laea +lat_0=90 +lon_0=0 +R=6371228'),
  3409: nsidc('EASE-Grid South', '+proj=laea +lat_0=-90 +lon_0=0 +R=6371228'),
  3410: nsidc('EASE-Grid Global', '+proj=cea +lat_ts=30 +lon_0=0 +R=6371228'),
  3411: nsidc('Sea Ice Polar Stereographic North', `+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 ${HUGHES}`),
  3412: nsidc('Sea Ice Polar Stereographic South', `+proj=stere +lat_0=-90 +lat_ts=-70 +lon_0=0 ${HUGHES}`),
  3973: nsidc('EASE-Grid North, WGS 84', '+proj=laea +lat_0=90 +lon_0=0 +datum=WGS84'),
  3974: nsidc('EASE-Grid South, WGS 84', '+proj=laea +lat_0=-90 +lon_0=0 +datum=WGS84'),
  3975: nsidc('EASE-Grid Global, WGS 84', '+proj=cea +lat_ts=30 +lon_0=0 +datum=WGS84'),
};

/** Greater codes are Esri's. */
const LAST_OF_EPSG = 32767;

/** Whether a definition has an ellipsoid but no shift to WGS 84; GRS 80 needs none. */
function isUnplaced(proj4: string): boolean {
  return !/\+(towgs84|R)=|\+(datum|ellps)=(WGS84|GRS80|NAD83)\b/.test(proj4);
}

/** Geographic CRSs in grads, which would be misread as degrees. */
const GRADS = [4807, 4810, 4811, 4816, 4821, 4901, 4902, 7400];

/** Axes to the south and west, which the package lacks. */
const AXES: Readonly<Record<number, string>> = { 8044: ' +axis=swu', 8045: ' +axis=swu' };

/** Replaces the shift to WGS 84, in WKT too. */
function placedBy(entry: EpsgEntry, shift: string): EpsgEntry {
  const seven = [...shift.split(','), '0', '0', '0', '0'].slice(0, 7).join(',');
  return {
    ...entry,
    proj4: withShift(entry.proj4, shift),
    wkt: entry.wkt?.replace(/TOWGS84\[[^\]]*\]/, `TOWGS84[${seven}]`),
  };
}

registerEpsgDatabase(lookUpEpsg, datumDatabase);
