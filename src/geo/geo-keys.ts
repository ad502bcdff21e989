import { Crs } from './crs.js';
import { GEO_KEY, type GeoKeys, type GeoKeyValue, USER_DEFINED } from './geo-key-numbers.js';
import { crsFromUserDefinedKeys, userDefinedKeys } from './user-defined-crs.js';

/** Key values with a meaning of their own. */
const MODEL_PROJECTED = 1;
const MODEL_GEOGRAPHIC = 2;
const RASTER_PIXEL_IS_AREA = 1;
export const RASTER_PIXEL_IS_POINT = 2;

/** The tags that hold numbers and texts of the keys. */
const DOUBLE_PARAMS = 34736;
const ASCII_PARAMS = 34737;

/**
 * The keys of the tags GeoKeyDirectory, GeoDoubleParams and GeoAsciiParams. Keys of one number are that number;
 * entries that point outside their tag are left out.
 */
export function parseGeoKeys(
  directory: readonly number[],
  doubles: readonly number[],
  ascii: string,
): Map<number, GeoKeyValue> {
  const keys = new Map<number, GeoKeyValue>();
  const count = Math.min(directory[3] ?? 0, Math.floor(directory.length / 4) - 1);
  for (let k = 1; k <= count; k++) {
    const [key, location, length, value] = directory.slice(4 * k, 4 * k + 4);
    if (location === 0) keys.set(key, value);
    else if (location === DOUBLE_PARAMS && value < doubles.length) {
      keys.set(key, length > 1 ? doubles.slice(value, value + length) : doubles[value]);
    } else if (location === ASCII_PARAMS)
      keys.set(key, ascii.slice(value, value + length).replace(/[|\0]+$/, ''));
  }
  return keys;
}

/** The CRS that the keys name by code, else the one they define; null when they do neither. */
export function crsFromGeoKeys(keys: GeoKeys): Crs | null {
  const model = keys.get(GEO_KEY.ModelType);
  const projected = codeOf(keys.get(GEO_KEY.ProjectedCrs));
  const geodetic = codeOf(keys.get(GEO_KEY.GeodeticCrs));
  const code =
    model === MODEL_GEOGRAPHIC ? geodetic : model === MODEL_PROJECTED ? projected : (projected ?? geodetic);
  return code === null ? crsFromUserDefinedKeys(keys) : Crs.fromEpsg(code);
}

function codeOf(value: GeoKeyValue | undefined): number | null {
  return typeof value === 'number' && value > 0 && value !== USER_DEFINED ? value : null;
}

/** The values of the three tags that hold a file's keys. */
export interface GeoKeyTags {
  readonly directory: readonly number[];
  readonly doubles: readonly number[];
  readonly ascii: string;
}

/**
 * The keys of a CRS, of pixels as areas: its EPSG code, else its definition.
 * @throws {TerrachipError} UNSUPPORTED for a definition that GeoTIFF cannot hold
 */
export function encodeGeoKeys(crs: Crs): GeoKeyTags {
  const keys = new Map<number, GeoKeyValue>(
    crs.epsg === null
      ? userDefinedKeys(crs)
      : [[crs.isGeographic ? GEO_KEY.GeodeticCrs : GEO_KEY.ProjectedCrs, crs.epsg]],
  );
  keys.set(GEO_KEY.ModelType, crs.isGeographic ? MODEL_GEOGRAPHIC : MODEL_PROJECTED);
  keys.set(GEO_KEY.RasterType, RASTER_PIXEL_IS_AREA);
  const directory = [1, 1, 0, keys.size];
  const doubles: number[] = [];
  let ascii = '';
  for (const [key, value] of [...keys].sort(([a], [b]) => a - b)) {
    if (typeof value === 'number') directory.push(key, 0, 1, value);
    else if (typeof value === 'string') {
      directory.push(key, ASCII_PARAMS, value.length + 1, ascii.length);
      ascii += `${value}|`;
    } else {
      directory.push(key, DOUBLE_PARAMS, value.length, doubles.length);
      doubles.push(...value);
    }
  }
  return { directory, doubles, ascii };
}
