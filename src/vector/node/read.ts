import { readJson } from '../../io/node/index.js';
import { type AreaFeatures, parseGeoJson } from '../geojson.js';

/** Whether a path names a vector file, by its ending. */
export function isVectorPath(path: string): boolean {
  return /\.(geojson|json)$/i.test(path);
}

/** Reads polygons from a GeoJSON file. @throws {TerrachipError} NOT_FOUND, INVALID_INPUT or TOO_LARGE */
export async function readAreas(path: string): Promise<AreaFeatures> {
  return parseGeoJson(await readJson(path), path);
}
